package import Basics
internal import BootEntries
internal import CLinux
internal import Files

/// Where a directory of the running system is: on which filesystem, and where there.
struct MountedFolder {
    /// A path below /dev.
    let device: String
    /// As mount(8) calls it.
    let type: String
    /// From the top of the filesystem: on btrfs from the top level.
    let path: Path
    /// The directory itself, in the running system.
    let place: String
    /// Where what it is on is mounted, and what that is from the top of the filesystem.
    let mountPoint: String
    let mounted: Path

    init(_ directory: Directory) throws(Failure) {
        let place = try directory.place()
        guard let entry = try MountTable().entry(of: place), let root = Path(entry.root), let above = Path(entry.target),
            let whole = Path(place), whole.bytes.starts(with: above.bytes), let below = Path(whole.bytes.dropFirst(above.bytes.count))
        else { throw Failure("could not find out where '\(directory.show(.top))' is mounted") }
        device = entry.source
        self.place = place
        mountPoint = entry.target
        mounted = root
        type = entry.type
        path = root / below
    }

    /// Fails where the filesystem has no UUID.
    func volume() throws(Failure) -> BootVolume { try BootVolume(onDevice: device) }
}

extension BootVolume {
    /// What libblkid finds on a device.
    init(onDevice device: String) throws(Failure) {
        var cache: blkid_cache?
        // The default cache file would be read and written on the machine; /dev/null stands for none.
        if blkid_get_cache(&cache, "/dev/null") != 0 { throw .system("look at '\(device)'") }
        defer { blkid_put_cache(cache) }
        func tag(_ name: String) -> String? {
            guard let value = blkid_get_tag_value(cache, name, device) else { return nil }
            defer { free(value) }
            return display(UnsafeRawBufferPointer(start: value, count: strlen(value)))
        }
        guard let uuid = tag("UUID") else {
            throw Failure("could not tell the UUID of the filesystem on '\(device)'", hint: "run this as root")
        }
        self.init(uuid: uuid, label: tag("LABEL"), partition: tag("PARTUUID"))
    }
}

extension Directory {
    /// Its absolute path in the running system.
    package func place() throws(Failure) -> String {
        let own = try Directory(opening: "/proc/self/fd")
        return display(try own.text(ofLink: Basics.cString(Array("\(descriptor)".utf8))))
    }
}
