import TestSupport
import Testing

/// The root on one disk, the top layer on another: a Debian; the boot matrix has a smaller system by day.
@Suite(.enabled(if: isNightly))
struct TwoDisksTests {
    @Test func `the root stays the root's device, with a top layer on ext4 that comes before it`() async throws {
        try await Machine.with(\.disk) { machine, prepared in
            let partition = try await machine.rootPartition()
            let disk = try await machine.makeDisk("mkfs.ext4 -q -L machine -d top-layer")
            let line = """
                root=PARTUUID=\(partition) rootflags=subvol=docker_rwlayer rw docker_path=docker toplayer=LABEL=machine console=ttyS0
                """
            let answers = try await machine.with(first: disk).answers(line, to: Self.script)
            #expect(answers.text == Self.facts)
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

    private static let script = """
        systemctl is-system-running
        partition=$(findmnt --noheadings --nofsroot --output SOURCE /)
        findmnt --noheadings --raw --output FSTYPE,FSROOT,LABEL /
        lsblk --noheadings --nodeps --output SERIAL "/dev/$(lsblk --noheadings --output PKNAME "$partition")"
        findmnt --real --noheadings --list --output TARGET
        cat /etc/whose /.dot-file
        """

    private static let facts = """
        running
        btrfs /docker_rwlayer linux
        disk1
        /
        from the other disk
        from the other disk

        """
}
