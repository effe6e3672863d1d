import Planning
import Testing

/// What is not whole yet, by its name.
struct DraftTests {
    private static let layer = String(repeating: "0a", count: 32)

    @Test(
        arguments: [
            ("\(layer).new", layer, true), ("mine.new", "mine", false), ("x.root.new", "x.root", false), (".new", nil, false),
            (layer, nil, false),
        ] as [(String, String?, Bool)])
    func `a draft of a layer is called as a layer is`(name: String, finished: String?, isOfLayer: Bool) {
        #expect(Draft.finished(Array(name.utf8)) == finished.map { Array($0.utf8) })
        #expect(Draft.isOfLayer(Array(name.utf8)) == isOfLayer)
        if let finished { #expect(Draft.name(of: Array(finished.utf8)) == Array(name.utf8)) }
    }
}
