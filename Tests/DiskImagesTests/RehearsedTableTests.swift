import Basics
import Testing

@testable import DiskImages

/// What a rehearsal mounts of the root's filesystem.
struct RehearsedTableTests {
    private func table(_ line: String) throws -> RehearsedMachine.Table {
        try RehearsedMachine.Table(parsing: Array("\(line)\n".utf8), on: "2", isRoot: { $0 == .uuid("1") }, isHere: { $0 == .label("3") })
    }

    @Test(arguments: [
        ("UUID=1 /home btrfs subvol=/@home,noatime 0 0", "UUID=2 /home btrfs subvol=/@home,noatime 0 0", "/@home"),
        (#"UUID="1" /home btrfs noatime,subvolid=256,subvol=/@home 0 2"#, "UUID=2 /home btrfs noatime,subvol=/@home 0 2", "/@home"),
        (#"UUID=1 /home btrfs subvol=my\040data"#, #"UUID=2 /home btrfs subvol=my\040data 0 0"#, "/my data"),
        ("UUID=1 /top btrfs subvolid=5 0 0", "UUID=2 /top btrfs subvolid=5 0 0", nil),
        ("UUID=1 /home btrfs subvolid=256 0 0", nil, nil),
    ])
    func `a subvolume is made anew under its name`(line: String, expected: String?, subvolume: String?) throws {
        let table = try table(line)
        #expect(table.text == (expected.map { "\($0)\n" } ?? ""))
        #expect(table.subvolumes == [subvolume.flatMap { Path($0) }].compactMap { $0 })
        #expect(table.notes == (expected == nil ? ["/home is not rehearsed: only its number says which subvolume it is"] : []))
    }

    @Test func `what is on another disk of this machine is left out, and what is nowhere stays`() throws {
        let other = try table(#"LABEL="3" /the\040data ext4 defaults 0 2"#)
        #expect(other.text.isEmpty && other.notes == ["/the data is not rehearsed: it is on LABEL=3, another disk of this machine"])
        for line in ["LABEL=4 /data ext4 defaults 0 2", "tmpfs /tmp tmpfs defaults 0 0"] {
            let table = try table(line)
            #expect(table.text == line + "\n" && table.notes.isEmpty)
        }
    }
}
