import Basics
import Planning
import Testing

/// What is a file of a layer, and what only says something about the files below it: one answer for all that asks.
struct LayerNameTests {
    @Test(
        arguments: [
            ("file", .entry), (".wh", .entry), ("wh.file", .entry), (".whale", .entry), ("a.wh.b", .entry), (".docker-btrfs.json", .entry),
            (".wh.file", .whiteout(Array("file".utf8))), (".wh.wh.", .whiteout(Array("wh.".utf8))),
            (".wh...x", .whiteout(Array("..x".utf8))),
            (".wh.", .whiteout(nil)), (".wh..", .whiteout(nil)), (".wh...", .whiteout(nil)), (".wh..wh..opq", .opaque),
            (".wh..wh.", .reserved), (".wh..wh..opq2", .reserved), (".wh..wh.plnk", .reserved),
        ] as [(String, LayerName)])
    func `a name`(name: String, meaning: LayerName) {
        #expect(LayerName(Array(name.utf8)) == meaning)
        #expect(LayerRules.none.isCopied(Array(name.utf8), in: "etc") == (meaning == .entry))
    }

    @Test func `the layer's rules are a file everywhere but at its top`() {
        #expect(!LayerRules.none.isCopied(Array(".docker-btrfs.json".utf8), in: .top))
        #expect(LayerRules.none.isCopied(Array(".docker-btrfs.json".utf8), in: "etc"))
    }
}
