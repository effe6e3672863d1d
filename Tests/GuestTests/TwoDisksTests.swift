import TestSupport
import Testing

/// The root on one disk, the top layer on another.
struct TwoDisksTests {
    @Test func `the root stays the root's device, with a top layer on ext4 that comes before it`() async throws {
        try await Machine.with(\.disk) { machine, prepared in
            let partition = try await machine.rootPartition("PARTUUID")
            let disk = try await machine.makeDisk("mkfs.ext4 -q -L machine -d top-layer")
            let line = line(root: "PARTUUID=\(partition)", "toplayer=LABEL=machine")
            let answers = try await machine.with(first: disk).answers(line, to: Self.script)
            #expect(answers.text == Self.facts(disk: "disk1"))
            #expect(
                answers.report
                    == Report(
                        image: "sample_image:latest",
                        imageId: prepared.imageID,
                        root: .init(device: "PARTUUID=\(partition)", path: "/docker_rwlayer"),
                        topLayer: .init(device: "LABEL=machine", path: "/")
                    ))
        }
    }

    @Test func `a label and a path with spaces, on a second btrfs`() async throws {
        try await Machine.with(\.disk) { machine, _ in
            let disk = try await machine.makeDisk(
                """
                mkdir files; mv top-layer 'files/machine files'
                mkfs.btrfs --quiet --label 'my disk' --rootdir files
                """)
            let line = line(root: "LABEL=linux", #"toplayer="LABEL=my disk" "toplayer_path=machine files""#)
            let answers = try await machine.with(first: disk).answers(line, to: Self.script)
            #expect(answers.text == Self.facts(disk: "disk1"))
            #expect(answers.report?.topLayer == Report.Place(device: "LABEL=my disk", path: "/machine files"))
        }
    }

    @Test func `a top layer's disk that is plugged in late`() async throws {
        try await Machine.with(\.disk) { machine, _ in
            let uuid = try await machine.rootPartition("UUID")
            let disk = try await machine.makeDisk("mkfs.ext4 -q -L machine -d top-layer")
            let start = "Root from a Docker image..."
            let late = try await LateDisk(disk, of: machine, log: machine.command([]).log)
            let line = line(root: "UUID=\(uuid)", "toplayer=LABEL=machine rootdelay=300")
            async let plugged: Void = late.plug(when: start)
            let answers = try await machine.answers(line, qemu: late.qemu, to: Self.script)
            try await plugged
            #expect(answers.text == Self.facts(disk: "disk0"))
            let started = try #require(answers.console.text.firstRange(of: start))
            let found = try #require(answers.console.text.firstRange(of: "[vdc]"))
            #expect(started.upperBound < found.lowerBound, "the disk was there before docker-btrfs-init")
        }
    }

    private func line(root: String, _ topLayer: String) -> String {
        "root=\(root) rootflags=subvol=docker_rwlayer rw docker_path=docker \(topLayer) console=ttyS0"
    }

    private static let script = """
        systemctl is-system-running
        partition=$(findmnt --noheadings --nofsroot --output SOURCE /)
        findmnt --noheadings --raw --output FSTYPE,FSROOT,LABEL /
        lsblk --noheadings --nodeps --output SERIAL "/dev/$(lsblk --noheadings --output PKNAME "$partition")"
        findmnt --real --noheadings --list --output TARGET
        cat /etc/whose /.dot-file
        """

    private static func facts(disk: String) -> String {
        """
        running
        btrfs /docker_rwlayer linux
        \(disk)
        /
        from the other disk
        from the other disk

        """
    }
}
