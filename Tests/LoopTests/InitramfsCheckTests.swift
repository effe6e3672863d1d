import Basics
import Foundation
import TestSupport
import Testing

@testable import Initramfs

/// `docker-btrfs check-initramfs` on what real frameworks made.
@Suite(.serialized) struct InitramfsCheckTests {
    private func check(_ file: String) async throws -> Outcome {
        try await run([Repository.companion, "check-initramfs", file])
    }

    @Test(arguments: [
        ("dracut", "dracut with systemd", ["unit", "link"]), ("dracut-plain", "dracut without systemd", ["hook"]),
    ])
    func `an initramfs of dracut with docker-btrfs in it`(name: String, framework: String, start: [String]) async throws {
        let outcome = try await check(InitramfsTree.image(name))
        #expect(outcome.status == 0)
        #expect(outcome.errors == "")
        let lines = outcome.output.split(separator: "\n").map { $0.split(separator: " ", omittingEmptySubsequences: true) }
        #expect(
            lines.map { $0.prefix(2).joined(separator: " ") }
                == (["framework", "program"] + start + ["btrfs", "configuration"]).map { "ok " + $0 })
        #expect(lines[0].dropFirst(2).joined(separator: " ") == framework)
    }

    @Test func `one of initramfs-tools that knows nothing of docker-btrfs`() async throws {
        let file = InitramfsTree.image("initramfs-tools")
        let outcome = try await check(file)
        #expect(outcome.status == 1)
        #expect(
            outcome.errors == """
                Error: '\(file)' cannot boot an image: program: there is no /usr/bin/docker-btrfs-init; script: there is no \
                /scripts/local-premount/docker-btrfs
                hint: run 'docker-btrfs install', or build it again with 'update-initramfs -u'

                """)
    }

    @Test func `its paths are those that lsinitramfs lists`() async throws {
        let listed = try await output(of: ["chroot", InitramfsTree.path, "lsinitramfs", "/boot/initrd.img-\(InitramfsTree.release())"])
        let expected = Set(listed.split(separator: "\n").map { $0 == "." ? "/" : "/" + $0 })
        let found = try await InitramfsImage(reading: InitramfsTree.image("initramfs-tools")).paths.map(\.description)
        #expect(Set(found) == expected)
    }

    @Test(arguments: [
        ("usr/bin/docker-btrfs-init", "program: there is no /usr/bin/docker-btrfs-init"),
        ("usr/lib/systemd/system/docker-btrfs.service", "unit: there is no /usr/lib/systemd/system/docker-btrfs.service"),
        ("usr/lib/systemd/system/sysroot.mount.requires/docker-btrfs.service", "link: there is no"),
        ("btrfs.ko", "btrfs: there is no btrfs module"),
    ])
    func `whatever is taken out of it is missed`(path: String, message: String) async throws {
        let image = try await InitramfsImage(reading: InitramfsTree.image("dracut"))
        let rest = image.paths.filter { !$0.description.hasSuffix(path) }.compactMap { image[$0] }
        #expect(rest.count == image.paths.count - 1)
        try await InitramfsTree.withFolder { folder in
            try replaceFile(folder + "/i", with: CPIOWriter.archive(rest, time: 0))
            let outcome = try await check(folder + "/i")
            #expect(outcome.status == 1)
            #expect(outcome.errors.contains(message), "\(outcome.errors)")
        }
    }

    @Test func `an image that is cut off anywhere is refused`() async throws {
        let bytes = try #require(try fileContents(InitramfsTree.image("dracut"), limit: 1 << 30))
        for part in [3, 5, 8] {
            await #expect(throws: Failure.self) { try await InitramfsImage(Array(bytes.prefix(bytes.count * part / 10)), name: "x") }
        }
    }
}
