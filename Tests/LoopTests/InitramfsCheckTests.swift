import Basics
import Files
import Foundation
import TestSupport
import Testing

@testable import Initramfs

/// `docker-btrfs check-initramfs` on what real frameworks made.
@Suite(.serialized) struct InitramfsCheckTests {
    private func check(_ file: String) async throws -> Outcome {
        try await run([Repository.companion, "check-initramfs", file])
    }

    /// By what Tests/Lab/initramfs calls them, what the check calls them, what starts docker-btrfs-init, and what to do without it.
    private static let images = [
        ("mkinitcpio-busybox", "mkinitcpio with busybox", ["program", "hook", "init", "switch"], "put 'docker-btrfs' into HOOKS"),
        (
            "mkinitcpio-systemd", "mkinitcpio with systemd", ["program", "unit", "link", "rules", "init", "switch"],
            "put 'docker-btrfs' into HOOKS"
        ),
        (
            "dracut-systemd", "dracut with systemd", ["program", "unit", "link", "rules", "init", "switch"],
            "build it again with 'dracut --force --add docker-btrfs'"
        ),
        (
            "dracut-plain", "dracut without systemd", ["program", "hook", "init", "switch"],
            "build it again with 'dracut --force --add docker-btrfs'"
        ),
        ("initramfs-tools", "initramfs-tools", ["program", "script", "init", "switch"], "build it again with 'update-initramfs -u'"),
        ("init", "docker-btrfs-init as /init", ["init"], "build it again with 'docker-btrfs initramfs build'"),
    ]

    @Test(arguments: images)
    func `an initramfs of each framework, with docker-btrfs-init in it and without`(
        name: String, framework: String, start: [String], remedy: String
    ) async throws {
        let outcome = try await check(InitramfsTree.image(name))
        #expect(outcome.status == 0)
        #expect(outcome.errors == "")
        let lines = outcome.output.split(separator: "\n").map { $0.split(separator: " ", omittingEmptySubsequences: true) }
        let subjects = ["framework"] + start + ["btrfs"] + (name == "init" ? ["modules"] : []) + ["configuration"]
        #expect(lines.map { $0.prefix(2).joined(separator: " ") } == subjects.map { "ok " + $0 })
        #expect(try #require(lines.first).dropFirst(2).joined(separator: " ") == framework)

        let without = try await checkWithout(["init", "usr/bin/docker-btrfs-init"].suffix(name == "init" ? 2 : 1), in: name)
        #expect(without.status == 1)
        let missing = name == "init" ? "init: there is no /init" : "program: there is no /usr/bin/docker-btrfs-init"
        #expect(without.errors.contains("cannot boot an image: \(missing)\nhint: "), "\(without.errors)")
        #expect(without.errors.contains(remedy), "\(without.errors)")
        #expect(without.output.hasPrefix("ok       framework      \(framework)\n"))
    }

    private func checkWithout(_ files: some Sequence<String>, in name: String) async throws -> Outcome {
        let image = try await InitramfsImage(reading: InitramfsTree.image(name))
        // A name alone is that of a file at the top or of a module, a path is below any folder.
        let isTaken = { (path: String, file: String) in path == "/" + file || file != "init" && path.hasSuffix("/" + file) }
        let rest = image.paths.filter { path in !files.contains { isTaken(path.description, $0) } }.compactMap { image[$0] }
        #expect(rest.count == image.paths.count - Array(files).count)
        var outcome: Outcome?
        try await InitramfsTree.withFolder { folder in
            try replaceFile(folder + "/i", with: CPIOWriter.archive(rest, time: 0))
            outcome = try await check(folder + "/i")
        }
        return try #require(outcome)
    }

    @Test func `one of initramfs-tools from before docker-btrfs was installed`() async throws {
        let file = "\(InitramfsTree.path)/boot/initrd.img-\(try InitramfsTree.release())"
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
        let image = "\(InitramfsTree.path)/boot/initrd.img-\(try InitramfsTree.release())"
        let found = try await InitramfsImage(reading: image).paths.map(\.description)
        #expect(Set(found) == expected)
    }

    @Test(arguments: [
        ("usr/lib/systemd/system/docker-btrfs.service", "unit: there is no /usr/lib/systemd/system/docker-btrfs.service"),
        ("usr/lib/systemd/system/sysroot.mount.requires/docker-btrfs.service", "link: there is no"),
        ("btrfs.ko", "btrfs: there is no btrfs module"), ("init", "init: there is no /init, which the kernel starts"),
        ("bin/systemctl", "switch: there is no program 'systemctl'"),
    ])
    func `whatever is taken out of it is missed`(path: String, message: String) async throws {
        let outcome = try await checkWithout([path], in: "dracut-systemd")
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains(message), "\(outcome.errors)")
    }

    /// It holds the file and what that unpacks to, which has a limit. The address space has the program itself in it.
    @Test(arguments: [
        "head --bytes 1200M /dev/zero | zstd", "head --bytes 300M /dev/zero | gzip", "head --bytes 1200M /dev/zero | xz -0",
        #"perl -e 'print "070701", "0" x 47, "f" x 8, "0" x 47, "\0" x 2' | head --bytes 9M"#,
    ])
    func `whatever a file unpacks to, its check takes a limited memory`(making: String) async throws {
        try await InitramfsTree.withFolder { folder in
            try await output(of: ["bash", "-euo", "pipefail", "-c", "\(making) > '\(folder)/bomb'"])
            let limit = ["prlimit", "--as=\(1 << 30)"]
            let outcome = try await run(limit + [Repository.companion, "check-initramfs", "\(folder)/bomb"])
            #expect(outcome.status == 1)
            #expect(outcome.errors.hasPrefix("Error: could not read '\(folder)/bomb': "), "\(outcome)")
        }
    }

    @Test func `an image that is cut off anywhere is refused`() async throws {
        let bytes = try #require(try fileContents(InitramfsTree.image("dracut-systemd"), limit: 1 << 30))
        for part in [3, 5, 8] {
            await #expect(throws: Failure.self) { try await InitramfsImage(Array(bytes.prefix(bytes.count * part / 10)), name: "x") }
        }
    }
}
