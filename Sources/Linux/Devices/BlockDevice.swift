public import Basics
internal import CLinux

/// A block device that is there, and what libblkid found on it.
public struct BlockDevice: Sendable {
    /// A path below /dev.
    public let path: String
    /// The kernel's number of it, `8:2`.
    let number: String
    /// nil where nothing was recognised.
    public let filesystemType: String?
    public let label: String?
    public let filesystemUUID: String?
    /// Of this device, where the filesystem has several (`UUID_SUB`).
    let memberUUID: String?
    let partitionLabel: String?
    public let partitionUUID: String?
    /// What a mount of it fails with, where there is doubt that it can be mounted: members of its filesystem seem to be missing.
    public internal(set) var doubt: Failure?
}

/// libblkid's view of the machine's block devices. It does not show those that come later.
public struct BlockDevices: ~Copyable {
    private var cache: blkid_cache?

    public init() throws(Failure) {
        // The default cache file would be read and written on the machine; /dev/null stands for none.
        if blkid_get_cache(&cache, "/dev/null") != 0 { throw .system("look for block devices") }
    }

    deinit {
        blkid_put_cache(cache)
    }

    /// Whether a device of that name is there now.
    public static func has(_ name: DeviceName) throws(Failure) -> Bool { try device(of: name) != nil }

    /// The device of that name now; nil where it is not there.
    public static func device(of name: DeviceName) throws(Failure) -> BlockDevice? {
        var devices = try BlockDevices()
        return devices.find(name)
    }

    /// The device of that name; nil where it is not there (yet).
    mutating func find(_ name: DeviceName) -> BlockDevice? {
        guard let tag = name.tag else {
            // Where no udev runs, as in an initramfs of ours, nobody makes its links.
            return device(name.specification) ?? name.behindLink.flatMap { find($0) }
        }
        if let found = blkid_evaluate_tag(tag.name, tag.value, &cache) {
            defer { free(found) }
            return device(String(cString: found))
        }
        // libblkid compares UUIDs byte by byte. Some tools print them in capitals.
        return all().first { $0.answers(to: name) }
    }

    /// Every device on which libblkid recognises something.
    mutating func all() -> [BlockDevice] {
        blkid_probe_all(cache)
        var found: [BlockDevice] = []
        let iterator = blkid_dev_iterate_begin(cache)
        defer { blkid_dev_iterate_end(iterator) }
        var next: blkid_dev?
        while blkid_dev_next(iterator, &next) == 0 {
            guard let next, let path = blkid_dev_devname(next) else { continue }
            if let device = device(String(cString: path)) { found.append(device) }
        }
        return found
    }

    private func device(_ path: String) -> BlockDevice? {
        var status = stat()
        guard stat(path, &status) == 0, Int32(status.st_mode) & S_IFMT == S_IFBLK else { return nil }
        return BlockDevice(
            path: path,
            number: numbers(UInt64(status.st_rdev)),
            filesystemType: tag("TYPE", of: path),
            label: tag("LABEL", of: path),
            filesystemUUID: tag("UUID", of: path),
            memberUUID: tag("UUID_SUB", of: path),
            partitionLabel: tag("PARTLABEL", of: path),
            partitionUUID: tag("PARTUUID", of: path)
        )
    }

    private func tag(_ name: String, of path: String) -> String? {
        guard let value = blkid_get_tag_value(cache, name, path) else { return nil }
        defer { free(value) }
        return display(UnsafeRawBufferPointer(start: value, count: strlen(value)))
    }
}

/// A device's number as /sys has it: `gnu_dev_major` and `gnu_dev_minor` of glibc.
private func numbers(_ device: UInt64) -> String {
    let major = device >> 8 & 0xfff | device >> 32 & ~0xfff
    let minor = device & 0xff | device >> 12 & ~0xff
    return "\(major):\(minor)"
}
