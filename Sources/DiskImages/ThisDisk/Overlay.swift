internal import Basics
internal import CLinux

/// A disk over another one, as QEMU reads it (qcow2, version 3: docs/interop/qcow2.rst of QEMU): what was put here is read here, all else
/// from the one below, and what a guest writes goes here.
final class Overlay {
    static let clusterSize = 1 << 16
    /// Each entry that leads to something which nobody else has (QCOW_OFLAG_COPIED).
    private static let own: UInt64 = 1 << 63
    /// How many entries a table has in one cluster.
    static let entriesPerTable = clusterSize / 8
    /// The first four bytes of a file in this format.
    static let magic = Array("QFI".utf8) + [0xfb]

    private let path: String
    private let file: Int32
    private let base: DirectDevice
    /// Which of the file's clusters has one of the disk's.
    private var places: [Int: Int] = [:]
    private var count = 1

    /// Makes the file, which only root may read: it has what is on the disk.
    init(_ path: String, over base: DirectDevice) throws(Failure) {
        self.path = path
        self.base = base
        file = linux_open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        if file < 0 { throw .system("make '\(path)'") }
    }

    deinit { close(file) }

    /// Puts whole clusters, from one on that is there not yet; those without any content are left out. Fails where the bytes are not whole
    /// clusters: btrfs-convert and old versions of mkfs.btrfs make such chunks.
    func put(_ bytes: ArraySlice<UInt8>, at place: Int) throws(Failure) {
        let end = place + bytes.count
        if place % Self.clusterSize != 0 || end % Self.clusterSize != 0 && end != base.size { throw misplaced(place) }
        for start in stride(from: 0, to: bytes.count, by: Self.clusterSize) {
            let piece = bytes.dropFirst(start).prefix(Self.clusterSize)
            if !isZero(piece) { try write(piece, to: newCluster((place + start) / Self.clusterSize), offset: 0) }
        }
    }

    /// Puts bytes that are in one cluster, over what the disk below has there now. Fails where they are not.
    func patch(_ bytes: ArraySlice<UInt8>, at place: Int) throws(Failure) {
        if place % Self.clusterSize + bytes.count > Self.clusterSize { throw misplaced(place) }
        let number = place / Self.clusterSize
        let target: Int
        if let known = places[number] {
            target = known
        } else {
            let start = number * Self.clusterSize
            let whole = try base.read(at: start, min(Self.clusterSize, base.size - start))
            target = newCluster(number)
            try write(whole[...], to: target, offset: 0)
        }
        try write(bytes, to: target, offset: place % Self.clusterSize)
    }

    private func misplaced(_ place: Int) -> Failure {
        Failure(
            "could not capture '\(base.path)': metadata of its btrfs at \(place) are not in pieces of 64 KiB",
            hint: "rehearse without --this-disk makes a disk of its own")
    }

    private func newCluster(_ number: Int) -> Int {
        defer { count += 1 }
        places[number] = count
        return count
    }

    private func write(_ bytes: ArraySlice<UInt8>, to cluster: Int, offset: Int) throws(Failure) {
        let done = bytes.withUnsafeBytes { pwrite(file, $0.baseAddress, $0.count, off_t(cluster * Self.clusterSize + offset)) }
        if done < 0 { throw .system("write '\(path)'", hint: "it needs what the disk's metadata take") }
        if done != bytes.count { throw .system("write '\(path)'", errno: ENOSPC) }
    }

    /// Writes the tables that lead to what was put. The file is read by nobody before.
    func finish() throws(Failure) {
        let size = base.size
        let all = (size + Self.clusterSize - 1) / Self.clusterSize
        let tables = (all + Self.entriesPerTable - 1) / Self.entriesPerTable
        var l1 = [UInt64](repeating: 0, count: tables)
        for (table, numbers) in Dictionary(grouping: places.keys, by: { $0 / Self.entriesPerTable }) {
            var l2 = [UInt64](repeating: 0, count: Self.entriesPerTable)
            for number in numbers { l2[number % Self.entriesPerTable] = Self.own | UInt64((places[number] ?? 0) * Self.clusterSize) }
            l1[table] = Self.own | UInt64(count * Self.clusterSize)
            try append(l2)
        }
        let l1Place = count
        try append(l1)
        // 16 bits for each cluster of the file, those of the reference counts themselves among them.
        let perBlock = Self.clusterSize / 2
        var blocks = 0
        var tableSize = 0
        while blocks * perBlock < count + blocks + tableSize {
            blocks = (count + blocks + tableSize + perBlock - 1) / perBlock
            tableSize = (blocks + Self.entriesPerTable - 1) / Self.entriesPerTable
        }
        let end = count + blocks + tableSize
        let blockPlace = count
        for block in 0..<blocks {
            let used = min(perBlock, max(0, end - block * perBlock))
            try write(bigEndian([UInt16](repeating: 1, count: used) + [UInt16](repeating: 0, count: perBlock - used)), to: count, offset: 0)
            count += 1
        }
        let tablePlace = count
        try append((0..<blocks).map { UInt64((blockPlace + $0) * Self.clusterSize) })
        try writeHeader(size: size, l1: (l1Place, tables), refcounts: (tablePlace, tableSize))
    }

    private func append(_ table: [UInt64]) throws(Failure) {
        let clusters = (table.count + Self.entriesPerTable - 1) / Self.entriesPerTable
        let filled = table + [UInt64](repeating: 0, count: clusters * Self.entriesPerTable - table.count)
        try write(bigEndian(filled), to: count, offset: 0)
        count += clusters
    }

    private func writeHeader(size: Int, l1: (place: Int, count: Int), refcounts: (place: Int, count: Int)) throws(Failure) {
        let length = 104
        let name = Array(base.path.utf8)
        // The form of what is below, and the end of such lines.
        let extensions = bigEndian([0xe279_2aca, 3] as [UInt32]) + Array("raw".utf8) + [UInt8](repeating: 0, count: 5 + 8)
        var header = Self.magic[...] + bigEndian([3] as [UInt32]) + bigEndian([UInt64(length + extensions.count)])
        header += bigEndian([UInt32(name.count), 16]) + bigEndian([UInt64(size)]) + bigEndian([0, UInt32(l1.count)])
        header += bigEndian([UInt64(l1.place * Self.clusterSize), UInt64(refcounts.place * Self.clusterSize)])
        header += bigEndian([UInt32(refcounts.count), 0]) + bigEndian([0, 0, 0, 0] as [UInt64]) + bigEndian([4, UInt32(length)])
        try write(header + extensions + name, to: 0, offset: 0)
    }

    private func isZero(_ bytes: ArraySlice<UInt8>) -> Bool {
        bytes.withUnsafeBytes { bytes in
            // Each byte is the one after it, and the first is 0.
            guard let start = bytes.baseAddress, bytes[0] == 0 else { return bytes.isEmpty }
            return memcmp(start, start + 1, bytes.count - 1) == 0
        }
    }
}

private func bigEndian<Number: FixedWidthInteger>(_ numbers: [Number]) -> ArraySlice<UInt8> {
    numbers.map(\.bigEndian).withUnsafeBytes { Array($0) }[...]
}
