public import ArgumentParser
import Basics
import Glibc
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

    @Option(help: "What builds the initramfs: mkinitcpio, dracut or initramfs-tools. Needed only where there are several.")
    var framework: InitramfsTool?

    @Option(help: ArgumentHelp("docker-btrfs-init, instead of the one beside this program.", valueName: "file"))
    var binary: String?

    func run() async throws {
        try await target.installer().install(framework, program: program())
    }

    private func program() throws(Failure) -> [UInt8] {
        let path = if let binary { binary } else { try initBesideThisProgram() }
        if let bytes = try fileContents(path) { return bytes }
        throw Failure("could not open '\(path)': it is not there", hint: "say where docker-btrfs-init is: --binary FILE")
    }
}

struct UninstallCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "uninstall",
        abstract: "Remove what 'install' added, and build the initramfs without it.",
        discussion: "What was changed since is left, and named."
    )

    @OptionGroup var target: InstallTarget

    func run() async throws {
        try await target.installer().uninstall()
    }
}

/// Where and how.
struct InstallTarget: ParsableArguments {
    @Option(help: ArgumentHelp("Another tree than the running system. Its initramfs is not built.", valueName: "dir"))
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
