import Basics
import Testing

struct PathTests {
    @Test(arguments: [
        ("", "/"), ("/", "/"), (".", "/"), ("docker", "/docker"), ("/docker/", "/docker"), ("//a///b//", "/a/b"), ("./a/./b/.", "/a/b"),
        ("a b", "/a b"), ("...", "/..."), ("a..b/..c", "/a..b/..c"),
    ])
    func `a path loses slashes and dots that mean nothing`(text: String, printed: String) {
        #expect(Path(text)?.description == printed)
    }

    @Test(arguments: ["..", "/..", "a/..", "a/../b", "../a", "a\0b", "\0"])
    func `a path never leads up and never ends early`(text: String) {
        #expect(Path(text) == nil)
    }

    @Test func `two paths are joined by one slash, and the top changes nothing`() throws {
        let path: Path = "a/b"
        #expect(path / "c" == "a/b/c")
        #expect(path / .top == path)
        #expect(.top / path == path)
        #expect(Path.top / .top == .top)
    }

    @Test func `what a path is below, and what it is within`() {
        let path: Path = "a/b"
        #expect(path.isBelow("a"))
        for other: Path in ["a/b", "a/b/c", "b", .top] { #expect(!path.isBelow(other)) }
        #expect(!path.isBelow(nil))
        for other: Path in ["a", "a/b", .top] { #expect(path.isWithin(other)) }
        for other: Path in ["a/b/c", "b", "a/bc"] { #expect(!path.isWithin(other)) }
        #expect(!("ab" as Path).isWithin("a"))
    }

    @Test(
        arguments: [
            ("docker/image", "docker", "image"), ("docker/a/b", "docker/a", "b"), ("docker", .top, "docker"), ("docker", "docker", .top),
            (.top, .top, .top), ("docker2", "docker", nil), ("docker2/image", "docker", nil), ("docker", "docker/image", nil),
            (.top, "docker", nil),
        ] as [(Path, Path, Path?)])
    func `a path is taken off another one by whole names`(path: Path, base: Path, rest: Path?) {
        #expect(path.path(below: base) == rest)
    }

    @Test func `a path with one more name`() {
        #expect(("a" as Path).appending("b c") == "a/b c")
        #expect(Path.top.appending("a") == "a")
    }

    @Test func `the parent of a path, and its name`() {
        let path: Path = "a/b/c"
        #expect(path.parent == "a/b")
        #expect(path.name == Array("c".utf8))
        #expect(path.components == ["a", "b", "c"].map { Array($0.utf8) })
        #expect(path.parent.parent.parent == .top)
        #expect(Path.top.parent == .top)
        #expect(Path.top.name == [])
        #expect(Path.top.components == [])
    }

    @Test func `bytes that are not UTF-8 are kept, and two such paths differ`() throws {
        let first = try #require(Path([0x61, 0xff]))
        let second = try #require(Path([0x61, 0xfe]))
        #expect(first.bytes == [0x61, 0xff])
        #expect(first != second)
        #expect(first.description == "/a\u{fffd}")
    }

    @Test func `bytes in hexadecimal are two digits each`() {
        #expect(hexadecimal([0, 9, 10, 0xaf, 0xff]) == "00090aafff")
        #expect(hexadecimal([]) == "")
    }
}
