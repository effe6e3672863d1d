import ArgumentParser
import Basics
import Deployments
import Installation

struct UninstallCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "uninstall",
        abstract: "Remove what 'install', 'setup' and 'deploy' added to how this machine starts.",
        discussion: """
            The boot menu's entries, kernels, deployments and settings go, and the initramfs is built without docker-btrfs where it is in \
            that. Images, the top layer, roots and data stay, and so does what was changed since: it is named. Much of it is read-only \
            subvolumes, which rm does not delete: docs/deploy.md has the lines that do.
            """
    )

    @OptionGroup var target: InstallTarget

    @OptionGroup var place: SitePlace

    func run() async throws {
        let installer = try target.installer()
        // Another tree has no boot menu of its own.
        let site = target.root == nil ? try place.found(isLocked: !target.dryRun, loader: .ifThere) : nil
        if target.root == nil, site == nil, try !installer.isInstalled {
            if let topLevel = place.topLevel {
                throw Failure(
                    "could not uninstall: docker-btrfs is not installed here, and the btrfs at '\(topLevel)' was not set up for it",
                    hint: "name the one that was, or leave --top-level out: it is looked for")
            }
            throw Failure(
                "could not uninstall: docker-btrfs is not installed here, and no btrfs that was set up for it is mounted",
                hint:
                    "mount that, or say where its top level is, also of one that is mounted with nosuid and nodev, as sticks are: --top-level DIR"
            )
        }
        if let site { try site.uninstalling(isNamed: place.topLevel != nil).finish(dryRun: target.dryRun) }
        if try site == nil || installer.isInstalled { try await installer.uninstall() }
    }
}
