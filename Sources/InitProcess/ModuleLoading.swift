public import Basics
internal import CLinux

extension ModuleList {
    /// The initramfs's own list; an initramfs without one has a kernel that needs no modules.
    public static func ofInitramfs() throws(Failure) -> ModuleList {
        do throws(Failure) {
            return try ModuleList(parsing: fileContents(path) ?? [])
        } catch {
            throw error.hinting(buildAgain)
        }
    }
}

extension ModuleList.Module {
    /// Loads the module, unless the kernel has it already. One that finds no hardware of its own is not needed.
    public func load() throws(Failure) {
        let file = linux_open(path, O_RDONLY | O_CLOEXEC, 0)
        if file < 0 { throw .system("load the kernel module '\(path)'", hint: buildAgain) }
        defer { close(file) }
        if linux_load_module(file, parameters) == 0 { return }
        switch linux_errno() {
        case EEXIST, ENODEV: return
        case ENOENT: throw Failure("could not load the kernel module '\(path)': it needs another one that is not loaded", hint: buildAgain)
        case ENOEXEC: throw .system("load the kernel module '\(path)'", errno: ENOEXEC, hint: Self.otherKernel)
        case let code: throw .system("load the kernel module '\(path)'", errno: code, hint: buildAgain)
        }
    }

    private static let otherKernel = "boot the kernel that the initramfs was built for, or \(buildAgain)"
}
