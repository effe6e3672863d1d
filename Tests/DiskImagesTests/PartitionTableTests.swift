import Basics
import CLinux
import Testing

@testable import DiskImages

/// A disk's partition table, as bytes. That other programs read the same of it, LoopTests show.
struct PartitionTableTests {
    private static let megabyte = 1 << 20
    private static let types = ["C12A7328-F81F-11D2-BA4B-00A0C93EC93B", "0FC63DAF-8483-4772-8E79-3D69D8477DE4"]

    /// With an ESP from 1 to 3 MiB, and a root from there to the last megabyte.
    private func made(size: Int, sector: Int) throws -> PartitionTable {
        let parts = [1 * Self.megabyte..<3 * Self.megabyte, 3 * Self.megabyte..<size - Self.megabyte]
        let ids = ["11111111-2222-3333-4444-555555555555", "66666666-7777-8888-9999-AAAAAAAAAAAA"]
        return try PartitionTable(
            size: size, sector: sector, id: "01234567-89AB-CDEF-0123-456789ABCDEF",
            zip(zip(Self.types, ids), parts).map { ($0.0, $0.1, $1) })
    }

    private func apply(_ writes: some Sequence<PartitionTable.Write>, to disk: inout [UInt8]) {
        for write in writes { disk.replaceSubrange(write.offset..<write.offset + write.bytes.count, with: write.bytes) }
    }

    private func disk(_ table: PartitionTable, size: Int) -> [UInt8] {
        var disk = [UInt8](repeating: 0, count: size)
        apply(table.writes(over: Array(disk[..<table.sector])).joined(), to: &disk)
        return disk
    }

    private func read(_ disk: [UInt8], sector: Int) throws(Failure) -> PartitionTable {
        let file = memfd_create("disk", 0)
        defer { close(file) }
        if pwrite(file, disk, disk.count, 0) != disk.count { throw .reason() }
        return try PartitionTable(reading: file, size: disk.count, sector: sector)
    }

    @Test(arguments: [512, 4096])
    func `what is written is read again, and a BIOS sees one partition of another kind behind its code`(sector: Int) throws {
        let size = 8 * Self.megabyte
        let table = try made(size: size, sector: sector)
        var disk = disk(table, size: size)
        let per = UInt64(Self.megabyte / sector)
        let found = try read(disk, sector: sector)
        #expect(found.partitions.map(\.sectors) == [per...3 * per - 1, 3 * per...7 * per - 1])
        // A GUID's first three numbers have the lowest byte first.
        #expect(disk[2 * sector..<2 * sector + 8].elementsEqual([0x28, 0x73, 0x2a, 0xc1, 0x1f, 0xf8, 0xd2, 0x11]))
        #expect(disk[450] == 0xee && disk[510..<512].elementsEqual([0x55, 0xaa]))
        // One that is damaged is none.
        disk[2 * sector + 40] ^= 1
        #expect(throws: Failure.self) { try read(disk, sector: sector) }
        disk[2 * sector + 40] ^= 1
        disk[sector + 48] ^= 1
        #expect(throws: Failure.self) { try read(disk, sector: sector) }
        #expect(throws: Failure.self) { try read(.init(repeating: 0, count: size), sector: sector) }
    }

    @Test(arguments: [512, 4096])
    func `whatever a power cut leaves of a table that grows is whole`(sector: Int) throws {
        let (small, large) = (8 * Self.megabyte, 16 * Self.megabyte)
        var disk = disk(try made(size: small, sector: sector), size: small)
        disk.replaceSubrange(0..<4, with: [1, 2, 3, 4])
        disk += [UInt8](repeating: 0, count: large - small)
        let before = try read(disk, sector: sector).partitions
        var table = try read(disk, sector: sector)
        let partition = try #require(try table.enlarge(2))
        #expect(partition.sectors.upperBound == UInt64((large - Self.megabyte) / sector) - 1)
        let groups = table.writes(over: Array(disk[..<sector]))
        for (index, group) in groups.enumerated() {
            // Of a group any part may be there.
            for mask in 0..<1 << group.count {
                var cut = disk
                apply(groups[..<index].joined(), to: &cut)
                apply(group.enumerated().filter { mask & 1 << $0.offset != 0 }.map(\.element), to: &cut)
                let found = try read(cut, sector: sector).partitions
                #expect(found == before || found == table.partitions)
            }
        }
        apply(groups.joined(), to: &disk)
        #expect(disk.starts(with: [1, 2, 3, 4]))
        var again = try read(disk, sector: sector)
        #expect(again.partitions == table.partitions)
        #expect(try again.enlarge(2) == nil)
        // And once more, to where the entries were first.
        disk += [UInt8](repeating: 0, count: large)
        var more = try read(disk, sector: sector)
        #expect(try more.enlarge(2) != nil)
        apply(more.writes(over: Array(disk[..<sector])).joined(), to: &disk)
        #expect(try read(disk, sector: sector).partitions == more.partitions)
    }

    @Test func `what a BIOS looks for stays: that the partition of another kind is marked as active`() throws {
        var disk = disk(try made(size: 8 << 20, sector: 512), size: 8 << 20)
        #expect(disk[446] == 0)
        disk[446] = 0x80
        disk += [UInt8](repeating: 0, count: 8 << 20)
        var table = try read(disk, sector: 512)
        _ = try table.enlarge(2)
        apply(table.writes(over: Array(disk[..<512])).joined(), to: &disk)
        #expect(disk[446] == 0x80 && disk[450] == 0xee)
    }

    @Test func `what does not lie on the disk is no partition`() throws {
        let size = 8 << 20
        for start in [size, Int.max / 512 * 512 - (1 << 20)] {
            let table = try PartitionTable(
                size: size, sector: 512, id: "01234567-89AB-CDEF-0123-456789ABCDEF",
                [
                    (Self.types[0], "11111111-2222-3333-4444-555555555555", 1 << 20..<3 << 20),
                    (Self.types[1], "66666666-7777-8888-9999-AAAAAAAAAAAA", start..<start + 1 << 20),
                ])
            #expect(try read(disk(table, size: size), sector: 512).partitions.map(\.number) == [1])
        }
        // One that begins there is in the way.
        let table = try PartitionTable(
            size: size, sector: 512, id: "01234567-89AB-CDEF-0123-456789ABCDEF",
            [
                (Self.types[0], "11111111-2222-3333-4444-555555555555", 1 << 20..<3 << 20),
                (Self.types[1], "66666666-7777-8888-9999-AAAAAAAAAAAA", 6 << 20..<Int.max / 512 * 512),
            ])
        var found = try read(disk(table, size: size), sector: 512)
        #expect(found.partitions.map { Int($0.sectors.upperBound) } == [(3 << 20) / 512 - 1, size / 512 - 1])
        #expect(throws: Failure.self) { try found.enlarge(1) }
    }

    @Test func `a disk has room for its image and three more, and 8 GiB`() {
        #expect([0, 1 << 30, 3 << 30].map { DiskLayout.usualSize(of: $0) >> 30 } == [8, 8, 13])
    }

    @Test func `only the last partition grows`() throws {
        let disk = disk(try made(size: 8 << 20, sector: 512), size: 8 << 20) + [UInt8](repeating: 0, count: 8 << 20)
        var table = try read(disk, sector: 512)
        let failure = #expect(throws: Failure.self) { try table.enlarge(1) }
        #expect(failure?.message == "another partition is behind it")
        #expect(throws: Failure.self) { try table.enlarge(3) }
    }

    @Test func `a table with a partition right behind it is not written elsewhere, where that begins`() throws {
        // The first sector that another program may give to a partition is 34.
        let made = try PartitionTable(
            size: 8 << 20, sector: 512, id: "01234567-89AB-CDEF-0123-456789ABCDEF",
            [(Self.types[1], "11111111-2222-3333-4444-555555555555", 40 * 512..<7 << 20)])
        var table = try read(disk(made, size: 8 << 20) + [UInt8](repeating: 0, count: 8 << 20), sector: 512)
        let failure = #expect(throws: Failure.self) { try table.enlarge(1) }
        #expect(failure?.message == "there is no room for a second table before its first partition")
    }
}
