public import Basics
internal import CLinux

/// How a filesystem is mounted.
public struct MountRequest: Sendable {
    /// A path below /dev.
    public let device: String
    public let filesystemType: String
    /// What the filesystem itself is to be told.
    public let options: [String]

    /// Takes options as in mount(8). Those that are not the filesystem's but of a place in the tree say nothing here.
    public init(device: String, filesystemType: String, options: [String]) {
        self.device = device
        self.filesystemType = filesystemType
        self.options = options.filter { !Self.ofPlaces.contains($0) && !$0.hasPrefix("x-") }
    }

    private static let ofPlaces = [
        "defaults", "ro", "rw", "atime", "noatime", "diratime", "nodiratime", "relatime", "norelatime", "strictatime", "nostrictatime",
        "suid", "nosuid", "dev", "nodev", "exec", "noexec", "symfollow", "nosymfollow", "auto", "noauto", "user", "nouser", "users",
        "owner", "group", "_netdev", "nofail",
    ]
}

extension Directory {
    /// Mounts a filesystem read-only and returns its top directory.
    ///
    /// The mount is detached (fsopen, fsmount): it has no place in the directory tree, no other process sees it, and it ends
    /// with the last descriptor on it, however this process ends.
    public static func mounting(_ request: MountRequest, label: String) throws(Failure) -> Directory {
        let context = try FilesystemContext(opening: request.filesystemType)
        try context.set("source", request.device, of: request)
        for option in request.options { try context.set(option: option, of: request) }
        try context.set(option: "ro", of: request)
        if fsconfig(context.descriptor, UInt32(FSCONFIG_CMD_CREATE.rawValue), nil, nil, 0) != 0 {
            throw context.failure(mounting: request)
        }
        let mount = fsmount(context.descriptor, UInt32(FSMOUNT_CLOEXEC), UInt32(MOUNT_ATTR_NOATIME))
        if mount < 0 { throw context.failure(mounting: request) }
        // A descriptor from fsmount is an O_PATH one, which takes no ioctl.
        defer { close(mount) }
        let top = linux_openat2(mount, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0, linux_resolve_in_root)
        if top < 0 { throw .system("open the filesystem on '\(request.device)'") }
        return Directory(descriptor: top, label: label)
    }

    /// Makes the filesystem that `mounting` mounted writable.
    func makeWritable() throws(Failure) {
        let picked = fspick(descriptor, "", UInt32(FSPICK_CLOEXEC | FSPICK_EMPTY_PATH))
        if picked < 0 { throw .system("make '\(show(.top))' writable") }
        defer { close(picked) }
        if fsconfig(picked, UInt32(FSCONFIG_SET_FLAG.rawValue), "rw", nil, 0) != 0
            || fsconfig(picked, UInt32(FSCONFIG_CMD_RECONFIGURE.rawValue), nil, nil, 0) != 0
        {
            throw .system("make '\(show(.top))' writable")
        }
    }
}

/// A filesystem that is being set up: fsopen(2).
private final class FilesystemContext {
    let descriptor: Int32

    init(opening type: String) throws(Failure) {
        descriptor = fsopen(type, UInt32(FSOPEN_CLOEXEC))
        if descriptor < 0 {
            let hint = linux_errno() == ENODEV ? "the initramfs needs the kernel module '\(type)'" : nil
            throw .system("mount a filesystem of the type '\(type)'", hint: hint)
        }
    }

    deinit {
        close(descriptor)
    }

    func set(_ key: String, _ value: String, of request: MountRequest) throws(Failure) {
        if fsconfig(descriptor, UInt32(FSCONFIG_SET_STRING.rawValue), key, value, 0) != 0 { throw failure(mounting: request) }
    }

    /// Sets `key` or `key=value`.
    func set(option: String, of request: MountRequest) throws(Failure) {
        if let equals = option.utf8.firstIndex(of: UInt8(ascii: "=")) {
            try set(String(option[..<equals]), String(option[option.utf8.index(after: equals)...]), of: request)
        } else if fsconfig(descriptor, UInt32(FSCONFIG_SET_FLAG.rawValue), option, nil, 0) != 0 {
            throw failure(mounting: request)
        }
    }

    /// The failure with the kernel's own words, which it leaves in the context (`e btrfs: Unknown parameter 'x'`).
    func failure(mounting request: MountRequest) -> Failure {
        let code = linux_errno()
        var buffer = [UInt8](repeating: 0, count: 1024)
        let count = read(descriptor, &buffer, buffer.count)
        let words = count > 2 ? "\(String(cString: strerror(code))): \(display(buffer[2..<count].filter { $0 != 0x0a }))" : nil
        let what = "could not mount '\(request.device)' (\(request.filesystemType)): "
        return Failure(what + (words ?? String(cString: strerror(code))))
    }
}
