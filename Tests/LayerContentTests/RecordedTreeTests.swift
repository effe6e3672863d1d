import Basics
import Testing

@testable import LayerContent

struct RecordedTreeTests {
    /// Layers from the lowest: `a/b=3` is a file of 3 bytes, `a/` a directory, and anything else has no content.
    private func tree(_ layers: [String]...) -> [String] {
        let tree = RecordedTree()
        for layer in layers {
            tree.add(
                layer.map { text in
                    let parts = text.split(separator: "=")
                    return RecordedFile(name: Array((parts.first ?? "").utf8), size: parts.count > 1 ? Int(parts[1])! : 0, checksum: nil)
                })
        }
        return names(in: tree, "").sorted()
    }

    private func names(in tree: RecordedTree, _ path: String) -> [String] {
        tree.files.map { "\(path)\(String(decoding: $0, as: UTF8.self))=\($1.size)" }
            + tree.folders.flatMap { names(in: $1, "\(path)\(String(decoding: $0, as: UTF8.self))/") }
    }

    @Test func `a layer lies over those below it`() {
        #expect(tree(["etc/", "etc/a=1", "etc/b=2"], ["etc/", "etc/a=9", "./etc/c=3"]) == ["etc/a=9", "etc/b=2", "etc/c=3"])
    }

    @Test func `a whiteout hides what is below, in whatever order it is in the archive`() {
        #expect(tree(["a/x=1", "a/y=2", "b=1"], ["a/x=5", "a/.wh.x", "a/.wh.y", ".wh.b"]) == ["a/x=5"])
        #expect(tree(["a/d/x=1"], ["a/.wh.d"]) == [])
        #expect(tree(["a/d/x=1", "a/e=1"], ["a/d/z=2", "a/.wh..wh..opq"]) == ["a/d/z=2"])
        #expect(tree(["a=1"], [".wh..wh.plnk", ".wh..wh.aufs"]) == ["a=1"])
    }

    @Test func `what has no content of its own takes the place of a file`() {
        #expect(tree(["a=1", "b=1", "c/d=1"], ["a", "c"]) == ["b=1"])
        #expect(tree(["a/b=1"], ["a=2"]) == ["a=2"])
        #expect(tree(["a=1"], ["a/", "a/b=2"]) == ["a/b=2"])
    }

    @Test func `a name that leads out is no name`() {
        #expect(tree(["../../etc/passwd=1", "a/../b=1", "/c=1", ".=3", ""]) == ["c=1"])
    }
}
