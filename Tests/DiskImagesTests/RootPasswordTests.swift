import Basics
import Foundation
import Testing

@testable import DiskImages

struct RootPasswordTests {
    @Test(arguments: ["$6$salt$hash\n", "$6$salt$hash\r\n", "$6$salt$hash"])
    func `a password ends with its line`(text: String) async throws {
        let file = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try Data(text.utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        #expect(try await GivenPassword(in: file.path).hash() == "$6$salt$hash")
    }

    @Test(arguments: [
        ("$my$pass$word", "it may be a password, or a hash by a method 'my' that is not known"), ("$my$password", nil),
        ("$6$a_b@1$hash", nil), ("$md5,rounds=5000$salt$hash", nil), ("$6$salt$hash ", "it is no hash of a password"),
        ("root:$6$a$b:20000:0:99999:7:::", "it is a line of shadow(5)"),
        (String(repeating: "p", count: 257), "the password has more than 256 bytes"), (String(repeating: "p", count: 256), nil),
        ("$y$j9T$salt$hash", nil), ("", "its first line is empty"),
    ])
    func `what is no password that root could log in by is refused`(line: String, reason: String?) throws {
        let file = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try Data("\(line)\n".utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        do throws(Failure) {
            let password = try GivenPassword(in: file.path)
            #expect(reason == nil)
            #expect(password.isHash == (line.split(separator: "$").count == 3 || line.hasPrefix("$y$")))
        } catch {
            #expect(error.message == reason.map { "could not use '\(file.path)': \($0)" })
        }
    }

    @Test func `a root with a password has it in shadow, and a shell that is there`() throws {
        func passwd(_ text: String, shell: String? = nil) throws -> String {
            String(decoding: try RootPassword.passwd(Array(text.utf8), shell: shell) { $0 == "/bin/sh" }, as: UTF8.self)
        }
        #expect(
            try passwd("web:x:1:1::/:/bin/sh\nroot::0:0:root:/root:/bin/ash") == "web:x:1:1::/:/bin/sh\nroot:x:0:0:root:/root:/bin/ash\n")
        #expect(try passwd("web:x:1:1::/:/bin/sh\n") == "web:x:1:1::/:/bin/sh\n")
        #expect(try passwd("", shell: "/our/sh") == "root:x:0:0:root:/root:/our/sh\n")
        #expect(try passwd("root:x:0:0:root:/root:/sbin/nologin\n", shell: "/our/sh") == "root:x:0:0:root:/root:/our/sh\n")
        #expect(try passwd("root::0:0:me:/:/bin/sh\n", shell: "/our/sh") == "root:x:0:0:me:/:/bin/sh\n")
        #expect(try passwd("root::0:0:me:/:\n", shell: "/our/sh") == "root:x:0:0:me:/:\n")
        // Others' names may be of any bytes.
        let latin: [UInt8] = [0xe9] + Array(":x:1:1:M".utf8) + [0xfc] + Array("ller:/:/bin/sh\n".utf8)
        let people = try RootPassword.passwd(latin + Array("root::0:0::/:/bin/sh\n".utf8))
        #expect(people.starts(with: latin))
        #expect(RootPassword.shadow(latin, hash: "$6$a").suffix(latin.count).elementsEqual(latin))
        let shadow = RootPassword.shadow(Array("web:!:1::::::\nroot:*:1::::::".utf8), hash: "$6$a")
        #expect(String(decoding: shadow, as: UTF8.self) == "root:$6$a:20000:0:99999:7:::\nweb:!:1::::::\n")
    }
}
