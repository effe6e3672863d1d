internal import Basics
internal import Boot
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
        let device = try Self.chosen(name, &devices)
        let (type, label) = (device.filesystemType ?? "", "\(name):")
        // Other filesystems cannot be mounted read-only once more while they are written to.
        if type != "btrfs", let place = try Self.mountPoint(of: device.path) {
            self.init(device: name, top: try Directory(opening: place, label: label))
            return
        }
        let request = MountRequest(device: device.path, filesystemType: type, options: type == "btrfs" ? ["subvolid=5"] : [])
        self.init(device: name, top: try .mounting(request, label: label))
    }

    /// Whoever may attach a file as a disk gives it any UUID: of several that have the name it is the one that the machine mounted itself.
    private static func chosen(_ name: DeviceName, _ devices: inout BlockDevices) throws(Failure) -> BlockDevice {
        let first = try devices.waiting(for: name, key: "docker_path", seconds: 0, degraded: false)
        let all = [first] + devices.rivals(of: first, name)
        if all.count == 1 { return first }
        let mounts = try MachineMounts.entriesOfRoot()
        let own = all.filter { device in mounts.contains { $0.source == device.path } }
        if own.count == 1 { return own[0] }
        let paths = all.map { "'\($0.path)'" }.joined(separator: ", ")
        throw Failure(
            "could not choose the device '\(name)', which the images' store is on: \(paths) have that name",
            hint: "take off the one that is a copy, or give it another UUID")
    }

    /// Where the whole of it is mounted; nil where it is not.
    private static func mountPoint(of device: String) throws(Failure) -> String? {
        try MachineMounts().entries.last { $0.source == device && $0.root == "/" }?.target
    }
}
