import Testing

@testable import Basics
@testable import Planning

struct MarkTests {
    private let subvolume = Self.subvolume("30f57f2c-1a2b-4c3d-8e4f-5a6b7c8d9e0f")
    private let text = """
        docker-btrfs root 1
        subvolume 30f57f2c-1a2b-4c3d-8e4f-5a6b7c8d9e0f
        number 7
        made 1800000000
        image sample_image:latest
        id sha256:1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a
        chain sha256:2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b
        layer /docker/btrfs/subvolumes/x8rj
        toplayer sha256:3c

        """

    private static func subvolume(_ uuid: String, id: UInt64 = 256) -> Subvolume {
        Subvolume(id: id, uuid: uuid, transaction: 12, changed: 0)
    }

    private func mark(
        _ reference: String = "sample_image:latest", topLayer: String? = "sha256:3c", over topLayers: [Path] = [],
        made: Int = 1_800_000_000
    ) throws -> Mark {
        let id = try #require(Digest("sha256:\(String(repeating: "1a", count: 32))"))
        let chain = try #require(Digest("sha256:\(String(repeating: "2b", count: 32))"))
        let origin = Origin(
            reference: try ImageReference(reference), imageID: ImageID(id), chainID: ChainID(chain), layer: "docker/btrfs/subvolumes/x8rj",
            topLayer: topLayer, topLayers: topLayers
        )
        return Mark(origin: origin, number: 7, made: made)
    }

    private func parse(_ text: String) -> Mark? {
        Mark(parsing: Array(text.utf8), subvolume: subvolume)
    }

    @Test func `a mark is nine lines, and what was written is read`() throws {
        #expect(try mark().text(subvolume: subvolume) == text)
        #expect(try parse(text) == mark())
    }

    @Test(arguments: [0, -1, 86_399, Int.max])
    func `any clock will do`(time: Int) throws {
        #expect(try parse(mark(made: time).text(subvolume: subvolume)) == mark(made: time))
    }

    @Test func `without a state of the top layer its line is empty`() throws {
        let written = try mark(topLayer: nil).text(subvolume: subvolume)
        #expect(written == text.replacing("toplayer sha256:3c", with: "toplayer "))
        #expect(try parse(written) == mark(topLayer: nil))
    }

    @Test func `the top layers stand below, one a line`() throws {
        let mark = try mark(over: ["files/common", "files/machine/52-54-00-12-34-56"])
        #expect(mark.text(subvolume: subvolume) == text + "over /files/common\nover /files/machine/52-54-00-12-34-56\n")
        #expect(parse(mark.text(subvolume: subvolume)) == mark)
    }

    @Test func `a top layer is the same one, whatever signs are in its name`() throws {
        let paths: [Path] = ["\u{645}\u{6cc}\u{200c}\u{62e}/layer", "desk\u{200d}top"]
        let mark = try #require(try parse(mark(over: paths).text(subvolume: subvolume)))
        #expect(mark.origin.isOver(paths))
    }

    @Test func `what a later version adds below does no harm`() throws {
        #expect(try parse(text + "kept since monday\n") == mark())
    }

    @Test func `a snapshot of a root has its mark, and is not ours`() {
        #expect(Mark(parsing: Array(text.utf8), subvolume: Self.subvolume("30f57f2c-1a2b-4c3d-8e4f-5a6b7c8d9e00")) == nil)
        #expect(Mark(parsing: Array(text.utf8), subvolume: Self.subvolume("")) == nil)
    }

    @Test func `the same subvolume with another id is ours: the uuid tells`() throws {
        #expect(try Mark(parsing: Array(text.utf8), subvolume: Self.subvolume(subvolume.uuid, id: 999)) == mark())
    }

    @Test func `a mark that is cut short anywhere is none`() {
        for length in 0..<text.utf8.count {
            #expect(Mark(parsing: Array(text.utf8.prefix(length)), subvolume: subvolume) == nil, "the first \(length) bytes")
        }
    }

    @Test(arguments: [
        ("root 1", "root 2"), ("root 1", "root 11"), ("id ", "ID "), ("image sample_image:latest\n", ""), ("number 7", "number seven"),
        ("number 7", "number "), ("made 1800000000", "made yesterday"), ("layer /docker", "layer /../docker"),
        ("number 7\n", "number 7\n7\n"), ("number 7", "number -7"),
        ("image sample_image:latest", "image "), ("image sample_image:latest", "image a\u{1b}[2J"),
        ("image sample_image:latest", "image a b"),
        ("image sample_image:latest", "image \u{9b}2J"), ("id sha256:1a", "id 1a"), ("id sha256:1a", "id sha256:"),
        ("id sha256:1a", "id sha256:1a 2b"), ("chain sha256:2b", "chain 2b"), ("chain sha256:2b", "chain sha256:../roots"),
        ("chain sha256:2b", "chain sha256:."), ("chain sha256:2b", "chain sha256:a/b"), ("chain sha256:2b", "chain sha256:2B"),
    ])
    func `a mark with something else in it is none`(text: String, other: String) {
        #expect(parse(self.text.replacing(text, with: other)) == nil)
    }

    @Test(arguments: ["1000000001", "2147483647", "2147483648", "9223372036854775807", "9223372036854775808", "99999999999999999999999999"])
    func `a number that is too high was made up, and counts as the lowest`(number: String) throws {
        let mark = try #require(parse(text.replacing("number 7", with: "number \(number)")))
        #expect(mark.number > RootNumber.highest)
        #expect(mark.counted().number == 0)
        #expect(RootNumber.next(after: [mark.number, 5]) == 6)
    }

    @Test(arguments: [
        ("-1", -1), ("9223372036854775808", Int.max), ("-99999999999999999999", -Int.max), ("253402300800", 253_402_300_800),
    ])
    func `a time may be any`(text: String, time: Int) {
        #expect(parse(self.text.replacing("made 1800000000", with: "made \(text)"))?.made == time)
    }

    @Test(arguments: [(1, 4000), (3, 1400), (300, 20), (2, 4095)])
    func `what is written fits in an attribute, however long paths are, and still tells layers apart`(count: Int, length: Int) throws {
        let paths = try (1...count).map { try #require(Path("\($0)/" + String(repeating: "x", count: length))) }
        let layer = try #require(Path(String(repeating: "docker/", count: 500) + "btrfs/subvolumes/x8rj"))
        let origin = Origin(
            reference: try ImageReference("sample_image:latest"), imageID: .named("v1"), chainID: .named("chain-v1"), layer: layer,
            topLayer: String(repeating: "state ", count: 700), topLayers: paths
        )
        let written = Mark(origin: origin, number: 7, made: 0).text(subvolume: subvolume)
        #expect(written.utf8.count <= Mark.limit)
        let read = try #require(parse(written))
        #expect(read.origin.isOver(paths))
        #expect(!read.origin.isOver(paths.reversed() + ["another"]))
        #expect(read.text(subvolume: subvolume) == written)
    }

    @Test func `anything else is no mark`() {
        #expect(parse("yes\n") == nil)
        #expect(parse(String(repeating: "\n", count: 9)) == nil)
        #expect(Mark(parsing: [UInt8](repeating: 0xff, count: 4096), subvolume: subvolume) == nil)
        #expect(Mark(parsing: Array("docker-btrfs root 1\n".utf8) + [0, 0xff, 10, 10, 10, 10, 10], subvolume: subvolume) == nil)
    }

    @Test(arguments: [
        "debian", "debian:latest", "docker.io/library/debian", "docker.io/other.host/x", "a8be6", "sha256:a8be6",
        "[::1]:5000/team/x@sha256:a8be6a5138c5d7f5ec05c29530aafd7971f30d23bad9e01ab95138c6e7f5829c",
    ])
    func `a reference is kept as it was written`(reference: String) throws {
        let mark = try mark(reference)
        #expect(mark.text(subvolume: subvolume).contains("\nimage \(reference)\n"))
        #expect(parse(mark.text(subvolume: subvolume)) == mark)
    }

    @Test func `that a boot was good names the subvolume too, and is kept beside the mark`() {
        #expect(GoodMark.text(subvolume: subvolume) == subvolume.uuid)
        #expect(GoodMark.attribute != Mark.attribute)
    }

    @Test func `what is known of a top layer is read again, for the root that it was written on`() throws {
        let other = "0c0e6a0e-6f27-4a86-8d83-8d1e6b6f1f0a"
        let known = KnownLayer(subvolume: other, inode: 259, transaction: 42, state: "sha256:\(String(repeating: "3c", count: 32))")
        let text = known.text(root: subvolume)
        #expect(text.hasSuffix(" 259 42 \(known.state)\n"))
        #expect(KnownLayer(parsing: Array(text.utf8), root: subvolume) == known)
        #expect(KnownLayer(parsing: Array(text.utf8), root: Self.subvolume(other)) == nil)
        for damaged in [String(text.dropLast()), "\n", "", "2" + text.dropFirst(), text.replacing("259", with: "-1"), "1 " + text] {
            #expect(KnownLayer(parsing: Array(damaged.utf8), root: subvolume) == nil, "\(damaged)")
        }
    }
}
