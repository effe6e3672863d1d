internal import Basics
internal import CLinux

/// The writes that a disk saw, as QEMU's `blklogwrites` driver records them, in the format of the kernel's dm-log-writes:
/// a sector of its own that tells how many entries follow; then for each entry a sector that describes it, and its data.
/// <https://docs.kernel.org/admin-guide/device-mapper/log-writes.html>
struct WriteLog {
    struct Entry {
        /// In bytes, on the disk.
        let place: Int
        let count: Int
        let flags: UInt64
        /// In bytes, in the log.
        let data: Int

        var isFlush: Bool { flags & 1 != 0 }
        /// On the disk for certain as soon as it was done.
        var isDurable: Bool { flags & 2 != 0 }
        var isDiscard: Bool { flags & 4 != 0 }
    }

    let entries: [Entry]
    private let descriptor: Int32

    private static let magic: UInt64 = 0x6a_7366_7773_6872
    private static let sector = 512

    init(opening path: String) throws(Failure) {
        descriptor = linux_open(path, O_RDONLY | O_CLOEXEC, 0)
        if descriptor < 0 { throw .system("open '\(path)'") }
        let head = try Self.words(descriptor, at: 0)
        guard head[0] == Self.magic, Int(UInt32(truncatingIfNeeded: head[3])) == Self.sector else {
            throw Failure("could not read '\(path)': it is no log of writes with sectors of \(Self.sector) bytes")
        }
        var entries: [Entry] = []
        var offset = Self.sector
        for _ in 0..<head[2] {
            let words = try Self.words(descriptor, at: offset)
            offset += Self.sector
            let entry = Entry(place: Int(words[0]) * Self.sector, count: Int(words[1]) * Self.sector, flags: words[2], data: offset)
            if !entry.isDiscard { offset += entry.count }
            entries.append(entry)
        }
        self.entries = entries
    }

    /// What an entry wrote; zeros where it discarded.
    func data(of entry: Entry) throws(Failure) -> [UInt8] {
        if entry.isDiscard { return [UInt8](repeating: 0, count: entry.count) }
        return try Self.bytes(descriptor, at: entry.data, count: entry.count)
    }

    private static func words(_ descriptor: Int32, at offset: Int) throws(Failure) -> [UInt64] {
        let bytes = try bytes(descriptor, at: offset, count: 32)
        return bytes.withUnsafeBytes { raw in (0..<4).map { UInt64(littleEndian: raw.load(fromByteOffset: $0 * 8, as: UInt64.self)) } }
    }

    private static func bytes(_ descriptor: Int32, at offset: Int, count: Int) throws(Failure) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        if pread(descriptor, &bytes, count, off_t(offset)) != count { throw .system("read the log of writes") }
        return bytes
    }
}
