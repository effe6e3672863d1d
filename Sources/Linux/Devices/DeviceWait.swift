public import Basics
internal import CLinux

extension BlockDevices {
    /// Fails where a swap device or partition has a hibernated system on it. A filesystem that such a system holds open must not
    /// be mounted, not even read-only: recovering its log writes to it, and the resumed system would go on with what it had in
    /// memory.
    public mutating func checkHibernation() throws(Failure) {
        guard let image = all().first(where: { $0.filesystemType == "swsuspend" }) else { return }
        throw Failure(
            "could not mount the root's filesystem: a hibernated system is waiting to be resumed from '\(image.path)'",
            hint: "boot it by an initramfs that resumes, or say noresume on the kernel command line to give it up"
        )
    }

    /// Waits until a device is there, and where it is a member of a btrfs filesystem, until every other member is.
    ///
    /// `seconds` is how long, nil for ever; `key` names the kernel command line key that asked, for the message. Fails when
    /// the time is over. A filesystem that still lacks a member is taken then: without a word if `degraded`, else with a doubt. For the
    /// kernel may be wrong: a filesystem that grew out of a seed device seems to lack members until it was mounted once. `tell` gets one
    /// line for the person at the machine where that takes long.
    public mutating func waiting(
        for name: DeviceName, key: String, seconds: Int?, degraded: Bool, _ tell: (String) -> Void = { _ in }
    ) throws(Failure) -> BlockDevice {
        let start = linux_monotonic_nanoseconds()
        let events = DeviceEvents()
        var isTold = false
        while true {
            let passed = (linux_monotonic_nanoseconds() - start) / 1_000_000_000
            let isLate = seconds.map { passed >= Int64($0) } ?? false
            if passed >= Self.secondsInSilence && !isLate && !isTold {
                isTold = true
                let what = find(name) == nil ? "the device" : "all devices of the btrfs filesystem on"
                let limit = seconds.map { "\($0) s at most" } ?? "for ever, as rootwait says"
                tell("still waiting for \(what) '\(name)' (\(key)=), \(limit)")
            }
            if var device = find(name) {
                if device.filesystemType != "btrfs" || device.isComplete(among: &self) || (isLate && degraded) { return device }
                if isLate {
                    device.doubt = device.incomplete(name, key: key, seconds: seconds ?? 0)
                    return device
                }
            } else if isLate {
                throw absent(name, key: key, seconds: seconds ?? 0)
            }
            events.wait()
            self = try BlockDevices()
        }
    }

    private static let secondsInSilence = 5

    private mutating func absent(_ name: DeviceName, key: String, seconds: Int) -> Failure {
        let devices = all()
        let what = "could not find the device '\(name)' (\(key)=): it was not there after \(seconds) s"
        for device in devices {
            if let other = device.otherName(for: name) { return Failure(what, hint: "'\(device.path)' has it as \(key)=\(other)") }
        }
        let namesUUID =
            switch name {
            case .uuid: true
            // A link that is not there: what it would lead to has a UUID to say in its place.
            case .path(let path): path.begins(with: "/dev/disk/")
            default: false
            }
        let here = devices.map { $0.summary(withUUID: namesUUID) }.joined(separator: ", ")
        let found = devices.isEmpty ? "no block device with a filesystem is here" : "here are \(here)"
        return Failure(what, hint: "\(found); one that is slow is waited for with rootwait=\(max(30, 3 * seconds))")
    }
}

extension BlockDevice {
    /// Whether the kernel knows every member of this btrfs filesystem (BTRFS_IOC_DEVICES_READY).
    fileprivate func isComplete(among devices: inout BlockDevices) -> Bool {
        let control = linux_open("/dev/btrfs-control", O_RDWR | O_CLOEXEC, 0)
        // Without the control device the mount itself tells what is wrong.
        if control < 0 { return true }
        defer { close(control) }
        if linux_btrfs_devices_ready(control, path) == 0 { return true }
        // Where no udev runs, nobody has told the kernel of the other members.
        for member in devices.all() where member.filesystemUUID == filesystemUUID {
            linux_btrfs_scan_device(control, member.path)
        }
        return linux_btrfs_devices_ready(control, path) == 0
    }

    fileprivate func incomplete(_ name: DeviceName, key: String, seconds: Int) -> Failure {
        Failure(
            "could not use the device '\(name)' (\(key)=): other devices of its btrfs filesystem were not there after \(seconds) s",
            hint: key == "docker_path" ? "attach them" : "attach them, or add degraded to \(key)flags= to go without"
        )
    }

    fileprivate func summary(withUUID: Bool) -> String {
        let label = label.map { " LABEL=\($0)" } ?? ""
        let uuid = withUUID ? filesystemUUID.map { " UUID=\($0)" } ?? "" : ""
        return "\(path) (\(filesystemType ?? "unknown")\(label)\(uuid))"
    }
}
