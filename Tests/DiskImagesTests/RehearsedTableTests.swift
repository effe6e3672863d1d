import Basics
import Testing

@testable import DiskImages

/// What a rehearsal mounts of the root's filesystem.
struct RehearsedTableTests {
    @Test(arguments: [
        ("UUID=1 /home btrfs subvol=/@home,noatime 0 0", "UUID=2 /home btrfs subvol=/@home,noatime 0 0", "/@home"),
        ("UUID=1 /home btrfs noatime,subvolid=256,subvol=/@home 0 0", "UUID=2 /home btrfs noatime,subvol=/@home 0 0", "/@home"),
        (#"UUID=1 /home btrfs subvol=my\040data"#, #"UUID=2 /home btrfs subvol=my\040data"#, "/my data"),
        ("UUID=1 /top btrfs subvolid=5 0 0", "UUID=2 /top btrfs subvolid=5 0 0", nil),
        ("UUID=1 /home btrfs subvolid=256 0 0", nil, nil),
    ])
    func `a subvolume is made anew under its name`(line: String, expected: String?, subvolume: String?) {
        var table = RehearsedMachine.Table()
        table.add(line.split(separator: " "), on: "2")
        #expect(table.text == (expected.map { "\($0)\n" } ?? ""))
        #expect(table.subvolumes == [subvolume.flatMap { Path($0) }].compactMap { $0 })
        #expect(table.notes == (expected == nil ? ["/home is not rehearsed: only its number says which subvolume it is"] : []))
    }

    @Test(arguments: [
        (#"UUID="1-2""#, DeviceName.uuid("1-2")), ("LABEL='1'", .label("1")), (#"LABEL=my\040disk"#, .label("my disk")),
        (#"PARTLABEL="my\040disk""#, .partitionLabel("my disk")), ("LABEL=\"\"", nil), ("LABEL=\"", .label("\"")),
        (#"LABEL=5""#, .label(#"5""#)),
        (#"/dev/disk/by-label/a\134x20b"#, .path(#"/dev/disk/by-label/a\x20b"#)),
        ("/dev/disk/by-label/a=b", .path("/dev/disk/by-label/a=b")),
        ("tmpfs", nil),
    ])
    func `a device is read as mount reads it`(field: String, device: DeviceName?) {
        #expect(RehearsedMachine.device(field[...]) == device)
    }
}
