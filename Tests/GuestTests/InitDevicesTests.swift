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

    @Test func `a disk that comes late with a hibernated system on it is not mounted`() async throws {
        try await Machine.plain { machine in
            var machine = machine
            let late = try await LateDisk(machine.partitioned(swap: "S1SUSPEND"), of: machine, log: machine.command([]).log)
            machine.disks = []
            async let plugged: Void = late.plug(when: "waiting for LABEL=linux (root=)")
            let words = "rootflags=subvol=root docker_path=docker docker_image=tiny"
            let console = try await machine.start("root=LABEL=linux rootwait rw \(words) panic=-1", qemu: late.qemu)
            try await plugged
            let message = "could not mount the root's filesystem: a hibernated system is waiting to be resumed from '/dev/vda2'"
            #expect(console.screen("What happened") == message)
            #expect(!console.text.contains("BTRFS info"))
        }
    }

    @Test func `partitions are found by what a partition table calls them`() async throws {
        try await Machine.plain(in: .userMode) { machine in
            try await machine.ask(in: "plain", "cut -d ' ' -f 1-2 /proc/mounts | grep ' /$'")
            var machine = machine
            machine.disks = [try await machine.partitioned(swap: "SWAPSPACE2")]
            for name in ["PARTLABEL=the-root", "PARTUUID=11111111-2222-3333-4444-555555555555", "LABEL=linux"] {
                let console = try await machine.start("root=\(name) \(Self.line)", log: name)
                #expect(console.answers == "/dev/ubda1 /\n")
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
        try await Machine.plain(in: .userMode) { machine in
            try await machine.ask(in: "plain", "cut -d ' ' -f 1-2 /proc/mounts | grep ' /$'")
            var machine = machine
            machine.disks.append(try await machine.addMember())
            for name in ["LABEL=linux", machine.emulator.disk("b")] {
                let console = try await machine.start("root=\(name) \(Self.line)", log: name)
                #expect(console.answers == "/dev/ubda /\n")
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
    /// The machine's disk once more, as the first partition of another one, which has a swap partition with this signature too.
    fileprivate func partitioned(swap signature: String) async throws -> String {
        let script = """
            size=$(($(stat --format %s "$1") / 1048576))
            truncate --size $((size + 3))M "$2"
            sfdisk --quiet --label gpt --no-reread "$2" << END
            start=1M, size=${size}M, name=the-root, uuid=11111111-2222-3333-4444-555555555555
            size=1M, type=swap
            END
            truncate --size 1M "$2.swap"
            mkswap --quiet "$2.swap"
            printf '%-10s' "$3" | tr ' ' '\\0' | dd of="$2.swap" bs=1 seek=4086 conv=notrunc status=none
            dd if="$1" of="$2" bs=1M seek=1 conv=notrunc,sparse status=none
            dd if="$2.swap" of="$2" bs=1M seek=$((1 + size)) conv=notrunc status=none
            """
        let file = "\(folder)/partitioned.img"
        try await output(of: ["bash", "-euc", script, "bash", disk, file, signature])
        return file
    }

    /// Makes the filesystem of the machine's disk one on two disks, with everything on both, and returns the other one.
    fileprivate func addMember() async throws -> String {
        // The host's kernel remembers members until it is told to forget them.
        let script = """
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
