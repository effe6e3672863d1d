public import Basics
internal import Boot
internal import CLinux
public import Linux

/// The root that is about to become `/`.
public struct NewRoot {
    public static let place = "/sysroot"

    let directory: Directory
    /// An absolute path in it.
    public let program: String

    /// Mounts the root and finds its init: the one that `init=` names, or the first that there is of the usual
    /// ones. Fails where there is none that the kernel would start.
    public init(mounting request: MountRequest, _ access: MountAccess, initProgram: Path?) throws(Failure) {
        mkdir(Self.place, 0o755)
        try request.mount(at: Self.place, access)
        directory = try Directory(opening: Self.place, label: "")
        program = try Self.program(in: directory, initProgram)
        try Self.check(program, in: directory)
    }

    public static func unmount() {
        while umount2(place, Int32(MNT_DETACH)) == 0 {}
    }

    private static func program(in root: Directory, _ asked: Path?) throws(Failure) -> String {
        if let asked {
            if try root.target(of: asked) == nil {
                throw Failure("could not start 'init=\(asked)': the root has nothing there", hint: choose)
            }
            return asked.absolute
        }
        for path in usualInits {
            // A symlink that leads in circles is none that leads to an init.
            if let found = try? root.target(of: path), found.isExecutableFile { return path.absolute }
        }
        throw Failure(
            "could not start the system: the root has no init: there is no program at \(usualInits.map { "\($0)" }.joined(separator: ", "))",
            hint: "is rootflags=subvol= the right one? if its init is elsewhere, add init=PATH"
        )
    }

    private static let choose = "correct init= on the kernel command line, or leave it out"

    /// Lets the kernel say whether it would start the program.
    private static func check(_ program: String, in root: Directory) throws(Failure) {
        let hint: String
        let code = linux_try_program(root.descriptor, program)
        switch code {
        case 0: return
        case ENOENT: hint = "it needs an interpreter or a loader that is not there: is the image complete?"
        case ENOEXEC: hint = "it is no program for this machine: is the image made for another architecture?"
        case EACCES: hint = "it is not an executable file"
        default: hint = choose
        }
        throw .system("start '\(program)' of the root", errno: code, hint: hint)
    }
}
