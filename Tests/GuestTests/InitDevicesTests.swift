import Foundation
import TestSupport
import Testing

/// How /init finds and waits for disks, where no udev does.
struct InitDevicesTests {
    private static let line = "rw rootflags=subvol=plain quiet"

    @Test func `a disk that comes late ends the wait`() async throws {
        try await Machine.plain { machine in
            try await machine.ask(in: "plain", "cut -d ' ' -f 1-2 /proc/mounts | grep ' /$'")
            var machine = machine
            let late = try await LateDisk(machine.disk, of: machine, log: machine.command([]).log)
            machine.disks = []
            async let plugged: Void = late.plug(when: "Run /init as init process")
            let console = try await machine.start("root=LABEL=linux rootwait rw rootflags=subvol=plain", qemu: late.qemu)
            try await plugged
            #expect(console.answers == "/dev/vda /\n")
        }
    }

    @Test func `partitions are found by what a partition table calls them`() async throws {
        try await Machine.plain { machine in
            try await machine.ask(in: "plain", "cut -d ' ' -f 1-2 /proc/mounts | grep ' /$'")
            var machine = machine
            machine.disks = [try await machine.partitioned()]
            for name in ["PARTLABEL=the-root", "PARTUUID=11111111-2222-3333-4444-555555555555", "LABEL=linux"] {
                let console = try await machine.start("root=\(name) \(Self.line)", log: name)
                #expect(console.answers == "/dev/vda1 /\n")
            }
        }
    }

    @Test func `files of a top layer that keeps no modes are said to be open, unless the mount's options have a mode`() async throws {
        try await Machine.plain { machine in
            let layer = "\(machine.folder)/layer.img"
            let make = #"truncate --size 16M "$1"; mkfs.vfat -n LAYER "$1" > "$1.log"; mcopy -i "$1" "$2" ::told"#
            let script = try machine.telling("ls -l /told | cut -c 1-10")
            try await output(of: ["bash", "-euc", make, "bash", layer, script])
            var machine = machine
            machine.disks.append(layer)
            let line = "root=LABEL=linux rw rootflags=subvol=root docker_path=docker docker_image=tiny toplayer=LABEL=LAYER quiet"
            let open = try await machine.start(line, log: "open")
            #expect(open.answers == "-rwxr-xr-x\n")
            let note = "the top layer's filesystem keeps no modes: everybody can read its files in the root"
            #expect(open.text.contains("\(note); toplayerflags= with umask= or fmask= sets them"))
            let closed = try await machine.start("\(line) toplayerflags=fmask=0177", log: "closed")
            #expect(closed.answers == "-rw-------\n")
            #expect(!closed.text.contains(note))
        }
    }

    @Test func `a btrfs of two devices is not booted without one of them`() async throws {
        try await Machine.plain { machine in
            try await machine.ask(in: "plain", "cut -d ' ' -f 1-2 /proc/mounts | grep ' /$'")
            var machine = machine
            machine.disks.append(try await machine.addMember())
            for name in ["LABEL=linux", "/dev/vdb"] {
                let console = try await machine.start("root=\(name) \(Self.line)", log: name)
                #expect(console.answers == "/dev/vda /\n")
            }
            machine.disks.removeLast()
            let failed = try await machine.start("root=LABEL=linux \(Self.line) rootdelay=1 panic=-1", log: "one missing")
            #expect(
                failed.screen("What happened")
                    == "could not use the device 'LABEL=linux' (root=): other devices of its btrfs filesystem were not there after 1 s")
        }
    }
}

extension Machine {
    /// The machine's disk once more, as the only partition of another one.
    fileprivate func partitioned() async throws -> String {
        let script = """
            truncate --size $(($(stat --format %s "$1") + 2097152)) "$2"
            echo 'start=2048, name=the-root, uuid=11111111-2222-3333-4444-555555555555' | sfdisk --quiet --label gpt --no-reread "$2" ||
                exit 1
            dd if="$1" of="$2" bs=1M seek=1 conv=notrunc,sparse status=none
            """
        let file = "\(folder)/partitioned.img"
        try await output(of: ["bash", "-euc", script, "bash", disk, file])
        return file
    }

    /// Makes the filesystem of the machine's disk one on two disks, with everything on both, and returns the other one.
    fileprivate func addMember() async throws -> String {
        // The host's kernel takes copies of one filesystem for one, and remembers members. So it gets an id of its own before.
        let script = """
            btrfstune -f -u "$1" > /dev/null
            truncate --size 256M "$2"
            mkdir "$2.top"
            disk=$(losetup --find --show "$1"); member=$(losetup --find --show "$2")
            trap 'umount "$2.top"; btrfs device scan --forget "$disk"; btrfs device scan --forget "$member"; losetup --detach "$disk" "$member"' EXIT
            mount "$disk" "$2.top"
            btrfs device add "$member" "$2.top" > /dev/null
            btrfs balance start -dconvert=raid1 -mconvert=raid1 "$2.top" > /dev/null
            """
        let file = "\(folder)/member.img"
        try await output(of: ["unshare", "--mount", "bash", "-euc", script, "bash", disk, file])
        return file
    }
}
