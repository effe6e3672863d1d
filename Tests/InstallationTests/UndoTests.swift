import Basics
import Testing

@testable import Installation

/// A change that fails after others were made.
struct UndoTests {
    let system: System

    init() throws { system = try System() }

    /// Cannot be made: there is no directory for it.
    private let impossible = Change.write(InstalledFile("none/at/all", .file([], mode: 0o644)))

    private func failure(_ changes: [Change]) throws -> String {
        let tree = try system.tree()
        do throws(Failure) {
            _ = try tree.perform(changes + [impossible])
            return ""
        } catch {
            return error.message
        }
    }

    @Test func `everything is as it was`() async throws {
        try system.write("old\n", to: "etc/there")
        try system.setMode("600", of: "etc/there")
        try system.link("etc/link", to: "there")
        try system.make("etc/empty")
        let before = try await system.inventory()
        let new = Array("new\n".utf8)
        let changes: [Change] = [
            .makeDirectory("var"), .makeDirectory("var/lib"), .makeDirectory("var/lib/docker-btrfs"), .record(InstallRecord(.dracut)),
            .replace(InstalledFile("etc/there", .file(new, mode: 0o644)), mode: 0o644), .remove("etc/link"),
            .write(InstalledFile("etc/link", .file(new, mode: 0o644))), .removeDirectory("etc/empty"),
            .write(InstalledFile("etc/other", .link(to: "there"))), .removeDirectory("etc"),
        ]
        #expect(try failure(changes).hasSuffix("there is no directory '/none/at'; all other files are as before"))
        #expect(try await system.inventory() == before)
    }

    @Test func `nothing was changed yet`() throws {
        #expect(try failure([]) == "could not write '/none/at/all': there is no directory '/none/at'; all other files are as before")
    }

    @Test func `what cannot be taken back is named`() throws {
        try system.write("old\n", to: "etc/there")
        let tree = try system.tree()
        let undoing = try tree.perform([.remove("etc/there")])
        try system.remove("etc")
        let failure = tree.undo(undoing, after: Failure("it failed", hint: "do this"))
        #expect(failure.message == "it failed; not all files are as before: could not write '/etc/there': there is no directory '/etc'")
        #expect(failure.hint == "do this")
    }

    /// What cannot be written, as on a filesystem that is read-only, was not changed either.
    @Test func `what is as before is not written again`() throws {
        try system.write("old\n", to: "etc/there")
        let tree = try system.tree()
        let before = try #require(try tree.status(of: "etc/there"))
        let old = InstalledFile("etc/there", .file(Array("old\n".utf8), mode: before.permissions))
        let failure = tree.undo([.write(old), .removeDirectory("etc/none")], after: Failure("it failed"))
        #expect(failure.message == "it failed; all other files are as before")
        #expect(try tree.status(of: "etc/there")?.isSameFile(as: before) == true)
    }

    /// By a run that was killed.
    @Test(arguments: [
        "usr/bin", "etc/mkinitcpio.conf.d", "etc/initcpio/hooks", "usr/lib/systemd/system/multi-user.target.wants", "var/lib/docker-btrfs",
    ])
    func `what was left half written is gone after the next run`(folder: String) async throws {
        let fresh = try System()
        try await fresh.install(.mkinitcpio)
        try await system.install(.mkinitcpio)
        try system.write("half", to: "\(folder)/.docker-btrfs.new")
        try await system.install(.mkinitcpio)
        #expect(try await system.files() == fresh.files())
        try system.write("half", to: "\(folder)/.docker-btrfs.new")
        try await system.uninstall()
        #expect(try await system.files() == [])
    }
}
