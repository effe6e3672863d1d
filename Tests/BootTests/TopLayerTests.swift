import Basics
import Testing

@testable import Boot

/// What identifies the state of the top layer.
struct TopLayerTests {
    private let tree: Tree

    init() throws {
        tree = try Tree()
        try tree.write("a line\n", to: "files/etc/motd")
        try tree.write("another\n", to: "files/etc/deep/er/file")
        try tree.link("files/etc/link", to: "motd")
    }

    private func topLayer() throws -> Facts.TopLayer {
        try #require(try tree.facts("\(Tree.line) toplayer_path=files").topLayer)
    }

    @Test func `its files are counted, and their content is`() throws {
        let found = try topLayer()
        #expect(found.extent?.files == 6)
        #expect(found.extent?.size == 8192)
        #expect(found.isShared)
        #expect(found.state.hasPrefix("sha256:"))
    }

    @Test func `a whiteout and the layer's rules are none of its files, and tell one state from another`() throws {
        let before = try topLayer()
        try tree.write("whiteout", to: "files/etc/.wh.issue")
        let whiteout = try topLayer()
        try tree.write("{}", to: "files/.docker-btrfs.json")
        let rules = try topLayer()
        #expect(whiteout.extent == before.extent && rules.extent == before.extent)
        #expect(Set([before.state, whiteout.state, rules.state]).count == 3)
        try tree.write("{}", to: "files/etc/.docker-btrfs.json")
        #expect(try topLayer().extent?.files == 7)
    }

    @Test(arguments: [
        ("/swap/file none swap sw 0 0", true), ("# comment\n\nUUID=x / btrfs\n/swap/file\tswap \t swap", true),
        ("#/swap/file none swap sw 0 0", false), ("/swap/other none swap sw 0 0", false), ("/swap none swap sw 0 0", false),
        ("/dev/sda2 none swap sw 0 0", false), ("/swap/file /mnt ext4 loop 0 0", false), ("/swap/file none", false),
        ("\u{0} / swap", false),
    ])
    func `a swap file of the layer, as fstab has it, is told`(table: String, isTold: Bool) throws {
        try tree.write("", to: "files/swap/file")
        try tree.write(table, to: "files/etc/fstab")
        #expect(try topLayer().notes == (isTold ? [swapNote] : []))
    }

    @Test func `it may be another layer's, and a table that cannot be read has none`() throws {
        try tree.write("/swap/file none swap sw 0 0\n", to: "room/common/etc/fstab")
        try tree.write("", to: "room/machine/a/swap/file")
        let host = Facts.Host(kernelRelease: nil, time: 1_800_000_000, names: ["a"])
        let notes = { try #require(try tree.facts("\(Tree.line) toplayer_path=room", on: host).topLayer).notes }
        #expect(try notes() == [swapNote])
        try tree.remove("room/common/etc/fstab")
        for path in ["room/common/etc/fstab", "room/machine/a/etc/fstab"] { try tree.link(path, to: "fstab") }
        #expect(try notes() == [])
    }

    private let swapNote = """
        the swap file '/swap/file' of the top layer cannot be used in a root, whose files share their data with others: make it with \
        'btrfs filesystem mkswapfile' in a subvolume of its own, which '/etc/fstab' mounts, and take it out of the layer
        """

    @Test func `the owner and mode of its top are part of its state`() throws {
        let before = try topLayer()
        try tree.run("chmod 700", on: "files")
        #expect(try topLayer().state != before.state)
    }

    @Test func `two layers in the other order are another state`() throws {
        try tree.write("1", to: "room/common/file")
        try tree.write("1", to: "room/machine/a/file")
        let line = "\(Tree.line) toplayer_path=room"
        let host = Facts.Host(kernelRelease: nil, time: 1_800_000_000, names: ["a"])
        let before = try #require(try tree.facts(line, on: host).topLayer)
        for (from, to) in [("common", "x"), ("machine/a", "common"), ("x", "machine/a")] { try tree.move("room/\(from)", to: "room/\(to)") }
        #expect(try tree.facts(line, on: host).topLayer?.state != before.state)
    }

    @Test func `it is the same while nothing changes`() throws {
        let before = try topLayer()
        try tree.run("cat", on: "files/etc/motd")
        try tree.run("ls -l", on: "files/etc")
        #expect(try topLayer() == before)
    }

    @Test(arguments: [
        "chmod 600", "chown 1:0", "chown 0:1", "truncate --size 3", "truncate --size 100", "touch", "touch --date 2001-01-01", "rm",
        "chmod u+s", "cp /etc/hostname", "sed -i s/line/lime/",
    ])
    func `any change of a file is one`(command: String) throws {
        let before = try topLayer()
        try tree.run(command, on: "files/etc/motd")
        #expect(try topLayer().state != before.state)
    }

    @Test(arguments: [0, 1_700_000_000, 4_000_000_000])
    func `what the clock shows is none of its state`(time: Int) throws {
        let host = Facts.Host(kernelRelease: "6.18.44", time: time)
        let found = try tree.facts("\(Tree.line) toplayer_path=files", on: host).topLayer
        #expect(try found?.state == topLayer().state)
    }

    @Test func `also one of the same length that hides its time, as rsync --times does`() throws {
        try tree.run("touch --date 2001-01-01", on: "files/etc/motd")
        let before = try topLayer()
        try tree.write("a lime\n", to: "files/etc/motd")
        try tree.run("touch --date 2001-01-01", on: "files/etc/motd")
        #expect(try topLayer().state != before.state)
    }

    @Test func `deep down, and of directories and symlinks too`() throws {
        var seen = [try topLayer().state]
        for (command, path) in [
            ("chmod 600", "files/etc/deep/er/file"), ("chmod 700", "files/etc/deep"), ("chown --no-dereference 1:1", "files/etc/link"),
            ("mkdir", "files/new"), ("touch", "files/new/empty"), ("ln -sf nowhere", "files/etc/link"), ("mkfifo", "files/fifo"),
        ] {
            try tree.run(command, on: path)
            seen.append(try topLayer().state)
        }
        #expect(Set(seen).count == seen.count)
    }

    @Test func `a name that moves is another state`() throws {
        let before = try topLayer()
        try tree.move("files/etc/motd", to: "files/etc/motd2")
        #expect(try topLayer().state != before.state)
    }

    @Test func `what is beside it does not matter`() throws {
        let before = try topLayer()
        try tree.write("more", to: "boot_docker/etc/motd")
        #expect(try topLayer() == before)
    }
}
