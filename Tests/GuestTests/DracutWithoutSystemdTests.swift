import Foundation
import TestSupport
import Testing

/// An initramfs whose init is dracut's own script.
struct DracutWithoutSystemdTests {
    @Test func `boots the image`() async throws {
        try await Machine.with(\.disk) { machine, prepared in
            let initramfs = try await Self.initramfs()
            let answers = try await machine.answers(
                Lab.menuEntry(), ["--initrd", initramfs],
                to: """
                    systemctl is-system-running
                    findmnt --noheadings --raw --output FSTYPE,FSROOT,LABEL /
                    cat /etc/image-version /etc/whose
                    """)
            #expect(
                answers.text == """
                    running
                    btrfs /docker_rwlayer linux
                    1
                    from the top layer

                    """)
            #expect(answers.report?.imageId == prepared.imageID)
        }
    }

    @Test func `dies, and does not boot an old root, where the image is missing`() async throws {
        try await Machine.with(\.bootedDisk) { machine, _ in
            let before = try await machine.belongings()
            let console = try await machine.stops(BadBoot.noSuchImage.line(), ["--initrd", Self.initramfs()])
            #expect(console.lastWords(as: BadBoot.noSuchImage.message) == BadBoot.noSuchImage.message)
            #expect(console.text.contains("dracut: FATAL: docker-btrfs-init failed: no root to boot"))
            #expect(!console.startedSystem)
            #expect(try await Set(machine.belongings()).symmetricDifference(before) == [])
        }
    }

    /// Made by the dracut in the image, as the image's own initramfs is.
    private static func initramfs() async throws -> String { try await making.value }

    private static let making = Task {
        let disk = "\(Prepared.folder)/initramfs.img"
        try await output(of: ["cp", "--sparse=always", "--reflink=auto", Prepared.made().disk, disk])
        try await Lab.change(
            disk, docker: true,
            """
            docker run --rm --network none --volume '\(Prepared.folder):/out' sample_image sh -c '
                dracut --no-hostonly --no-hostonly-cmdline --zstd --quiet --omit "systemd crypt" /out/initrd.img $(ls /lib/modules)'
            """)
        try FileManager.default.removeItem(atPath: disk)
        return "\(Prepared.folder)/initrd.img"
    }
}
