public import Basics
internal import CLinux

/// How a filesystem is mounted.
public struct MountRequest: Sendable {
    /// A path below /dev.
    public let device: String
    public let filesystemType: String
    /// What the filesystem itself is to be told.
    public let options: [String]
    /// MOUNT_ATTR_ flags: what its place in the tree is to be told.
    let attributes: UInt32

    /// Takes options as in mount(8). Those that are not the filesystem's but of a place in the tree count only where it gets
    /// one.
    public init(device: String, filesystemType: String, options: [String]) {
        self.device = device
        self.filesystemType = filesystemType
        self.options = options.filter { !Self.ofPlaces.contains($0) && !$0.hasPrefix("x-") }
        var attributes: UInt32 = 0
        for (option, flag) in Self.flags where options.contains(option) { attributes |= UInt32(flag) }
        self.attributes = attributes
    }

    private static let flags = [
        (option: "noatime", flag: MOUNT_ATTR_NOATIME), ("strictatime", MOUNT_ATTR_STRICTATIME), ("nodiratime", MOUNT_ATTR_NODIRATIME),
        ("nosuid", MOUNT_ATTR_NOSUID), ("nodev", MOUNT_ATTR_NODEV), ("noexec", MOUNT_ATTR_NOEXEC),
        ("nosymfollow", MOUNT_ATTR_NOSYMFOLLOW),
    ]

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
        let mount = try request.mount(.readOnly, UInt32(MOUNT_ATTR_NOATIME))
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

/// Whether a mounted filesystem can be written to.
public enum MountAccess: Sendable { case readOnly, readWrite }

extension MountRequest {
    /// Mounts the filesystem at a directory of the running system.
    public func mount(at place: String, _ access: MountAccess) throws(Failure) {
        let mounted = try mount(access, attributes | (access == .readOnly ? UInt32(MOUNT_ATTR_RDONLY) : 0))
        defer { close(mounted) }
        if move_mount(mounted, "", AT_FDCWD, place, UInt32(MOVE_MOUNT_F_EMPTY_PATH)) != 0 {
            throw .system("mount '\(device)' at '\(place)'")
        }
    }

    /// Returns a descriptor of the mount, which is in no place.
    fileprivate func mount(_ access: MountAccess, _ attributes: UInt32) throws(Failure) -> Int32 {
        let context = try FilesystemContext(opening: filesystemType)
        try context.set("source", device, of: self)
        for option in options { try context.set(option: option, of: self) }
        if access == .readOnly { try context.set(option: "ro", of: self) }
        if fsconfig(context.descriptor, UInt32(FSCONFIG_CMD_CREATE.rawValue), nil, nil, 0) != 0 {
            throw context.failure(mounting: self)
        }
        let mounted = fsmount(context.descriptor, UInt32(FSMOUNT_CLOEXEC), attributes)
        if mounted < 0 { throw context.failure(mounting: self) }
        return mounted
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
