public import Basics
internal import CLinux

/// A block device that is there, and what libblkid found on it.
public struct BlockDevice: Sendable {
    /// A path below /dev.
    public let path: String
    /// nil where nothing was recognised.
    public let filesystemType: String?
    public let label: String?
    let filesystemUUID: String?
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

    /// The device of that name; nil where it is not there (yet).
    mutating func find(_ name: DeviceName) -> BlockDevice? {
        let path: String
        if let tag = name.tag {
            guard let found = blkid_evaluate_tag(tag.name, tag.value, &cache) else { return nil }
            path = String(cString: found)
            free(found)
        } else {
            path = name.description
        }
        return device(path)
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
            filesystemType: tag("TYPE", of: path),
            label: tag("LABEL", of: path),
            filesystemUUID: tag("UUID", of: path)
        )
    }

    private func tag(_ name: String, of path: String) -> String? {
        guard let value = blkid_get_tag_value(cache, name, path) else { return nil }
        defer { free(value) }
        return display(UnsafeRawBufferPointer(start: value, count: strlen(value)))
    }
}
