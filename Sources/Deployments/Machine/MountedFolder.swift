package import Basics
internal import BootEntries
internal import CLinux
internal import Linux

/// Where a directory of the running system is: on which filesystem, and where there.
package struct MountedFolder {
    /// A path below /dev.
    package let device: String
    /// As mount(8) calls it.
    package let type: String
    /// From the top of the filesystem: on btrfs from the top level.
    package let path: Path
    /// The directory itself, in the running system.
    let place: String
    /// Where what it is on is mounted, and what that is from the top of the filesystem.
    let mountPoint: String
    let mounted: Path

    package init(_ directory: Directory) throws(Failure) {
        let place = try directory.place()
        guard let entry = try MachineMounts().entry(of: place), let root = Path(entry.root), let above = Path(entry.target),
            let whole = Path(place), let below = whole.path(below: above)
        else { throw Failure("could not find out where '\(directory.show(.top))' is mounted") }
        device = entry.source
        self.place = place
        mountPoint = entry.target
        mounted = root
        type = entry.type
        path = root / below
    }

    /// Whether something is mounted at the directory itself.
    var isMountPoint: Bool { place == mountPoint }

    /// Fails where the filesystem has no UUID.
    func volume() throws(Failure) -> BootVolume { try BootVolume(onDevice: device) }
}

extension BootVolume {
    /// What a device below /dev has. Fails where the filesystem has no UUID, or nobody but root may read it.
    init(onDevice device: String) throws(Failure) {
        let found = try DeviceName(device).flatMap { name throws(Failure) in try BlockDevices.device(of: name) }
        guard let found, let uuid = found.filesystemUUID else {
            throw Failure(
                "could not tell the UUID of the filesystem on '\(device)'",
                hint: geteuid() == 0 ? "it has to be on a disk, and have one" : "run this as root")
        }
        self.init(uuid: uuid, label: found.label, partition: found.partitionUUID)
    }
}

extension Directory {
    /// Its absolute path in the running system.
    package func place() throws(Failure) -> String {
        let own = try Directory(opening: "/proc/self/fd")
        return display(try own.text(ofLink: Basics.cString(Array("\(descriptor)".utf8))))
    }

    /// Where a directory of this filesystem is in the running system; nil where it is not to be seen there.
    func mountedPlace(of path: Path) throws(Failure) -> String? {
        guard let wanted = try target(of: path) else { return nil }
        // Others are not looked into: a network's that does not answer, or a user's.
        let isBtrfs = linux_is_btrfs(descriptor)
        // The nearest mount is what the person made for it.
        for entry in try MachineMounts().entries.sorted(by: { $0.root.utf8.count > $1.root.utf8.count }) {
            guard (entry.type == "btrfs") == isBtrfs, let root = Path(entry.root),
                let mountPoint = Path(entry.target), let below = path.path(below: root)
            else { continue }
            // Another filesystem may have such a path, and something else be mounted over this one.
            let place = (mountPoint / below).description
            if let found = try? Directory(opening: place).status(of: .top), found.isSameFile(as: wanted) { return place }
        }
        return nil
    }
}

extension Failure {
    /// The same with where a directory of a filesystem is in the running system, by which alone a person may know it.
    package func placing(_ path: Path, of filesystem: Directory) -> Failure {
        guard let place = try? filesystem.mountedPlace(of: path), place != filesystem.show(path) else { return self }
        return Failure("\(message); this system has '\(filesystem.show(path))' at '\(place)'", hint: hint)
    }
}
