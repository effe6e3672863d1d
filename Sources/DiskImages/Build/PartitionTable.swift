internal import Basics
internal import CCompression
internal import CLinux

/// A GUID partition table: UEFI Specification 2.10, chapter 5. Numbers of sectors begin at the disk's first one.
struct PartitionTable {
    struct Partition: Equatable {
        let number: Int
        var sectors: ClosedRange<UInt64>
    }

    /// In bytes: what the disk addresses by.
    let sector: Int
    /// Of the disk, in sectors.
    private var size: UInt64
    private var firstUsable: UInt64
    private let id: [UInt8]
    private var entries: [UInt8]
    private let entrySize: Int
    /// Where the entries are that the first header names.
    private var place: UInt64

    static let signature = Array("EFI PART".utf8)
    private static let headerSize = 92
    private static let usualPlace: UInt64 = 2

    /// Fails where an id is none.
    init(size: Int, sector: Int, id: String, _ partitions: [(type: String, id: String, bytes: Range<Int>)]) throws(Failure) {
        self.sector = sector
        self.size = UInt64(size / sector)
        entrySize = 128
        place = Self.usualPlace
        self.id = try Self.bytes(of: id)
        entries = []
        for partition in partitions {
            entries += try Self.bytes(of: partition.type) + Self.bytes(of: partition.id)
            entries += Self.bytes(UInt64(partition.bytes.lowerBound / sector)) + Self.bytes(UInt64(partition.bytes.upperBound / sector - 1))
            entries += [UInt8](repeating: 0, count: entrySize - 48)
        }
        entries += [UInt8](repeating: 0, count: 128 * entrySize - entries.count)
        // Room for the entries of `enlarge`.
        firstUsable = 0
        firstUsable = Self.usualPlace + 2 * entrySectors
    }

    /// Of a disk that is there. Fails with the reason where its first sectors have none that is whole.
    init(reading disk: Int32, size: Int, sector: Int) throws(Failure) {
        func read(_ start: UInt64, _ count: Int) throws(Failure) -> [UInt8] {
            guard let start = Int(exactly: start), start <= Int.max / 4096,
                let bytes = try? Basics.bytes(of: disk, at: start * sector, count), bytes.count == count
            else { throw Failure("its partition table cannot be read") }
            return bytes
        }
        var header = try read(1, Self.headerSize)
        guard header.starts(with: Self.signature) else { throw Failure("it has no GUID partition table") }
        let checksum = Self.number(header, at: 16, UInt32.self)
        header.replaceSubrange(16..<20, with: [0, 0, 0, 0])
        let (count, entrySize) = (Int(Self.number(header, at: 80, UInt32.self)), Int(Self.number(header, at: 84, UInt32.self)))
        guard Self.number(header, at: 12, UInt32.self) == Self.headerSize, checksum == crc32(of: header),
            Self.number(header, at: 24, UInt64.self) == 1,
            (1...1024).contains(count), [128, 256].contains(entrySize)
        else { throw Failure("its partition table is damaged") }
        self.sector = sector
        self.size = UInt64(size / sector)
        self.entrySize = entrySize
        firstUsable = Self.number(header, at: 40, UInt64.self)
        id = Array(header[56..<72])
        place = Self.number(header, at: 72, UInt64.self)
        entries = try read(place, count * entrySize)
        guard Self.number(header, at: 88, UInt32.self) == crc32(of: entries), Self.number(header, at: 32, UInt64.self) < self.size else {
            throw Failure("its partition table is damaged")
        }
    }

    private var entrySectors: UInt64 { UInt64((entries.count + sector - 1) / sector) }
    private var lastUsable: UInt64 { size - entrySectors - 2 }

    var partitions: [Partition] {
        (0..<entries.count / entrySize).compactMap { index in
            let entry = Array(entries[index * entrySize..<(index + 1) * entrySize])
            let (first, last) = (Self.number(entry, at: 32, UInt64.self), Self.number(entry, at: 40, UInt64.self))
            // What does not lie on the disk is none, and what ends behind it takes all that is left.
            if entry[..<16].allSatisfy({ $0 == 0 }) || first > last || first >= size { return nil }
            return Partition(number: index + 1, sectors: first...min(last, size - 1))
        }
    }

    /// Lets a partition end where the disk does. Returns what it has then; nil where it cannot have more. Fails where it is not the last
    /// one, or there is no room to write this without a moment in which the disk has no whole table.
    mutating func enlarge(_ number: Int) throws(Failure) -> Partition? {
        let partitions = partitions
        guard var partition = partitions.first(where: { $0.number == number }) else { throw Failure("its partition table lacks it") }
        let others = partitions.filter { $0.number != number }
        let first = partition.sectors.lowerBound
        guard others.allSatisfy({ $0.sectors.upperBound < first }) else { throw Failure("another partition is behind it") }
        let whole = UInt64(DiskLayout.megabyte / sector)
        let end = (lastUsable + 1) / whole * whole
        guard end > partition.sectors.upperBound + whole else { return nil }
        partition.sectors = first...end - 1
        let entry = (number - 1) * entrySize
        entries.replaceSubrange(entry + 40..<entry + 48, with: Self.bytes(end - 1))
        place = place == Self.usualPlace ? Self.usualPlace + entrySectors : Self.usualPlace
        firstUsable = max(firstUsable, Self.usualPlace + 2 * entrySectors)
        guard partitions.allSatisfy({ $0.sectors.lowerBound >= firstUsable }) else {
            throw Failure("there is no room for a second table before its first partition")
        }
        return partition
    }

    struct Write {
        let offset: Int
        let bytes: [UInt8]
    }

    /// What is written, in groups of which each is on the disk before the next one. `first` is the disk's first sector.
    ///
    /// The copy at the end comes first, with the entries, which go to where none were, and in the end the header that leads to them: one
    /// sector, which is written or not. Whenever the power goes, the disk has a whole table, the new one or the one before.
    func writes(over first: [UInt8]) -> [[Write]] {
        func put(_ bytes: [UInt8], _ start: UInt64) -> Write { Write(offset: Int(start) * sector, bytes: bytes) }
        let last = size - 1
        let copy = last - entrySectors
        let ends = [put(entries, copy), put(header(at: last, other: 1, entries: copy), last)]
        return [ends + [put(entries, place)], [put(header(at: 1, other: last, entries: place), 1)], [put(protected(first), 0)]]
    }

    /// Fails with the reason alone.
    func write(to disk: Int32) throws(Failure) {
        let first = try Basics.bytes(of: disk, at: 0, sector)
        if first.count != sector { throw Failure("it ends in its first sector") }
        for group in writes(over: first) {
            for write in group where pwrite(disk, write.bytes, write.bytes.count, off_t(write.offset)) != write.bytes.count {
                throw .reason()
            }
            if fsync(disk) != 0 { throw .reason() }
        }
    }

    /// For programs that know no GPT: one partition of another kind, behind the code that a BIOS starts. Partitions that somebody has there
    /// stay.
    private func protected(_ first: [UInt8]) -> [UInt8] {
        let ending: [UInt8] = [0x55, 0xaa]
        if first[510..<512].elementsEqual(ending), first[450] != 0xee || first[462..<510].contains(where: { $0 != 0 }) { return first }
        // Some BIOSes start a disk only where its partition is marked as active.
        let flag = first[510..<512].elementsEqual(ending) ? first[446] : 0
        let record =
            [flag, 0, 2, 0, 0xee, 0xff, 0xff, 0xff] + Self.bytes(1).prefix(4) + Self.bytes(min(size - 1, UInt64(UInt32.max))).prefix(4)
        return Array(first[..<446] + record + [UInt8](repeating: 0, count: 48) + ending + first[512...])
    }

    private func header(at own: UInt64, other: UInt64, entries start: UInt64) -> [UInt8] {
        var bytes = Self.signature + [0, 0, 1, 0] + Self.bytes(UInt64(Self.headerSize)).prefix(4) + [0, 0, 0, 0, 0, 0, 0, 0]
        for number in [own, other, firstUsable, lastUsable] { bytes += Self.bytes(number) }
        bytes += id + Self.bytes(start)
        for number in [UInt64(entries.count / entrySize), UInt64(entrySize), UInt64(crc32(of: entries))] {
            bytes += Self.bytes(number).prefix(4)
        }
        bytes.replaceSubrange(16..<20, with: Self.bytes(UInt64(crc32(of: bytes))).prefix(4))
        return bytes + [UInt8](repeating: 0, count: sector - bytes.count)
    }

    private static func bytes(_ number: UInt64) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) } }

    /// Of bytes that are all there.
    private static func number<Number: FixedWidthInteger>(_ bytes: [UInt8], at offset: Int, _ type: Number.Type) -> Number {
        bytes.number(at: offset, type) ?? 0
    }

    /// A GUID as a disk has it: its first three numbers have the lowest byte first (appendix A).
    private static func bytes(of id: String) throws(Failure) -> [UInt8] {
        let digits = Array(id.utf8.filter { $0 != UInt8(ascii: "-") })
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: digits.count - 1, by: 2) {
            guard let byte = UInt8(String(decoding: digits[index...index + 1], as: UTF8.self), radix: 16) else { break }
            bytes.append(byte)
        }
        if bytes.count != 16 { throw Failure("could not use '\(id)': it is no GUID") }
        return Array(bytes[..<4].reversed() + bytes[4..<6].reversed() + bytes[6..<8].reversed() + bytes[8...])
    }
}

/// The check sum of a GPT, which is also Ethernet's and gzip's.
private func crc32(of bytes: [UInt8]) -> UInt32 { UInt32(truncatingIfNeeded: crc32(0, bytes, UInt32(bytes.count))) }
