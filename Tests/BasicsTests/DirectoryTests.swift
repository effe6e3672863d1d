import Basics
import Foundation
import Testing

/// Reading below a directory whose content nobody can be trusted with.
final class DirectoryTests {
    private let folder: URL
    private let directory: Directory

    init() throws {
        folder = URL(filePath: "/dev/shm/docker-btrfs-tests-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder.appending(path: "root/sub"), withIntermediateDirectories: true)
        try Data("secret".utf8).write(to: folder.appending(path: "outside"))
        try Data("inside".utf8).write(to: folder.appending(path: "root/file"))
        directory = try Directory(opening: folder.appending(path: "root").path, label: "/store")
    }

    deinit {
        try? FileManager.default.removeItem(at: folder)
    }

    private func link(_ name: String, to target: String) throws {
        try FileManager.default.createSymbolicLink(atPath: folder.appending(path: "root/\(name)").path, withDestinationPath: target)
    }

    private func text(_ path: Path) throws -> String? {
        try directory.contents(of: path).map { String(decoding: $0, as: UTF8.self) }
    }

    @Test func `a file is read whole`() throws {
        #expect(try text("file") == "inside")
        let large = [UInt8]((0..<200_000).map { UInt8(truncatingIfNeeded: $0) })
        try Data(large).write(to: folder.appending(path: "root/large"))
        #expect(try directory.contents(of: "large") == large)
    }

    @Test func `a link that leads up is followed while files are renamed elsewhere, which the kernel cannot do in one go`() async throws {
        try link("sub/up", to: "../file")
        let busy = folder.appending(path: "busy")
        try Data().write(to: busy)
        let renaming = Task.detached {
            while !Task.isCancelled {
                _ = rename(busy.path, busy.path + "2")
                _ = rename(busy.path + "2", busy.path)
            }
        }
        for _ in 1...20_000 { #expect(try directory.target(of: "sub/up")?.kind == .file) }
        renaming.cancel()
    }

    @Test func `where there is nothing, nothing is the answer`() throws {
        #expect(try text("no") == nil)
        #expect(try text("no/such/file") == nil)
        #expect(try text("file/below") == nil)
        #expect(try directory.status(of: "no") == nil)
        #expect(try directory.directory(at: "no") == nil)
    }

    @Test(arguments: ["../outside", "../../../../../outside", "sub/../../outside"])
    func `a symlink that leads out finds nothing`(target: String) throws {
        try link("link", to: target)
        #expect(try text("link") == nil)
        #expect(try directory.target(of: "link") == nil)
        #expect(try directory.status(of: "link")?.kind == .symlink)
    }

    @Test func `an absolute symlink starts at the directory`() throws {
        try link("link", to: "/file")
        try link("passwd", to: "/etc/passwd")
        #expect(try text("link") == "inside")
        #expect(try text("passwd") == nil)
    }

    @Test func `the place of the directory itself in an absolute symlink means nothing`() throws {
        try link("link", to: folder.appending(path: "outside").path)
        #expect(try text("link") == nil)
    }

    @Test func `symlinks in a circle are an error`() throws {
        try link("a", to: "b")
        try link("b", to: "a")
        #expect(throws: Failure("could not look at '/store/a': Too many levels of symbolic links")) { try self.directory.contents(of: "a") }
    }

    @Test(.timeLimit(.minutes(1))) func `a fifo holds nothing up`() throws {
        #expect(mkfifo(folder.appending(path: "root/fifo").path, 0o600) == 0)
        #expect(throws: Failure("could not read '/store/fifo': it is not a regular file")) { try self.directory.contents(of: "fifo") }
        // To open this one fails.
        let device = folder.appending(path: "root/device").path
        #expect(mknod(device, S_IFCHR | 0o600, 240 << 8 | 99) == 0)
        #expect(throws: Failure("could not read '/store/device': it is not a regular file")) { try self.directory.contents(of: "device") }
        #expect(try directory.status(of: "fifo")?.kind == .other)
    }

    @Test func `a directory is not a file, and a file no directory`() throws {
        #expect(throws: Failure("could not read '/store/sub': it is not a regular file")) { try self.directory.contents(of: "sub") }
        #expect(throws: Failure("could not open the directory '/store/file': Not a directory")) {
            try self.directory.directory(at: "file")
        }
    }

    @Test func `a file that is too large is refused, one at the limit is read`() throws {
        #expect(try directory.contents(of: "file", limit: 6)?.count == 6)
        #expect(throws: Failure("could not read '/store/file': it is larger than 5 bytes")) {
            try self.directory.contents(of: "file", limit: 5)
        }
    }

    @Test func `names come sorted by their bytes, whatever is in them`() throws {
        for name in ["b", "a\nb", "B", "ä", ".hidden"] { try Data().write(to: folder.appending(path: "root/\(name)")) }
        let names = [".hidden", "B", "a\nb", "b", "file", "sub", "ä"].map { Array($0.utf8) }
        #expect(try directory.names() == names)
        #expect(try directory.names() == names, "reading the names again")
    }

    @Test func `a large directory is read as a stream, each name once and with its kind`() throws {
        for number in 1...3000 { #expect(mkfifo(folder.appending(path: "root/a rather long name \(number)").path, 0o600) == 0) }
        for time in ["first", "second"] {
            var kinds: [String: UInt8] = [:]
            var count = 0
            try directory.forEachName { (name, kind) in
                kinds[String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)] = kind
                count += 1
            }
            #expect(count == 3002, "the \(time) time")
            #expect(kinds.count == 3002)
            #expect(kinds["sub"] == UInt8(DT_DIR) && kinds["file"] == UInt8(DT_REG))
            #expect(kinds["a rather long name 3000"] == UInt8(DT_FIFO))
        }
    }

    @Test func `a failure of who reads a directory ends the reading`() throws {
        var seen = 0
        #expect(throws: Failure("enough")) {
            try self.directory.forEachName { (_, _) throws(Failure) in
                seen += 1
                throw Failure("enough")
            }
        }
        #expect(seen == 1)
    }

    @Test func `messages name a path by the label`() throws {
        #expect(directory.show("a/b") == "/store/a/b")
        #expect(directory.show(.top) == "/store")
        #expect(try directory.directory(at: "sub")?.show("x") == "/store/sub/x")
        #expect(try directory.directory(at: .top)?.show("x") == "/store/x")
        let root = try Directory(opening: "/")
        #expect(root.show(.top) == "/")
        #expect(root.show("a") == "/a")
    }

    @Test func `a directory that cannot be opened is an error with the reason`() {
        let expected = Failure("could not open the directory '/no/such': No such file or directory")
        #expect(throws: expected) { try Directory(opening: "/no/such") }
    }

    @Test func `an attribute that is not there is none`() throws {
        #expect(try directory.attribute("trusted.docker-btrfs.none") == nil)
    }

    @Test func `a directory that is not on btrfs is no subvolume`() throws {
        #expect(!directory.isOnBtrfs)
        #expect(try directory.subvolume() == nil)
    }
}
