public import Basics
internal import CLinux

/// How a filesystem is mounted.
public struct MountRequest: Sendable {
    /// A path below /dev.
    public let device: String
    public let filesystemType: String
    /// What the filesystem itself is to be told.
    public let options: [String]
    /// What is told beside that, and by nobody's wish but ours.
    let ownOptions: [String]
    /// MOUNT_ATTR_ flags: what its place in the tree is to be told.
    let attributes: UInt32
    /// The key of the kernel command line that names the device; nil for a mount that nobody asks for there.
    let key: String?
    /// What a mount fails with that was doubtful before.
    let doubt: Failure?

    /// A mount that the kernel command line asks for: `key` names the device, and `options` are from the key of its flags.
    public init(_ device: BlockDevice, key: String, filesystemType: String, options: [String], adding ownOptions: [String] = []) {
        self.init(device.path, filesystemType, options, ownOptions, key: key, doubt: device.doubt)
    }

    /// Takes options as in mount(8). Those that are not the filesystem's but of a place in the tree count only where it gets
    /// one.
    public init(device: String, filesystemType: String, options: [String]) {
        self.init(device, filesystemType, options, [], key: nil, doubt: nil)
    }

    private init(
        _ device: String, _ filesystemType: String, _ options: [String], _ ownOptions: [String], key: String?, doubt: Failure?
    ) {
        self.device = device
        self.filesystemType = filesystemType
        self.options = options.filter { option in
            !Self.ofPlaces.contains(option) && !Self.forPrograms.contains { option.begins(with: $0) }
        }
        self.ownOptions = ownOptions
        self.key = key
        self.doubt = doubt
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
        "owner", "group", "_netdev", "nofail", "silent", "loud", "iversion", "noiversion", "loop", "seclabel",
    ]

    /// How options begin that programs like mount(8) and systemd keep to themselves, and those of SELinux, whose policy is the root's: as
    /// long as none is loaded, the kernel takes none of these.
    private static let forPrograms = [
        "x-", "X-", "comment=", "user=", "helper=", "uhelper=", "context=", "fscontext=", "defcontext=", "rootcontext=",
    ]
}

extension Directory {
    /// Mounts a filesystem read-only and returns its top directory.
    ///
    /// The mount is detached (fsopen, fsmount): it has no place in the directory tree, no other process sees it, and it ends
    /// with the last descriptor on it, however this process ends.
    public static func mounting(_ request: MountRequest, label: String) throws(Failure) -> Directory {
        // To open a device may be to use it, and an image may have any.
        let mount = try request.mount(.readOnly, UInt32(MOUNT_ATTR_NOATIME | MOUNT_ATTR_NODEV))
        // A descriptor from fsmount is an O_PATH one, which takes no ioctl.
        defer { close(mount) }
        let top = linux_openat2(mount, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0, linux_resolve_in_root)
        if top < 0 { throw .system("open the filesystem on '\(request.device)'") }
        return Directory(descriptor: top, label: label)
    }

    /// The same directory without what is mounted below it. No read of it changes a time.
    ///
    /// The mount ends with `close`, and what was opened there stays. In such a one the kernel says `EAGAIN` at each `..` after a symlink
    /// whose time of access it would write and cannot, as in a read-only subvolume.
    public func withoutMounts() throws(Failure) -> Directory {
        let what = "look at '\(show(.top))' without what is mounted below it"
        let tree = open_tree(descriptor, "", UInt32(OPEN_TREE_CLONE) | UInt32(O_CLOEXEC) | UInt32(AT_EMPTY_PATH))
        if tree < 0 { throw .system(what) }
        defer { close(tree) }
        var change = mount_attr()
        change.attr_set = UInt64(MOUNT_ATTR_NOATIME)
        change.attr_clr = UInt64(MOUNT_ATTR__ATIME)
        // Before Linux 5.12 there is no such call, and times are written.
        if mount_setattr(tree, "", UInt32(AT_EMPTY_PATH), &change, MemoryLayout<mount_attr>.size) != 0 && linux_errno() != ENOSYS {
            throw .system(what)
        }
        let top = linux_openat2(tree, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0, linux_resolve_in_root)
        if top < 0 { throw .system(what) }
        return Directory(descriptor: top, label: label)
    }

    /// Whether nothing here can be changed, since the filesystem is mounted so.
    var isReadOnly: Bool {
        var found = statfs()
        return fstatfs(descriptor, &found) != 0 || Int(found.f_flags) & Int(MS_RDONLY) != 0
    }

    /// Makes the filesystem that `mounting` mounted writable. What changes a filesystem of the running system asks for `makeWritableHere`.
    package func makeWritable() throws(Failure) {
        // Where it is mounted elsewhere, too, it is so already: to ask for it again waits for all that is not written yet.
        if !isReadOnly { return }
        let picked = fspick(descriptor, "", UInt32(FSPICK_CLOEXEC | FSPICK_EMPTY_PATH))
        if picked < 0 { throw .system("make '\(show(.top))' writable") }
        defer { close(picked) }
        if fsconfig(picked, UInt32(FSCONFIG_SET_FLAG.rawValue), "rw", nil, 0) != 0
            || fsconfig(picked, UInt32(FSCONFIG_CMD_RECONFIGURE.rawValue), nil, nil, 0) != 0
        {
            // btrfs says so of a device that the kernel takes for read-only. Nobody's rights are asked here.
            if linux_errno() == EACCES || linux_errno() == EROFS {
                let place = label.isEmpty ? "" : " of '\(show(.top))'"
                throw Failure(
                    "could not write to the filesystem\(place): its disk is read-only",
                    hint: "look for a lock on the card or stick, and at the kernel's messages: a disk that fails may be made read-only")
            }
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
    package func mount(_ access: MountAccess, _ attributes: UInt32) throws(Failure) -> Int32 {
        let context = try FilesystemContext(opening: filesystemType, for: self)
        if !context.set("source", device) { throw context.failure(mounting: self) }
        for option in options where !context.set(option: option) { throw context.failure(using: option, of: self) }
        for option in ownOptions + (access == .readOnly ? ["ro"] : []) where !context.set(option: option) {
            throw context.failure(mounting: self)
        }
        if fsconfig(context.descriptor, UInt32(FSCONFIG_CMD_CREATE.rawValue), nil, nil, 0) != 0 {
            // The running system writes to it: most filesystems cannot be read-only for one mount alone, but a mount can.
            if access == .readOnly && linux_errno() == EBUSY {
                return try mount(.readWrite, attributes | UInt32(MOUNT_ATTR_RDONLY))
            }
            throw doubt ?? context.failure(mounting: self)
        }
        let mounted = fsmount(context.descriptor, UInt32(FSMOUNT_CLOEXEC), attributes)
        if mounted < 0 { throw doubt ?? context.failure(mounting: self) }
        return mounted
    }

    /// `root=, btrfs`
    fileprivate var about: String { key.map { "\($0)=, \(filesystemType)" } ?? filesystemType }

    /// The key that the options are from: `rootflags=`, `toplayerflags=`.
    fileprivate var flagsKey: String? { key.map { "\($0)flags=" } }
}

/// A filesystem that is being set up: fsopen(2).
private final class FilesystemContext {
    let descriptor: Int32

    init(opening type: String, for request: MountRequest) throws(Failure) {
        descriptor = fsopen(type, UInt32(FSOPEN_CLOEXEC))
        if descriptor < 0 {
            let hint = linux_errno() == ENODEV ? "the initramfs needs the kernel module '\(type)'" : nil
            throw .system("mount '\(request.device)' (\(request.about))", hint: hint)
        }
    }

    deinit {
        close(descriptor)
    }

    /// false where the filesystem does not take it.
    func set(_ key: String, _ value: String) -> Bool {
        fsconfig(descriptor, UInt32(FSCONFIG_SET_STRING.rawValue), key, value, 0) == 0
    }

    /// Sets `key` or `key=value`.
    func set(option: String) -> Bool {
        guard let equals = option.utf8.firstIndex(of: UInt8(ascii: "=")) else {
            return fsconfig(descriptor, UInt32(FSCONFIG_SET_FLAG.rawValue), option, nil, 0) == 0
        }
        return set(String(option[..<equals]), String(option[option.utf8.index(after: equals)...]))
    }

    func failure(mounting request: MountRequest) -> Failure {
        // btrfs leaves no words of its own for that.
        if linux_errno() == ENOENT, let name = request.options.compactMap({ $0.after("subvol=") }).last {
            return Failure(
                "could not mount '\(request.device)' (\(request.about)): there is no subvolume '\(display(name.utf8))' on it",
                hint: request.flagsKey.map { "correct subvol= in \($0)" })
        }
        let isOfNoSubvolume = linux_errno() == EINVAL && request.options.contains { $0.begins(with: "subvol=") }
        return Failure(
            "could not mount '\(request.device)' (\(request.about)): \(reason())",
            hint: isOfNoSubvolume && request.flagsKey == "toplayerflags="
                ? "if subvol= in toplayerflags= names a directory and no subvolume, say it with toplayer_path= instead" : nil)
    }

    func failure(using option: String, of request: MountRequest) -> Failure {
        guard let key = request.flagsKey else { return failure(mounting: request) }
        return Failure(
            "could not use '\(option)' in \(key): \(reason())", hint: "correct it on the kernel command line, or take it out")
    }

    /// The system's reason with the kernel's own words, which it leaves in the context (`e btrfs: Unknown parameter 'x'`).
    private func reason() -> String {
        let reason = String(cString: strerror(linux_errno()))
        var buffer = [UInt8](repeating: 0, count: 1024)
        let count = read(descriptor, &buffer, buffer.count)
        return count > 2 ? "\(reason): \(display(buffer[2..<count].filter { $0 != 0x0a }))" : reason
    }
}
