internal import Basics

/// Writes a cpio archive of the format `newc` whose bytes depend on its entries and the time alone: everything belongs to root,
/// inodes count from 1, entries are in the order of their paths, which has each directory before what is in it.
struct CPIOWriter {
    private var bytes: [UInt8] = []
    private let time: Int

    /// `time` is when everything was changed, in seconds since 1970.
    static func archive(_ entries: [CPIOEntry], time: Int) -> [UInt8] {
        var writer = CPIOWriter(time: time)
        let sorted = entries.sortedByBytes { $0.path.bytes }
        let last = Dictionary(sorted.lazy.filter { $0.links > 1 }.map { ($0.inode, $0.path) }, uniquingKeysWith: { $1 })
        var numbers: [Int: Int] = [:]
        for (index, entry) in sorted.enumerated() {
            let inode = entry.links > 1 ? numbers[entry.inode, default: index + 1] : index + 1
            if entry.links > 1 { numbers[entry.inode] = inode }
            // As GNU cpio has it, the last of several links brings the content.
            let content = entry.links > 1 && last[entry.inode] != entry.path ? [] : entry.content
            writer.append(entry, inode: inode, content: content)
        }
        writer.append(CPIOEntry(.top, mode: 0), inode: 0, content: [], name: CPIOFormat.trailer)
        return writer.bytes
    }

    private init(time: Int) {
        self.time = time
    }

    private mutating func append(_ entry: CPIOEntry, inode: Int, content: ArraySlice<UInt8>, name: [UInt8]? = nil) {
        let name = name ?? (entry.path.isTop ? [UInt8(ascii: ".")] : entry.path.bytes)
        let fields = [
            inode, Int(entry.mode), 0, 0, entry.links, inode == 0 ? 0 : time, content.count, 0, 0, entry.device.major,
            entry.device.minor, name.count + 1, 0,
        ]
        bytes += CPIOFormat.magic
        for field in fields {
            bytes += hexadecimal((0..<4).map { UInt8(truncatingIfNeeded: field >> (24 - $0 * 8)) }).utf8
        }
        bytes += name + [0]
        pad()
        bytes += content
        pad()
    }

    private mutating func pad() {
        bytes += [UInt8](repeating: 0, count: CPIOFormat.padded(bytes.count) - bytes.count)
    }
}
