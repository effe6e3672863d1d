import Basics
import Testing

@testable import Deployments

struct MountsFileTests {
    @Test(arguments: [
        (#"UUID="1-2""#, DeviceName.uuid("1-2")), ("LABEL='1'", .label("1")), (#"LABEL=my\040disk"#, .label("my disk")),
        (#"PARTLABEL="my\040disk""#, .partitionLabel("my disk")), ("LABEL=\"", .label("\"")), (#"LABEL=5""#, .label(#"5""#)),
        (#"/dev/disk/by-label/a\134x20b"#, .path(#"/dev/disk/by-label/a\x20b"#)),
        ("/dev/disk/by-label/a=b", .path("/dev/disk/by-label/a=b")),
        ("tmpfs", nil),
    ])
    func `a device is read as mount reads it`(field: String, device: DeviceName?) throws {
        #expect(try MountsFile(parsing: Array("\(field) /x ext4 defaults 0 0\n".utf8)).lines.map(\.device) == [device])
    }

    @Test(arguments: [
        ("UUID=2 /x btrfs defaults", true), ("UUID=2 /x btrfs subvol=a", true), ("UUID=1 /x btrfs defaults", false),
        ("UUID=1 /x btrfs subvol=b", true), ("UUID=1 /x btrfs subvol=a", false), ("UUID=1 /x ext4", true),
    ])
    func `another filesystem is mounted also where the table does not tell what of it`(line: String, isOther: Bool) throws {
        let table = try MountsFile(parsing: Array("UUID=1 /a btrfs subvol=a\n\(line)\n".utf8))
        let origins = table.lines.map { table.origin(of: $0) }
        #expect(origins[1]?.isOther(than: origins[0]) == isOther)
    }

    @Test(arguments: [
        ("nofail", true), ("rw,noauto", true), ("nofail,x-systemd.device-timeout=5", true), (#"context="a,nofail,b""#, false),
        ("x-nofail", false), ("", false),
    ])
    func `an option is one as mount reads it, also for what is left out`(options: String, mayBeAbsent: Bool) throws {
        let table = try MountsFile(parsing: Array("UUID=1 /x ext4 \(options)\n".utf8))
        #expect(table.lines.map(\.mayBeAbsent) == [mayBeAbsent])
        #expect(table.removeThoseOnDevices().isEmpty == mayBeAbsent)
    }
}
