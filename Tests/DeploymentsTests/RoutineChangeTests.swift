import Basics
import Fixtures
import Testing

@testable import Deployments

/// What systems write by themselves, and what only looks like it. How changes are found at all is in `DiffTests`, on a btrfs.
struct RoutineChangeTests {
    @Test(arguments: [
        "etc/machine-id", "etc/passwd-", "var/log", "var/log/apt/term.log", "var/cache/man/index.db", "usr/lib/python3/__pycache__/a.pyc",
        "var/lib/apt/lists/x", "var/lib/systemd/timers/stamp-a.timer", "tmp/.X11-unix",
    ])
    func `nobody is told of it`(path: String) throws {
        #expect(RootChange(.added, try #require(Path(path)), .file).isRoutine)
    }

    @Test(arguments: [
        "etc/machine-info", "etc/passwd", "var/logs", "var/logs/a", "etc/machine-id.d/a", "srv/var/log/a", "usr/lib/__pycache__s/a",
        "var/lib/systemd/credential.secret", "var/lib/systemd/linger/ann",
        "var/lib/apt/extended_states", "etc/resolv.conf.d/head", "home/tmp/a",
    ])
    func `a person made it`(path: String) throws {
        #expect(!RootChange(.changed, try #require(Path(path)), .file, [.content]).isRoutine)
    }

    @Test(
        arguments: [
            ("0.0 0 0.0\n0\nUTC\n", false), ("0.0 0 0.0\n0\nLOCAL\n", true), ("0.0 0 0.0\n0\nLOCAL", true), ("0.0 0 0.0\n0\n", false),
            ("LOCAL", false), ("", false),
        ])
    func `that a clock shows local time a person chose`(content: String, isChosen: Bool) {
        #expect(RoutineChange.isChosen(Array(content.utf8)) == isChosen)
    }

    @Test func `what came out of a place that systems write to is told`() {
        #expect(RootChange(.renamed, "var/log/b", from: "var/log/a", .file).isRoutine)
        #expect(!RootChange(.renamed, "srv/a", from: "var/log/a", .file).isRoutine)
        #expect(!RootChange(.renamed, "var/log/a", from: "srv/a", .file).isRoutine)
    }

    @Test func `an empty directory is the place of a mount where the root's fstab says so`() throws {
        let fixture = Fixture()
        for path in ["boot/efi", "mnt/new", "mnt/own"] { try fixture.makeDirectory(path) }
        try fixture.write("data", to: "srv/data/file")
        let lines = "UUID=1 /boot/efi vfat nofail 0 0\nUUID=2 /srv/data ext4 nofail 0 0\nUUID=3 /mnt/new ext4 nofail 0 0\n"
        let paths: [Path] = ["boot", "boot/efi", "mnt", "mnt/new", "mnt/own", "srv", "srv/data"]
        var changes = paths.map { RootChange(.added, $0, .directory) }
        changes.tellMountPoints(of: try MountsFile(parsing: Array(lines.utf8)), in: try fixture.directory())
        #expect(changes.filter(\.isRoutine).map(\.path) == ["boot", "boot/efi", "mnt/new"])
    }
}
