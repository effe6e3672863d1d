internal import Basics
internal import Boot
internal import CMount
internal import Linux

extension StoreFilesystem {
    /// The filesystem of a device in the running system, where it may be mounted: seen from its top, and only read. Fails where there
    /// is no such device.
    init(inRunningSystem name: DeviceName) throws(Failure) {
        var devices = try BlockDevices()
        guard try BlockDevices.has(name) else {
            throw Failure(
                "could not find the device '\(name)', which the images' store is on", hint: "docker-btrfs setup looks for it again")
        }
        let device = try devices.waiting(for: name, key: "docker_path", seconds: 0, degraded: false)
        let (type, label) = (device.filesystemType ?? "", "\(name):")
        // Other filesystems cannot be mounted read-only once more while they are written to.
        if type != "btrfs", let place = try Self.mountPoint(of: device.path) {
            self.init(device: name, top: try Directory(opening: place, label: label))
            return
        }
        let request = MountRequest(device: device.path, filesystemType: type, options: type == "btrfs" ? ["subvolid=5"] : [])
        self.init(device: name, top: try .mounting(request, label: label))
    }

    /// Where the whole of it is mounted; nil where it is not.
    private static func mountPoint(of device: String) throws(Failure) -> String? {
        guard let table = mnt_new_table(), let iterator = mnt_new_iter(Int32(MNT_ITER_BACKWARD)) else {
            throw Failure("could not read the mount table: there is no memory")
        }
        defer {
            mnt_free_iter(iterator)
            mnt_unref_table(table)
        }
        if mnt_table_parse_file(table, "/proc/self/mountinfo") != 0 { throw Failure("could not read '/proc/self/mountinfo'") }
        var entry: OpaquePointer?
        while mnt_table_next_fs(table, iterator, &entry) == 0 {
            guard let entry, let source = mnt_fs_get_source(entry), let root = mnt_fs_get_root(entry),
                let target = mnt_fs_get_target(entry)
            else { continue }
            if String(cString: source) == device && String(cString: root) == "/" { return String(cString: target) }
        }
        return nil
    }
}
