public import ArgumentParser
import Basics
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
