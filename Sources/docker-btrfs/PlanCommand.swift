import ArgumentParser
import Basics
import Boot
import BootRun
import Planning

struct PlanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Print what the next boot will do, one step a line, and change nothing.",
        discussion: """
            The same survey and the same plan as docker-btrfs-init makes in the initramfs, for the command line that this machine was \
            started with unless another one is given.
            """
    )

    @Option(help: ArgumentHelp("The kernel command line instead of /proc/cmdline.", valueName: "text"))
    var cmdline: String?

    @Option(help: ArgumentHelp("The configuration instead of \(configurationPath).", valueName: "file"))
    var config: String?

    @Option(help: ArgumentHelp("A directory in place of the top level of root='s filesystem; needs no root.", valueName: "dir"))
    var topLevel: String?

    @Option(help: ArgumentHelp("A directory in place of toplayer='s filesystem.", valueName: "dir"))
    var topLayer: String?

    func validate() throws {
        if topLayer != nil && topLevel == nil { throw ValidationError("--top-layer goes with --top-level") }
    }

    func run() throws {
        guard let request = try Request(commandLine: cmdline, configurationFile: config) else {
            let strays = try KernelCommandLine.asked(by: cmdline).strayKeys
            throw Failure("could not plan a boot: there is no '\(Request.optIn)=' on the kernel command line", hint: strays.first)
        }
        let plan = try BootSession(rehearsing: request, topLevel: topLevel, topLayer: topLayer).plan()
        print(plan.description, terminator: "")
        for note in plan.notes { tell(note: note) }
    }
}
