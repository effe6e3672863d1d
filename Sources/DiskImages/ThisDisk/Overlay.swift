internal import Basics
internal import CLinux

/// A disk over another one, as QEMU reads it (qcow2, version 3: docs/interop/qcow2.rst of QEMU): what was put here is read here, all else
/// from the one below, and what a guest writes goes here.
final class Overlay {
    static let cluster = 1 << 16
    /// Each entry that leads to something which nobody else has (QCOW_OFLAG_COPIED).
    fileprivate static let own: UInt64 = 1 << 63
    /// How many entries a table has in one cluster.
    fileprivate static let entries = cluster / 8
    /// The number of the header's.
    private static let magic: UInt32 = 0x5146_49fb

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

    /// Puts whole clusters, from one on that is there not yet; those without any content are left out. Fails where they are none, as chunks of
    /// btrfs-convert and of old programs may be.
    func put(_ bytes: ArraySlice<UInt8>, at place: Int) throws(Failure) {
        let end = place + bytes.count
        if place % Self.cluster != 0 || end % Self.cluster != 0 && end != base.size { throw misplaced(place) }
        for start in stride(from: 0, to: bytes.count, by: Self.cluster) {
            let piece = bytes.dropFirst(start).prefix(Self.cluster)
            if !isZero(piece) { try write(piece, to: newCluster((place + start) / Self.cluster), offset: 0) }
        }
    }

    /// Puts bytes that are in one cluster, over what the disk below has there now. Fails where they are not.
    func patch(_ bytes: ArraySlice<UInt8>, at place: Int) throws(Failure) {
        if place % Self.cluster + bytes.count > Self.cluster { throw misplaced(place) }
        let number = place / Self.cluster
        let target: Int
        if let known = places[number] {
            target = known
        } else {
            let start = number * Self.cluster
            let whole = try base.read(at: start, min(Self.cluster, base.size - start))
            target = newCluster(number)
            try write(whole[...], to: target, offset: 0)
        }
        try write(bytes, to: target, offset: place % Self.cluster)
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
        let done = bytes.withUnsafeBytes { pwrite(file, $0.baseAddress, $0.count, off_t(cluster * Self.cluster + offset)) }
        if done < 0 { throw .system("write '\(path)'", hint: "it needs what the disk's metadata take") }
        if done != bytes.count { throw .system("write '\(path)'", errno: ENOSPC) }
    }

    /// Writes the tables that lead to what was put. The file is read by nobody before.
    func finish() throws(Failure) {
        let size = base.size
        let all = (size + Self.cluster - 1) / Self.cluster
        let tables = (all + Self.entries - 1) / Self.entries
        var first = [UInt64](repeating: 0, count: tables)
        for (table, numbers) in Dictionary(grouping: places.keys, by: { $0 / Self.entries }) {
            var second = [UInt64](repeating: 0, count: Self.entries)
            for number in numbers { second[number % Self.entries] = Self.own | UInt64((places[number] ?? 0) * Self.cluster) }
            first[table] = Self.own | UInt64(count * Self.cluster)
            try append(second)
        }
        let firstPlace = count
        try append(first)
        // 16 bits for each cluster of the file, those of the counts themselves among them.
        let perBlock = Self.cluster / 2
        var blocks = 0
        var tableSize = 0
        while blocks * perBlock < count + blocks + tableSize {
            blocks = (count + blocks + tableSize + perBlock - 1) / perBlock
            tableSize = (blocks + Self.entries - 1) / Self.entries
        }
        let end = count + blocks + tableSize
        let blockPlace = count
        for block in 0..<blocks {
            let used = min(perBlock, max(0, end - block * perBlock))
            try write(bigEndian([UInt16](repeating: 1, count: used) + [UInt16](repeating: 0, count: perBlock - used)), to: count, offset: 0)
            count += 1
        }
        let tablePlace = count
        try append((0..<blocks).map { UInt64((blockPlace + $0) * Self.cluster) })
        try writeHeader(size: size, first: (firstPlace, tables), counts: (tablePlace, tableSize))
    }

    private func append(_ table: [UInt64]) throws(Failure) {
        let clusters = (table.count + Self.entries - 1) / Self.entries
        let filled = table + [UInt64](repeating: 0, count: clusters * Self.entries - table.count)
        try write(bigEndian(filled), to: count, offset: 0)
        count += clusters
    }

    private func writeHeader(size: Int, first: (place: Int, count: Int), counts: (place: Int, count: Int)) throws(Failure) {
        let length = 104
        let name = Array(base.path.utf8)
        // The form of what is below, and the end of such lines.
        let extensions = bigEndian([0xe279_2aca, 3] as [UInt32]) + Array("raw".utf8) + [UInt8](repeating: 0, count: 5 + 8)
        var header = bigEndian([Self.magic, 3] as [UInt32]) + bigEndian([UInt64(length + extensions.count)])
        header += bigEndian([UInt32(name.count), 16]) + bigEndian([UInt64(size)]) + bigEndian([0, UInt32(first.count)])
        header += bigEndian([UInt64(first.place * Self.cluster), UInt64(counts.place * Self.cluster)])
        header += bigEndian([UInt32(counts.count), 0]) + bigEndian([0, 0, 0, 0] as [UInt64]) + bigEndian([4, UInt32(length)])
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

/// What a guest finds on such a disk, also while it runs: QEMU writes its tables whenever the guest flushes.
final class OverlayReader {
    private let file: DiskFile
    private let base: DirectDevice
    private let first: (place: Int, count: Int)

    /// Fails on what is no overlay of 64 KiB clusters.
    init(_ path: String, over base: DirectDevice) throws(Failure) {
        self.base = base
        file = try DiskFile(path)
        guard let header = file.read(at: 0, 104), header[..<4].elementsEqual([0x51, 0x46, 0x49, 0xfb]), header[23] == 16,
            let place = Int(exactly: Self.number(header, 40, 8)), let count = Int(exactly: Self.number(header, 36, 4))
        else { throw Failure("could not read '\(path)': it is no overlay") }
        first = (place, count)
    }

    /// Bytes of the disk; nil where a table leads nowhere.
    func read(at place: Int, _ count: Int) throws(Failure) -> [UInt8]? {
        var bytes: [UInt8] = []
        while bytes.count < count {
            let next = place + bytes.count
            let offset = next % Overlay.cluster
            let length = min(count - bytes.count, Overlay.cluster - offset)
            switch try target(of: next / Overlay.cluster) {
            case nil: return nil
            case .below: bytes += try base.read(at: next, length)
            case .empty: bytes += [UInt8](repeating: 0, count: length)
            case .here(let cluster):
                guard let piece = file.read(at: cluster + offset, length) else { return nil }
                bytes += piece
            }
        }
        return bytes
    }

    private enum Target {
        case below, empty
        case here(Int)
    }

    private func target(of number: Int) throws(Failure) -> Target? {
        guard number >= 0, number / Overlay.entries < first.count else { return nil }
        guard let table = entry(first.place, number / Overlay.entries) else { return nil }
        if table.place == 0 { return .below }
        guard let found = entry(table.place, number % Overlay.entries) else { return nil }
        // Bit 0: what reads as zeros.
        if found.isEmpty { return .empty }
        return found.place == 0 ? .below : .here(found.place)
    }

    private func entry(_ table: Int, _ index: Int) -> (place: Int, isEmpty: Bool)? {
        guard let bytes = file.read(at: table + index * 8, 8) else { return nil }
        let value = Self.number(bytes, 0, 8)
        return (Int(value & 0x00ff_ffff_ffff_fe00), value & 1 != 0)
    }

    private static func number(_ bytes: [UInt8], _ offset: Int, _ size: Int) -> UInt64 {
        bytes[offset..<(offset + size)].reduce(0) { $0 << 8 | UInt64($1) }
    }
}
