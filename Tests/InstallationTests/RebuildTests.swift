import Basics
import Foundation
import Testing

@testable import Installation

/// Tools that build well, badly or not at all stand for a framework's.
struct RebuildTests {
    let system: System

    init() throws {
        system = try System()
        try system.write("before\n", to: "boot/initrd")
        try system.setMode("600", of: "boot/initrd")
    }

    private func build(_ script: String, images: [Path] = ["boot/initrd"]) -> BuildCommands {
        BuildCommands(images: images, commands: [["sh", "-c", "cd '\(system.path)/boot'; \(script)"]])
    }

    /// The message of a build that fails; `check` is what looks into the image.
    private func failure(
        _ build: BuildCommands, isLasting: Bool = true, check: (Path) async throws(Failure) -> Void = { (_) throws(Failure) in }
    ) async throws -> String? {
        try system.make("var/lib/docker-btrfs")
        let tree = try system.tree()
        do throws(Failure) {
            let building = try await Rebuild(build, tree.record() ?? InstallRecord(.dracut), isLasting: isLasting, in: tree)
            _ = try await building.run { (image, _) throws(Failure) in try await check(image) }
            return nil
        } catch {
            return error.description.replacing(system.path, with: "ROOT")
        }
    }

    @Test func `the image from before is kept beside the new one`() async throws {
        #expect(try await failure(build("echo new > initrd")) == nil)
        #expect(try system.read("boot/initrd") == "new\n")
        #expect(try system.read("boot/old-initrd") == "before\n")
        #expect(try system.mode("boot/old-initrd") == 0o600)
        let kept = InstallRecord.Entry(path: "boot/old-initrd", trace: .file(Digest.of(Array("before\n".utf8))))
        #expect(try system.tree().record()?.kept == [kept])
    }

    @Test func `a second build leaves the copy of the first`() async throws {
        #expect(try await failure(build("echo new > initrd")) == nil)
        let record = try system.read("var/lib/docker-btrfs/installed")
        #expect(try await failure(build("echo newer > initrd")) == nil)
        #expect(try system.read("boot/initrd") == "newer\n")
        #expect(try await failure(build("cat .initrd.docker-btrfs > initrd; exit 3"))?.hasSuffix("from before is back") == true)
        #expect(try system.read("boot/initrd") == "newer\n")
        #expect(try system.read("boot/old-initrd") == "before\n")
        #expect(try system.exists("boot/.initrd.docker-btrfs") == false)
        #expect(try system.tree().record()?.kept.filter { $0.path == "boot/old-initrd" }.count == 1)
        #expect(try await failure(build("echo newest > initrd")) == nil)
        #expect(try system.read("var/lib/docker-btrfs/installed") == record)
    }

    /// On an ESP that all roots have. A root that was made anew knows nothing of it.
    @Test func `the copy of a build in another root stays as well`() async throws {
        let pack = "mkdir -p r/usr/bin; echo > r/usr/bin/docker-btrfs-init; (cd r; find . | cpio --quiet -o -H newc) > initrd"
        #expect(try await failure(build(pack)) == nil)
        try system.remove("var/lib/docker-btrfs/installed")
        #expect(try await failure(build("echo new > initrd; exit 3"))?.hasSuffix("from before is back") == true)
        #expect(try await failure(build("echo new > initrd")) == nil)
        #expect(try system.read("boot/initrd") == "new\n")
        #expect(try system.read("boot/old-initrd") == "before\n")
        #expect(try system.exists("boot/.initrd.docker-btrfs") == false)
        #expect(try system.tree().record()?.kept == [])
    }

    /// A tool writes into what is there, or puts another file in its place.
    @Test(arguments: ["echo half > initrd; exit 3", "echo half > new; mv new initrd; exit 3"])
    func `an image that is a link`(script: String) async throws {
        try system.remove("boot/initrd")
        try system.write("before\n", to: "efi/arch/initrd")
        try system.link("boot/initrd", to: "../efi/arch/initrd")
        #expect(try await failure(build("\(script)"))?.hasSuffix("the initramfs from before is back") == true)
        let there = ["/boot/initrd -> ../efi/arch/initrd", "644 /efi/arch/initrd"]
        #expect(try await system.files().filter { $0.contains("initrd") } == there)
        #expect(try system.read("boot/initrd") == "before\n")
        #expect(try await failure(build("echo new > initrd")) == nil)
        #expect(try system.read("efi/arch/old-initrd") == "before\n")
        #expect(try system.read("efi/arch/initrd") == "new\n")
    }

    /// Boot loaders list every `.efi` on an ESP.
    @Test func `a unified kernel image`() async throws {
        try system.write("before\n", to: "boot/linux.efi")
        #expect(try await failure(build("echo new > linux.efi", images: ["boot/linux.efi"])) == nil)
        #expect(try system.read("boot/linux.efi.old") == "before\n")
    }

    @Test func `one of several cannot be put back`() async throws {
        try system.write("other\n", to: "boot/other")
        let script = "echo half > initrd; echo half > other; rm .initrd.docker-btrfs; exit 3"
        let message = try #require(try await failure(build(script, images: ["boot/initrd", "boot/other"])))
        #expect(message.contains("could not be put back: could not rename '/boot/.initrd.docker-btrfs' to '/boot/initrd'"))
        #expect(try system.read("boot/other") == "other\n")
    }

    @Test(arguments: ["echo half > initrd; chmod 644 initrd; exit 3", "rm initrd; exit 3", "exit 3"])
    func `a tool that fails`(script: String) async throws {
        let message = try #require(try await failure(build(script)))
        #expect(message.hasSuffix("failed: it ended with status 3; the initramfs from before is back"))
        try expectAsBefore()
    }

    @Test func `a tool that a signal ends`() async throws {
        let message = try #require(try await failure(build("echo half > initrd; kill -TERM $$")))
        #expect(message.hasSuffix("failed: signal 15 ended it; the initramfs from before is back"))
        try expectAsBefore()
    }

    @Test func `an image that is not as it should be`() async throws {
        let message = try await failure(build("echo new > initrd")) { (image) throws(Failure) in throw Failure("'\(image)' is bad") }
        #expect(message == "'/boot/initrd' is bad; the initramfs from before is back")
        try expectAsBefore()
    }

    @Test func `an image that there was not before`() async throws {
        let message = try await failure(build("echo new > initrd; echo new > first", images: ["boot/initrd", "boot/first"])) {
            (image) throws(Failure) in if image == "boot/first" { throw Failure("'\(image)' is bad") }
        }
        #expect(message == "'/boot/first' is bad; the initramfs from before is back")
        #expect(try system.exists("boot/first") == false)
        try expectAsBefore()
    }

    @Test func `a tool that is not there`() async throws {
        let nothing = BuildCommands(images: ["boot/initrd"], commands: [["docker-btrfs-none"]])
        #expect(try await failure(nothing)?.hasPrefix("could not run 'docker-btrfs-none': ") == true)
        try expectAsBefore()
    }

    private static let pack =
        "mkdir -p r/usr/bin; echo > r/usr/bin/docker-btrfs-init; (cd r; find . | cpio --quiet -o -H newc) > initrd; rm -r r"

    /// What a build that is cut off leaves: its copies and its record, and then half an image.
    private func cutOff(_ half: String) async throws {
        // Nobody takes back what this one does.
        let script = "cp -a . ../cut; cp -a ../var ../cut.var; exit 3"
        #expect(try await failure(build(script))?.hasSuffix("from before is back") == true)
        for name in ["boot", "var"] { try system.remove(name) }
        try FileManager.default.moveItem(atPath: "\(system.path)/cut", toPath: "\(system.path)/boot")
        try FileManager.default.moveItem(atPath: "\(system.path)/cut.var", toPath: "\(system.path)/var")
        _ = try await failure(build("\(half); exit 0", images: []))
    }

    /// As a power cut leaves it, or a kill: half an image, or none, and the copy.
    @Test(arguments: ["rm initrd", "echo half > initrd"], [false, true])
    func `a build that was cut off is put back before anything else`(half: String, isFirst: Bool) async throws {
        if !isFirst { #expect(try await failure(build(Self.pack)) == nil) }
        let whole = try system.read("boot/initrd")
        try await cutOff(half)
        let told = "put '/boot/initrd' back as it was before a build that was cut off"
        #expect(try await system.install(.dracut, action: .dryRun).first == told)
        #expect(try await isFirst ? system.install(.dracut).first == told : system.uninstall().first == told)
        #expect(try system.read("boot/initrd") == whole)
        #expect(try system.exists("boot/.initrd.docker-btrfs") == false)
        #expect(try system.exists("boot/old-initrd") == !isFirst)
        #expect(try system.tree().record()?.kept ?? [] == [])
    }

    @Test func `what another build made whole since then stays`() async throws {
        try await cutOff(Self.pack)
        let whole = try system.read("boot/initrd")
        #expect(try await system.install(.dracut).contains { $0.hasPrefix("put ") } == false)
        #expect(try system.read("boot/initrd") == whole)
        #expect(try system.exists("boot/.initrd.docker-btrfs") == false)
    }

    @Test func `a link that a file took the place of is a link again`() async throws {
        try system.remove("boot/initrd")
        try system.write("before\n", to: "boot/real/img")
        try system.link("boot/initrd", to: "real/img")
        try await cutOff("rm initrd; echo half > initrd")
        try await system.install(.dracut)
        #expect(try await system.files().filter { $0.contains("initrd") && $0.contains("->") } == ["/boot/initrd -> real/img"])
        #expect(try system.read("boot/real/img") == "before\n")
    }

    @Test func `what the record says is so after a build that failed`() async throws {
        #expect(try await failure(build(Self.pack)) == nil)
        let record = try system.tree().record()
        #expect(try await failure(build("echo half > initrd; exit 3")) != nil)
        #expect(try system.tree().record() == record)
    }

    @Test func `what has docker-btrfs in it already, as a kernel that came later, is not kept as from before`() async throws {
        #expect(try await failure(build(Self.pack)) == nil)
        try system.remove("boot/old-initrd")
        #expect(try await failure(build(Self.pack)) == nil)
        #expect(try system.exists("boot/old-initrd") == false)
        #expect(try system.exists("boot/.initrd.docker-btrfs") == false)
    }

    @Test func `nothing is kept where docker-btrfs is taken out`() async throws {
        #expect(try await failure(build("echo new > initrd"), isLasting: false) == nil)
        #expect(try system.read("boot/initrd") == "new\n")
        #expect(try system.exists("boot/old-initrd") == false)
        #expect(try system.tree().record()?.kept == [])
    }

    @Test func `the images that others build are told by whether docker-btrfs is in them`() async throws {
        let pack = Self.pack.replacing("> initrd;", with: "> initrd-other;")
        #expect(try await failure(build(pack, images: [])) == nil)
        let rebuild = try await Rebuild(build("exit 0"), InstallRecord(.dracut), isLasting: false, in: system.tree())
        let installer = try Installer(root: system.path, action: .perform, initramfs: .leave) { _ in }
        #expect(try await installer.leftImages(than: rebuild, holdingProgram: true) == "'/boot/initrd-other'")
        #expect(try await installer.leftImages(than: rebuild, holdingProgram: false) == nil)
    }

    /// An initramfs too may be another one than that from before: a person's, or a stale one that an `uninstall` without a build left.
    @Test(arguments: [false, true]) func `a copy of which no record says that it is ours`(isInitramfs: Bool) async throws {
        try system.write("mine\n", to: "boot/old-initrd")
        let pack = "mkdir -p o/etc; echo > o/etc/x; (cd o; find . | cpio --quiet -o -H newc) > old-initrd; rm -r o"
        if isInitramfs { #expect(try await failure(build(pack, images: [])) == nil) }
        let mine = try system.read("boot/old-initrd")
        let expected = """
            could not keep '/boot/initrd' as '/boot/old-initrd': something is there, and no record says that docker-btrfs made it
            hint: move it away and run this again
            """
        #expect(try await failure(build("echo new > initrd")) == expected)
        #expect(try system.read("boot/initrd") == "before\n")
        #expect(try system.read("boot/old-initrd") == mine)
    }

    private func expectAsBefore() throws {
        #expect(try system.read("boot/initrd") == "before\n")
        #expect(try system.mode("boot/initrd") == 0o600)
        #expect(try system.exists("boot/old-initrd") == false)
    }
}
