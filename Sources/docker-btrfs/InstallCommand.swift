public import ArgumentParser
import Basics
import Deployments
import Glibc
import Initramfs
public import Installation

struct InstallCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "install",
        abstract: "Put docker-btrfs into the initramfs of this machine.",
        discussion: """
            Adds files, changes none, builds the initramfs with the system's own tool and looks whether all is in it. The initramfs \
            from before is kept, and is put back if anything fails.
            """
    )

    @OptionGroup var target: InstallTarget

    @Option(help: "What builds the initramfs: mkinitcpio, dracut or initramfs-tools. Needed only where it cannot be told.")
    var framework: InitramfsTool?

    @Option(
        name: [.customLong("init"), .customLong("binary")],
        help: ArgumentHelp("docker-btrfs-init, instead of the one beside this program.", valueName: "file"), completion: .file())
    var initProgram: String?

    func run() async throws {
        try await target.installer().install(framework, program: program())
    }

    private func program() throws(Failure) -> [UInt8] {
        let path = if let initProgram { initProgram } else { try initBesideThisProgram() }
        if let bytes = try fileContents(path) {
            try checkInitProgram(path)
            return bytes
        }
        throw Failure("could not open '\(path)': it is not there", hint: "say where docker-btrfs-init is: --init FILE")
    }
}

struct UninstallCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "uninstall",
        abstract: "Remove what 'install', 'setup' and 'deploy' added to how this machine starts.",
        discussion: """
            The boot menu's entries, kernels, deployments and settings go, and the initramfs is built without docker-btrfs where it is in \
            that. Images, the top layer, roots and data stay, and so does what was changed since: it is named.
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

/// Where and how.
struct InstallTarget: ParsableArguments {
    @Option(
        help: ArgumentHelp("Another tree than the running system. Its initramfs is not built.", valueName: "dir"), completion: .directory)
    var root: String?

    @Flag(help: "Print what would be written and run, one line each, and change nothing.")
    var dryRun = false

    @Flag(help: "Leave the initramfs as it is.")
    var noBuild = false

    func installer() throws(Failure) -> Installer {
        try Installer(root: root, action: dryRun ? .dryRun : .perform, initramfs: noBuild ? .leave : .build, say: show)
    }
}

extension InitramfsTool: ExpressibleByArgument {}
