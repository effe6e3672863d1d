import Basics
import Fixtures
import Foundation
import TestSupport
import Testing

@testable import Deployments

/// The people of a machine, in each image's system.
struct MachineUsersTests {
    private let fixture = Fixture()

    /// A machine with ann and bob, and an image whose own user has the number that a user of the machine's packages has.
    init() throws {
        try fixture.write(
            """
            root:x:0:0:root:/root:/bin/bash
            sshd:x:102:65534::/run/sshd:/usr/sbin/nologin
            ann:x:1000:1000:Ann,,,:/home/ann:/bin/bash
            bob:x:1001:1000::/home/bob:/bin/sh
            nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin

            """, to: "machine/etc/passwd")
        try fixture.write("root:x:0:\nsudo:x:27:ann,bob,x\naudio:x:29:\nann:x:1000:bob\nnogroup:x:65534:\n", to: "machine/etc/group")
        try fixture.write("root:$y$root:1::::::\nsshd:!:1::::::\nann:$y$ann:1::::::\nbob:!:1::::::\n", to: "machine/etc/shadow")
        try fixture.write("root:x:0:0:root:/root:/bin/sh\nmessagebus:x:102:102::/:/bin/false\n", to: "image/etc/passwd")
        try fixture.write("root:x:0:\nsudo:x:27:\nmessagebus:x:102:\n", to: "image/etc/group")
        try fixture.write("root:*:1::::::\nmessagebus:!:1::::::\n", to: "image/etc/shadow")
        try fixture.run("chmod", "640", fixture.folder.appending(path: "image/etc/shadow").path)
    }

    private func files() throws -> [String: String] {
        let machine = try Directory(opening: fixture.folder.appending(path: "machine").path)
        return Dictionary(uniqueKeysWithValues: try MachineUsers(in: machine).files.map { ($0.name, $0.text) })
    }

    @Test func `they are told from the users of packages`() throws {
        let files = try files()
        #expect(files["passwd"] == "ann:x:1000:1000:Ann,,,:/home/ann:/bin/bash\nbob:x:1001:1000::/home/bob:/bin/sh\n")
        #expect(files["group"] == "ann:x:1000:bob\n")
        #expect(files["shadow"] == "root:$y$root:1::::::\nann:$y$ann:1::::::\nbob:!:1::::::\n")
        #expect(files["members"] == "sudo:ann\nsudo:bob\n")
        #expect(files["gshadow"] == "")
    }

    @Test(arguments: [1, 2])
    func `the image's system gets them and keeps its own, however often`(times: Int) async throws {
        for (name, text) in try files() { try fixture.write(text, to: "image/etc/docker-btrfs/users/\(name)") }
        let image = fixture.folder.appending(path: "image").path
        for _ in 0..<times { try await output(of: ["sh", Repository.path("hooks/machine/users"), image]) }
        #expect(
            try fixture.read("image/etc/passwd")
                == (files()["passwd"] ?? "") + "root:x:0:0:root:/root:/bin/sh\nmessagebus:x:102:102::/:/bin/false\n")
        #expect(try fixture.read("image/etc/group") == "ann:x:1000:bob\nroot:x:0:\nsudo:x:27:ann,bob\nmessagebus:x:102:\n")
        let shadow = try fixture.read("image/etc/shadow")
        #expect(shadow == "root:$y$root:1::::::\nann:$y$ann:1::::::\nbob:!:1::::::\nmessagebus:!:1::::::\n")
        let mode = try await output(of: ["stat", "--format", "%a", "\(image)/etc/shadow"])
        #expect(mode == "640\n")
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: "\(image)/etc").sorted() == ["docker-btrfs", "group", "passwd", "shadow"])
    }

    @Test func `files of a person's own, whose last line has no end, are read to that`() async throws {
        for (name, text) in try files() {
            try fixture.write(String(text.reversed().drop { $0 == "\n" }.reversed()), to: "image/etc/docker-btrfs/users/\(name)")
        }
        try await output(of: ["sh", Repository.path("hooks/machine/users"), fixture.folder.appending(path: "image").path])
        #expect(
            try fixture.read("image/etc/passwd")
                == (files()["passwd"] ?? "") + "root:x:0:0:root:/root:/bin/sh\nmessagebus:x:102:102::/:/bin/false\n")
        #expect(try fixture.read("image/etc/group").contains("sudo:x:27:ann,bob\n"))
    }

    @Test func `in a root that goes on, what people changed is theirs, until the machine's are others`() async throws {
        for (name, text) in try files() { try fixture.write(text, to: "image/etc/docker-btrfs/users/\(name)") }
        func give() async throws -> String {
            try await output(of: ["sh", Repository.path("hooks/machine/users"), fixture.folder.appending(path: "image").path])
            return try fixture.read("image/etc/shadow")
        }
        let given = try await give()
        let changed = given.replacing("ann:$y$ann", with: "ann:!$y$ann").replacing("bob:!:1::::::\n", with: "")
        try fixture.write(changed, to: "image/etc/shadow")
        #expect(try await give() == changed)
        let mode = ["stat", "--format", "%a", fixture.folder.appending(path: "image/etc/docker-btrfs/users.given").path]
        #expect(try await output(of: mode) == "600\n")
        try fixture.write("ann:$y$new:1::::::\n", to: "image/etc/docker-btrfs/users/shadow")
        #expect(try await give() == "ann:$y$new:1::::::\nroot:$y$root:1::::::\nmessagebus:!:1::::::\n")
    }

    @Test func `of two with one number, the machine's is the one that files have`() async throws {
        for (name, text) in try files() { try fixture.write(text, to: "image/etc/docker-btrfs/users/\(name)") }
        try fixture.write("root:x:0:0::/:/bin/sh\nubuntu:x:1000:1000:Ubuntu:/home/ubuntu:/bin/bash", to: "image/etc/passwd")
        try fixture.write("root:x:0:\nubuntu:x:1000:\n", to: "image/etc/group")
        try await output(of: ["sh", Repository.path("hooks/machine/users"), fixture.folder.appending(path: "image").path])
        for file in ["passwd", "group"] {
            let names = try fixture.read("image/etc/\(file)").split(separator: "\n").filter { $0.contains(":x:1000:") }
            #expect(names.map { $0.prefix { $0 != ":" } } == ["ann", "ubuntu"])
        }
    }

    @Test func `whom a top layer names is one of them, and stays in a group that is not there`() throws {
        try fixture.write("sshd:x:102:65534::/run/sshd:/usr/sbin/nologin\n", to: "top/passwd")
        try fixture.write("lp:ann\nlp:gone\naudio:bob\nsudo:ann\n", to: "top/members")
        let known = try Directory(opening: fixture.folder.appending(path: "top").path)
        let machine = try Directory(opening: fixture.folder.appending(path: "machine").path)
        let users = try MachineUsers(in: machine, known: known)
        let files = Dictionary(uniqueKeysWithValues: users.files.map { ($0.name, $0.text) })
        #expect(users.title == "sshd, ann, bob, root's password")
        #expect(files["passwd"]?.hasPrefix("sshd:") == true && files["members"] == "sudo:ann\nsudo:bob\nlp:ann\n")
        #expect(try users.difference(from: known) == "ann, bob, gone, root, sshd")
        for (name, text) in files { try fixture.write(text, to: "top/\(name)") }
        #expect(try users.difference(from: known) == nil)
    }

    @Test func `who goes out of a top layer is told, and whether a root was given its people`() async throws {
        for (name, text) in try files() { try fixture.write(text, to: "image/etc/docker-btrfs/users/\(name)") }
        let image = try Directory(opening: fixture.folder.appending(path: "image").path)
        let folder = try #require(try image.directory(at: MachineUsers.folder))
        #expect(try MachineUsers(in: image, known: folder).missing(of: folder) == ["ann", "bob"])
        #expect(try !MachineUsers.isGiven(to: image))
        try await output(of: ["sh", Repository.path("hooks/machine/users"), fixture.folder.appending(path: "image").path])
        #expect(try MachineUsers(in: image, known: folder).missing(of: folder) == [])
        #expect(try MachineUsers.isGiven(to: image))
    }

    @Test func `a password and a group that were given to an image's user are the machine's, and all else of him is named`() throws {
        let image = [
            "passwd":
                "debian:x:1001:1001::/home/debian:/bin/sh\nlp:x:7:7::/:/bin/sh\npostgres:x:110:110::/:/bin/sh\nold:x:1002:1002::/:/bin/sh\n",
            "shadow": "debian:old:1::::::\nlp:*:1::::::\npostgres:!:1::::::\n", "group": "sudo:x:27:\nlp:x:7:\n",
        ]
        let changed = [
            "passwd":
                "debian:x:1001:1001::/home/debian:/bin/sh\nlp:x:7:7::/:/bin/bash\npostgres:x:110:110::/:/bin/sh\nbackup2:x:999:999::/:/bin/sh\n",
            "shadow": "debian:new:2::::::\nlp:*:1::::::\npostgres:set:2::::::\nbackup2:!:2::::::\n",
            "group": "sudo:x:27:debian\nlp:x:7:\nvpn:x:301:debian\n",
        ]
        for (file, text) in image { try fixture.write(text, to: "given/etc/\(file)") }
        for (file, text) in changed { try fixture.write(text, to: "root/etc/\(file)") }
        let system = { (name: String) in try Directory(opening: fixture.folder.appending(path: name).path) }
        let users = try MachineUsers(in: system("root"), image: system("given"))
        let files = Dictionary(uniqueKeysWithValues: users.files.map { ($0.name, $0.text) })
        #expect(
            files["shadow"] == "debian:new:2::::::\npostgres:set:2::::::\n" && files["members"] == "sudo:debian\n" && files["passwd"] == "")
        #expect(users.title == "debian's password, postgres's password")
        #expect(users.leftOut == "backup2, lp, old, the group vpn")
        #expect(try MachineUsers(in: system("root")).leftOut == "")
    }

    @Test func `people of the image that the system was made of are the image's`() throws {
        let system = { (name: String) in try Directory(opening: fixture.folder.appending(path: name).path) }
        for (file, kiosk, ann) in [
            ("passwd", "kiosk:x:1001:1001::/kiosk:/bin/sh\n", "ann:x:1000:1000::/home/ann:/bin/sh\n"),
            ("group", "kiosk:x:1001:\n", "ann:x:1000:\n"), ("shadow", "root:*:1::::::\nkiosk:!:1::::::\n", "ann:$y$ann:1::::::\n"),
        ] {
            try fixture.write(kiosk, to: "given/etc/\(file)")
            try fixture.write(kiosk.replacing("kiosk:x:1001:\n", with: "kiosk:x:1001:ann\n") + ann, to: "root/etc/\(file)")
            try fixture.write(ann, to: "known/\(file)")
        }
        let known = try system("known")
        let users = try MachineUsers(in: system("root"), known: known, image: system("given"))
        #expect(users.title == "ann")
        #expect(users.files.first { $0.name == "members" }?.text == "kiosk:ann\n")
        try fixture.write("kiosk:ann\n", to: "known/members")
        #expect(try users.difference(from: known) == nil)
        // Whom somebody changed here is the machine's.
        try fixture.write("kiosk:x:1001:1001::/kiosk:/bin/bash\n", to: "root/etc/passwd")
        #expect(try MachineUsers(in: system("root"), image: system("given")).title == "kiosk")
        // Where all people are the image's, a group of their own is all there is.
        for file in ["passwd", "group", "shadow"] { try fixture.write(try fixture.read("given/etc/\(file)"), to: "root/etc/\(file)") }
        #expect(try MachineUsers(in: system("root"), image: system("given")).title == "nobody")
        try fixture.write("kiosk:x:1001:\nfamily:x:2000:kiosk\n", to: "root/etc/group")
        #expect(try MachineUsers(in: system("root"), image: system("given")).title == "the group family")
    }

    @Test func `sub-uids are the people's`() async throws {
        try fixture.write("ann:100000:65536\nsshd:165536:65536\n1001:231072:65536\nsub:1:1", to: "machine/etc/subuid")
        let files = try files()
        #expect(files["subuid"] == "ann:100000:65536\n1001:231072:65536\n" && files["subgid"] == "")
    }

    /// The shells that images have.
    @Test(arguments: [["dash"], ["bash", "--posix"], ["busybox", "sh"]])
    func `an image's sub-uids stay where they are not the people's`(shell: [String]) async throws {
        let machine = "ann:100000:65536\nann:300000:10\nbob:165536:65536\n"
        for name in ["subuid", "subgid"] { try fixture.write(machine, to: "image/etc/docker-btrfs/users/\(name)") }
        try fixture.write(
            """
            ann:500000:65536
            ubuntu:100000:65536
            below:99999:1
            inside:165535:1
            above:231072:65536
            between:299999:2
            odd:08:9
            large:99999999999999999999:1
            text:none
            last:310000:1
            """, to: "image/etc/subuid")
        let image = fixture.folder.appending(path: "image").path
        for _ in 0..<2 { try await output(of: shell + [Repository.path("hooks/machine/users"), image]) }
        let others = "below:99999:1\nabove:231072:65536\nodd:08:9\nlarge:99999999999999999999:1\ntext:none\nlast:310000:1\n"
        #expect(try fixture.read("image/etc/subuid") == machine + others)
        #expect(try fixture.read("image/etc/subgid") == machine)
        #expect(try await output(of: ["stat", "--format", "%a", "\(image)/etc/subgid"]) == "644\n")
    }

    @Test(arguments: [1, 2])
    func `a root without a password and without shadow gets the machine's`(times: Int) async throws {
        try fixture.write("root:$y$root:1::::::\n", to: "small/etc/docker-btrfs/users/shadow")
        try fixture.write("root::0:0:root:/root:/bin/sh\nroots::1:1::/:/bin/sh", to: "small/etc/passwd")
        let image = fixture.folder.appending(path: "small").path
        for _ in 0..<times { try await output(of: ["sh", Repository.path("hooks/machine/users"), image]) }
        #expect(try fixture.read("small/etc/passwd") == "root:x:0:0:root:/root:/bin/sh\nroots::1:1::/:/bin/sh\n")
        #expect(try fixture.read("small/etc/shadow") == "root:$y$root:1::::::\n")
        #expect(try await output(of: ["stat", "--format", "%a", "\(image)/etc/shadow"]) == "600\n")
    }
}
