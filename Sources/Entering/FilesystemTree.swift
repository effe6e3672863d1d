internal import Basics
internal import CLinux
internal import Glibc

/// A filesystem without a device, mounted nowhere yet.
final class FilesystemTree {
    let descriptor: Int32

    init(type: String, options: [(String, String)]) throws(Failure) {
        let context = fsopen(type, UInt32(FSOPEN_CLOEXEC))
        if context < 0 { throw .system("make a new \(type)") }
        defer { close(context) }
        for (key, value) in options where fsconfig(context, UInt32(FSCONFIG_SET_STRING.rawValue), key, value, 0) != 0 {
            throw .system("make a new \(type)")
        }
        if fsconfig(context, UInt32(FSCONFIG_CMD_CREATE.rawValue), nil, nil, 0) != 0 { throw .system("make a new \(type)") }
        descriptor = fsmount(context, UInt32(FSMOUNT_CLOEXEC), UInt32(MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC))
        if descriptor < 0 { throw .system("make a new \(type)") }
    }

    deinit { close(descriptor) }
}
