import Basics
import Entering
import Foundation
import Testing

/// Users of a root, by what its own files say.
struct AccountTests {
    private func account(
        _ asked: String?, passwd: String = "root:x:0:0::/root:/bin/sh\nsome:x:1234:1235::/home/some:/bin/ash\n",
        group: String = "root:x:0:\nsome:x:1235:\nmore:x:1236:other,some\n"
    ) throws -> Account {
        let top = FileManager.default.temporaryDirectory.appending(path: "docker-btrfs-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: top) }
        try FileManager.default.createDirectory(at: top.appending(path: "etc"), withIntermediateDirectories: true)
        try Data(passwd.utf8).write(to: top.appending(path: "etc/passwd"))
        try Data(group.utf8).write(to: top.appending(path: "etc/group"))
        return try Account(asked, in: Directory(opening: top.path))
    }

    @Test func `a user is found by name and by number, and a number needs no entry`() throws {
        let some = try account("some")
        #expect(some.user == 1234 && some.group == 1235 && some.groups == [1235, 1236])
        #expect(some.name == "some" && some.home == "/home/some" && some.shell == "/bin/ash")
        #expect(try account("1234") == some)
        #expect(try account(nil).groups == [0])
        let other = try account("77:more")
        #expect(other.user == 77 && other.groups == [1236] && other.home == "/")
        let highest = try account("4294967294:4294967294")
        #expect(highest.user == 4_294_967_294 && highest.groups == [4_294_967_294])
    }

    private static let range = "numbers of users and groups go from 0 to 4294967294"

    @Test(arguments: ["4294967295", "4294967296", "99999999999999999999"])
    func `a number that nobody can have is refused wherever it comes from`(number: String) throws {
        func refused(_ title: String) -> Failure { Failure("could not use the number '\(number)'\(title)", hint: Self.range) }
        #expect(throws: refused("")) { try account(number) }
        #expect(throws: refused("")) { try account("some:\(number)") }
        let user = "some:x:\(number):1235::/:/bin/sh\n"
        #expect(throws: refused(" of the user 'some'")) { try account("some", passwd: user) }
        #expect(throws: refused(" of the group of 'some'")) { try account("some", passwd: "some:x:1:\(number)::/:/bin/sh\n") }
        #expect(throws: refused(" of the group 'large'")) { try account("some:large", group: "large:x:\(number):\n") }
        #expect(throws: refused(" of the group 'large'")) { try account("some", group: "large:x:\(number):some\n") }
        // Of others nothing is asked.
        #expect(try account("root", passwd: "root:x:0:0::/root:/bin/sh\n" + user, group: "large:x:\(number):some\n").groups == [0])
    }

    @Test(arguments: ["", "-1", "+0", "0x0", "root"])
    func `what is no number does not become root's`(text: String) throws {
        func refused(_ title: String) -> Failure { Failure("could not use the number '\(text)' of the \(title) 'some'", hint: Self.range) }
        #expect(throws: refused("user")) { try account("some", passwd: "some:x:\(text):1235::/:/bin/sh\n") }
        #expect(throws: refused("group of")) { try account("some", passwd: "some:x:1:\(text)::/:/bin/sh\n") }
        #expect(throws: Failure.self) { try account("nobody-\(text)") }
    }
}
