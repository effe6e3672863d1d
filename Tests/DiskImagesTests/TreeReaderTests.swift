import Basics
import Testing

@testable import DiskImages

/// What is read of a btrfs from its bytes, which may be anything.
struct TreeReaderTests {
    @Test func `a root that a later transaction made and marked as good is found, and no other`() throws {
        let disk = SmallBtrfs()
        #expect(try disk.reader()?.hasGoodRoot(madeAfter: 99) == true)
        #expect(try disk.reader()?.hasGoodRoot(madeAfter: 100) == false)
        #expect(try SmallBtrfs(markOf: "00000000-0000-0000-0000-000000000000").reader()?.hasGoodRoot(madeAfter: 99) == false)
    }

    @Test func `chunks say where blocks are, as far as all of a block is in one`() throws {
        let chunks = try #require(try SmallBtrfs().reader()).chunks
        #expect(chunks.chunks.map(\.hasMetadata) == [true])
        #expect(chunks.place(of: SmallBtrfs.logical, 4096) == SmallBtrfs.place)
        #expect(chunks.place(of: SmallBtrfs.logical + 0x3000, 4096) == SmallBtrfs.place + 0x3000)
        for (logical, count) in [
            (SmallBtrfs.logical - 1, 1), (SmallBtrfs.logical + 0x4000, 1), (SmallBtrfs.logical + 0x3001, 4096), (0, 1), (.max, 1),
        ] {
            #expect(chunks.place(of: logical, count) == nil)
        }
    }

    @Test(arguments: [
        (0x88, 2, "it is on 2 devices"), (0xc4, 1, "it has checksums other than crc32c and sha256"),
        (0xbc, 1 << 7, "it has RAID 5 or 6"), (0xbc, 1 << 12, "it has zones"), (0xbc, 1 << 13, "it has extent tree v2"),
        (0xbc, 1 << 14, "it has a RAID stripe tree"), (0xbc, 1 << 2, "it has mixed groups of data and metadata"),
        (0xbc, 1 << 20 | 0x1, "it has features that this program does not know: 0x100000"),
        (0x94, 5000, "its superblock is damaged: it has nodes of 5000 bytes"), (0x40, 0, "there is no btrfs superblock"),
        (0xa0, 4096, "its superblock is damaged: the list of its chunks"), (0xa0, 17, "its superblock is damaged: the list of its chunks"),
        (0x32b + 17 + 24, 1 << 4 | 1 << 1, "it has RAID profiles"), (0x32b + 17 + 56, 1 << 40, "its chunk tree is damaged"),
    ])
    func `what cannot be captured is refused by its name`(offset: Int, value: Int, reason: String) {
        var bytes = SmallBtrfs().superblock
        let size = [0xc4: 2, 0x94: 4, 0xa0: 4][offset] ?? 8
        bytes.put(UInt64(value), at: offset, size)
        // Two copies, as the profile says: in one, nothing but a name would be RAID.
        if offset == 0x32b + 17 + 24 {
            bytes.put(2, at: 0x32b + 17 + 44, 2)
            bytes.put(17 + 48 + 64, at: 0xa0, 4)
        }
        bytes.sum()
        #expect(throws: Failure(reason)) { try Superblock(bytes) }
    }

    @Test func `a superblock with another sum is damaged`() {
        var bytes = SmallBtrfs().superblock
        bytes[1000] ^= 1
        #expect(throws: Failure("its superblock is damaged: the checksum is another one")) { try Superblock(bytes) }
    }

    @Test func `a block counts only where it is what the pointer says`() {
        let disk = SmallBtrfs()
        let block = Array(disk.bytes[(SmallBtrfs.place + 0x1000)..<(SmallBtrfs.place + 0x2000)])
        let pointer = TreePointer(logical: SmallBtrfs.logical + 0x1000, generation: 100, level: 0)
        #expect(TreeBlock(block, at: pointer)?.items.count == 1)
        #expect(TreeBlock(block, at: TreePointer(logical: pointer.logical, generation: 101, level: 0)) == nil)
        #expect(TreeBlock(block, at: TreePointer(logical: pointer.logical, generation: 100, level: 1)) == nil)
        #expect(TreeBlock(block, at: TreePointer(logical: pointer.logical + 0x1000, generation: 100, level: 0)) == nil)
        #expect(TreeBlock([], at: pointer) == nil)
        var long = block
        long.put(0xffff_ffff, at: 0x60, 4)
        #expect(TreeBlock(long, at: pointer) == nil)
        var outside = block
        outside.put(0xffff_ffff, at: 0x65 + 17, 4)
        #expect(TreeBlock(outside, at: pointer)?.items.count == 0)
    }

    /// Blocks whose sums are right, so that all of what is in them is looked at.
    @Test func `numbers of any kind in any place lead nowhere`() throws {
        var numbers = SystemRandomNumberGenerator()
        let disk = SmallBtrfs()
        var found = 0
        for _ in 0..<3000 {
            var damaged = disk
            for _ in 0..<(1 + Int.random(in: 0..<3, using: &numbers)) {
                let block =
                    [Superblock.places[0], SmallBtrfs.place, SmallBtrfs.place + 0x1000, SmallBtrfs.place + 0x2000].randomElement() ?? 0
                // The items are at the ends of the blocks, and so are the lists.
                let area = block == Superblock.places[0] ? 0x400 : Bool.random() ? 0x100 : 0x1000
                let offset = block + (area == 0x1000 ? 0x1000 - 0x250 + Int.random(in: 0..<0x248) : Int.random(in: 0x20..<(area - 8)))
                let value = [0, 1, 0xff, 1 << 31, 1 << 40, .max, .max - 4095, UInt64.random(in: 0 ... .max)].randomElement() ?? 0
                damaged.bytes.put(value, at: offset, [1, 2, 4, 8].randomElement() ?? 8)
            }
            damaged.sum()
            if try damaged.reader()?.hasGoodRoot(madeAfter: 0) == true { found += 1 }
        }
        #expect(found > 100, "most numbers are of no matter here")
    }

    @Test func `a tree that is below itself ends`() throws {
        var disk = SmallBtrfs()
        // The root tree's block as a node: each of its pointers leads to a node that does so, seven levels down.
        let levels = 7
        for level in 0...levels {
            var node = [UInt8](repeating: 0, count: 4096)
            node.header(logical: SmallBtrfs.logical + UInt64(0x10000 + level * 0x1000), count: level == 0 ? 0 : 100, level: UInt8(level))
            for index in 0..<100 where level > 0 {
                node.put(SmallBtrfs.logical + UInt64(0x10000 + (level - 1) * 0x1000), at: 0x65 + index * 33 + 17, 8)
                node.put(100, at: 0x65 + index * 33 + 25, 8)
            }
            node.sum()
            disk.bytes.replaceSubrange(
                (SmallBtrfs.place + 0x10000 + level * 0x1000)..<(SmallBtrfs.place + 0x11000 + level * 0x1000), with: node)
        }
        disk.chunkSize(0x20000)
        disk.bytes.put(SmallBtrfs.logical + UInt64(0x10000 + levels * 0x1000), at: Superblock.places[0] + 0x50, 8)
        disk.bytes[Superblock.places[0] + 0xc6] = UInt8(levels)
        disk.sum()
        #expect(try disk.reader()?.hasGoodRoot(madeAfter: 0) == nil)
    }

    @Test func `a place behind the last number there is leads nowhere, wherever the filesystem begins`() throws {
        var disk = SmallBtrfs()
        let start = 1 << 20
        let chunk = Superblock.places[0] + 0x32b + 17
        disk.bytes.put(UInt64(Int.max), at: Superblock.places[0] + 0xd1, 8)
        disk.bytes.put(UInt64(Int.max - 0x4000), at: chunk + 56, 8)
        disk.sum()
        let bytes = disk.bytes
        let read = { (place: Int, count: Int) throws(Failure) -> [UInt8]? in
            place - start <= bytes.count - count ? Array(bytes[(place - start)..<(place - start + count)]) : nil
        }
        #expect(try TreeReader(from: start, reading: read) == nil)
    }

    @Test func `a chunk tree without an end is damaged`() {
        var disk = SmallBtrfs()
        let leaves = 120
        disk.bytes += [UInt8](repeating: 0, count: leaves << 12)
        disk.bytes.put(UInt64(disk.bytes.count), at: Superblock.places[0] + 0xd1, 8)
        disk.chunkSize(UInt64(0x11000 + leaves << 12))
        let content = Array(disk.bytes[(Superblock.places[0] + 0x32b + 17)..<(Superblock.places[0] + 0x32b + 97)])
        let count = 150
        var node = [UInt8](repeating: 0, count: 4096)
        node.header(logical: SmallBtrfs.logical + 0x10000, count: leaves, level: 1)
        for number in 0..<leaves {
            // All of its items have one content.
            var leaf = [UInt8](repeating: 0, count: 4096)
            let logical = SmallBtrfs.logical + UInt64(0x11000 + number << 12)
            leaf.header(logical: logical, count: count, level: 0)
            leaf.replaceSubrange(4000..<4080, with: content)
            for index in 0..<count {
                let place = 0x65 + index * 25
                leaf.put(256, at: place, 8)
                leaf[place + 8] = 228
                leaf.put(UInt64(1 + number * count + index) << 40, at: place + 9, 8)
                leaf.put(UInt64(4000 - 0x65), at: place + 17, 4)
                leaf.put(80, at: place + 21, 4)
            }
            leaf.sum()
            let place = SmallBtrfs.place + 0x11000 + number << 12
            disk.bytes.replaceSubrange(place..<(place + 4096), with: leaf)
            node.put(logical, at: 0x65 + number * 33 + 17, 8)
            node.put(100, at: 0x65 + number * 33 + 25, 8)
        }
        node.sum()
        disk.bytes.replaceSubrange((SmallBtrfs.place + 0x10000)..<(SmallBtrfs.place + 0x11000), with: node)
        disk.bytes.put(SmallBtrfs.logical + 0x10000, at: Superblock.places[0] + 0x58, 8)
        disk.bytes[Superblock.places[0] + 0xc7] = 1
        disk.sum()
        #expect(throws: Failure("its chunk tree is damaged: there is no end of chunks")) { try disk.reader() }
    }

    @Test func `what is not in pieces of 64 KiB goes into no overlay`() throws {
        let folder = try DiskFolder(in: "/tmp")
        try folder.write([UInt8](repeating: 2, count: 1 << 20), to: folder.file)
        let path = folder.file
        let overlay = try Overlay(folder.overlay, over: DirectDevice(path))
        let bytes = [UInt8](repeating: 1, count: 1 << 16)
        try overlay.put(bytes[...], at: 1 << 16)
        try overlay.patch(bytes[..<4096], at: 3 << 16 - 4096)
        func refusal(_ place: Int) -> Failure {
            Failure(
                "could not capture '\(path)': metadata of its btrfs at \(place) are not in pieces of 64 KiB",
                hint: "rehearse without --this-disk makes a disk of its own")
        }
        #expect(throws: refusal(4096)) { try overlay.put(bytes[...], at: 4096) }
        #expect(throws: refusal(1 << 18)) { try overlay.put(bytes[..<4096], at: 1 << 18) }
        #expect(throws: refusal(1 << 18 - 4096)) { try overlay.patch(bytes[..<8192], at: 1 << 18 - 4096) }
        withExtendedLifetime(folder) {}
    }
}

/// A filesystem of three blocks: the chunk tree, the root tree with one subvolume, and that subvolume with one attribute.
private struct SmallBtrfs {
    static let (logical, place): (UInt64, Int) = (0x100_0000, 0x2_0000)
    private static let id: [UInt8] = Array(1...16)
    var bytes = [UInt8](repeating: 0, count: 0x5_0000)

    init(markOf uuid: String = "01020304-0506-0708-090a-0b0c0d0e0f10") {
        let chunk = Self.chunk(0x4000)
        leaf(0, [((256, 228, Self.logical), chunk)])
        var root = [UInt8](repeating: 0, count: 439)
        for (value, offset, size) in [(100, 160, 8), (Self.logical + 0x2000, 176, 8), (1, 216, 4), (100, 303, 8)] as [(UInt64, Int, Int)] {
            root.put(value, at: offset, size)
        }
        root.replaceSubrange(247..<263, with: Self.id)
        leaf(0x1000, [((256, 132, 0), root)])
        let (name, value) = ("user.docker-btrfs.good", uuid)
        var attribute = [UInt8](repeating: 0, count: 30)
        attribute.put(UInt64(value.utf8.count), at: 25, 2)
        attribute.put(UInt64(name.utf8.count), at: 27, 2)
        leaf(0x2000, [((256, 1, 0), [UInt8](repeating: 7, count: 160)), ((256, 24, 77), attribute + Array(name.utf8) + Array(value.utf8))])
        var block = [UInt8](repeating: 0, count: 4096)
        block.replaceSubrange(0x40..<0x48, with: Array("_BHRfS_M".utf8))
        for (value, offset, size) in [
            (100, 0x48, 8), (Self.logical + 0x1000, 0x50, 8), (Self.logical, 0x58, 8), (1, 0x88, 8), (4096, 0x90, 4), (4096, 0x94, 4),
            (UInt64(17 + chunk.count), 0xa0, 4), (100, 0xa4, 8), (0x341, 0xbc, 8), (UInt64(bytes.count), 0xd1, 8),
        ] as [(UInt64, Int, Int)] { block.put(value, at: offset, size) }
        var list = [UInt8](repeating: 0, count: 17)
        list.put(256, at: 0, 8)
        list.put(228, at: 8, 1)
        list.put(Self.logical, at: 9, 8)
        block.replaceSubrange(0x32b..<(0x32b + 17 + chunk.count), with: list + chunk)
        bytes.replaceSubrange(Superblock.places[0]..<(Superblock.places[0] + 4096), with: block)
        sum()
    }

    private static func chunk(_ size: UInt64) -> [UInt8] {
        var chunk = [UInt8](repeating: 0, count: 80)
        for (value, offset, size) in [(size, 0, 8), (1 << 1 | 1 << 2, 24, 8), (1, 44, 2), (1, 48, 8), (UInt64(place), 56, 8)]
            as [(UInt64, Int, Int)]
        { chunk.put(value, at: offset, size) }
        return chunk
    }

    mutating func chunkSize(_ size: UInt64) {
        leaf(0, [((256, 228, Self.logical), Self.chunk(size))])
        bytes.replaceSubrange((Superblock.places[0] + 0x32b + 17)..<(Superblock.places[0] + 0x32b + 97), with: Self.chunk(size))
    }

    private mutating func leaf(_ offset: Int, _ items: [((UInt64, UInt8, UInt64), [UInt8])]) {
        var block = [UInt8](repeating: 0, count: 4096)
        block.header(logical: Self.logical + UInt64(offset), count: items.count, level: 0)
        var end = 4096
        for (index, (key, content)) in items.enumerated() {
            let place = 0x65 + index * 25
            end -= content.count
            block.put(key.0, at: place, 8)
            block[place + 8] = key.1
            block.put(key.2, at: place + 9, 8)
            block.put(UInt64(end - 0x65), at: place + 17, 4)
            block.put(UInt64(content.count), at: place + 21, 4)
            block.replaceSubrange(end..<(end + content.count), with: content)
        }
        block.sum()
        bytes.replaceSubrange((Self.place + offset)..<(Self.place + offset + 4096), with: block)
    }

    /// Makes the sums right.
    mutating func sum() {
        for place in [Superblock.places[0], Self.place, Self.place + 0x1000, Self.place + 0x2000] {
            var block = Array(bytes[place..<(place + 4096)])
            block.sum()
            bytes.replaceSubrange(place..<(place + 4096), with: block)
        }
    }

    var superblock: [UInt8] { Array(bytes[Superblock.places[0]..<(Superblock.places[0] + 4096)]) }

    func reader() throws -> TreeReader? {
        let bytes = bytes
        let read = { (place: Int, count: Int) throws(Failure) -> [UInt8]? in
            place >= 0 && count >= 0 && place <= bytes.count - count ? Array(bytes[place..<(place + count)]) : nil
        }
        return try TreeReader(reading: read)
    }
}

extension [UInt8] {
    fileprivate mutating func put(_ value: UInt64, at offset: Int, _ size: Int) {
        for index in 0..<size { self[offset + index] = UInt8(truncatingIfNeeded: value >> (8 * UInt64(index))) }
    }

    fileprivate mutating func header(logical: UInt64, count: Int, level: UInt8) {
        put(logical, at: 0x30, 8)
        put(100, at: 0x50, 8)
        put(UInt64(count), at: 0x60, 4)
        self[0x64] = level
    }

    fileprivate mutating func sum() { put(UInt64(self[32...].crc32c), at: 0, 4) }
}
