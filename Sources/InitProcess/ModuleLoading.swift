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

extension ModuleList {
    /// Loads all modules. Fails at one that must be loaded and cannot be; `ignore` gets why another one was not.
    public func load(ignore: (Failure) -> Void) throws(Failure) {
        try load(ignore: ignore) { module throws(Failure) in try module.load() }
    }

    /// The same with another way to load one, which returns whether the kernel has it then.
    package func load(ignore: (Failure) -> Void, by load: (Module) throws(Failure) -> Bool) throws(Failure) {
        var missing: [String] = []
        for module in modules {
            // The kernel would name every symbol that it lacks. Why the other one is not there was told.
            if module.isOptional && module.needs.contains(where: { missing.contains($0) }) {
                missing.append(module.name)
                continue
            }
            do throws(Failure) {
                if try !load(module) { missing.append(module.name) }
            } catch {
                if !module.isOptional { throw error }
                missing.append(module.name)
                ignore(error)
            }
        }
    }
}

extension ModuleList.Module {
    /// Loads the module, unless the kernel has it already. False where it finds no hardware of its own: then it is not needed.
    fileprivate func load() throws(Failure) -> Bool {
        let file = linux_open(path, O_RDONLY | O_CLOEXEC, 0)
        if file < 0 { throw .system("load the kernel module '\(path)'", hint: buildAgain) }
        defer { close(file) }
        if linux_load_module(file, parameters) == 0 { return true }
        switch linux_errno() {
        case EEXIST: return true
        case ENODEV: return false
        case ENOENT: throw Failure("could not load the kernel module '\(path)': it needs another one that is not loaded", hint: buildAgain)
        case ENOEXEC: throw .system("load the kernel module '\(path)'", errno: ENOEXEC, hint: Self.otherKernel)
        case let code: throw .system("load the kernel module '\(path)'", errno: code, hint: buildAgain)
        }
    }

    private static let otherKernel = "boot the kernel that the initramfs was built for, or \(buildAgain)"
}
