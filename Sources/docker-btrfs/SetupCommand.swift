public import ArgumentParser
import Basics
public import BootEntries
public import Deployments

struct SetupCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "setup",
        abstract: "Get this machine ready to boot images: find what it has, and make a first top layer from it.",
        discussion: """
            The top layer is laid over every root: this machine's name, id, keys, users, mounts and network, and both programs of docker-btrfs, \
            so that an image needs nothing of them inside. What is there stays as it is, so it can be run again.
            """
    )

    @Option(help: ArgumentHelp("Where the top level of the btrfs is mounted.", valueName: "dir"), completion: .directory)
    var topLevel: String?

    @Option(help: ArgumentHelp("Where the boot loader's partition is mounted.", valueName: "dir"), completion: .directory)
    var boot: String?

    @Option(help: ArgumentHelp("Docker's data-root, containerd's root or Podman's graphroot.", valueName: "dir"), completion: .directory)
    var dataRoot: String?

    @Option(help: ArgumentHelp("Whose images of containerd, where they are not Docker's.", valueName: "name"))
    var namespace: String?

    @Option(help: "What starts the kernel: refind, grub, systemd-boot or print, for any other.")
    var loader: BootLoader?

    @Option(
        help: """
            Where kernels lie: btrfs, for rEFInd, GRUB or print; boot, the boot loader's partition; or uki, there as unified kernel images, \
            for systemd-boot or print.
            """)
    var kernels: Settings.Kernels?

    @Option(help: ArgumentHelp("What the root is called, on the top level.", valueName: "name"))
    var name: String?

    @Option(help: ArgumentHelp("The top layer, from the top level.", valueName: "path"))
    var topLayer: String?

    @Option(help: ArgumentHelp("What the kernel is told beside what docker-btrfs says.", valueName: "text"))
    var options: String?

    @Option(help: ArgumentHelp("How the root is mounted, beside its subvolume; '' for no options.", valueName: "options"))
    var rootflags: String?

    @Option(
        help: ArgumentHelp("A directory that is the same in each root, filled once from here; may be given again.", valueName: "path"),
        completion: .directory)
    var data: [String] = []

    @Flag(help: "Give the top layer the people and passwords of this system anew, in the place of those that it has.")
    var users = false

    @Flag(help: "Each root to come looks once a day for a new image under the name of the next boot, in its registry, and deploys it.")
    var update = false

    @Option(help: ArgumentHelp("The system that the machine's own files come from.", valueName: "dir"), completion: .directory)
    var root = "/"

    @OptionGroup var initProgram: InitProgram

    @Flag(help: "Print what would be made, one line each, and change nothing.")
    var dryRun = false

    func run() throws {
        var choices = SetupChoices()
        choices.system = root
        choices.topLevel = topLevel
        choices.boot = boot
        choices.dataRoot = dataRoot
        choices.namespace = namespace
        choices.loader = loader
        choices.kernels = kernels
        choices.root = name
        choices.topLayer = topLayer
        choices.options = options
        choices.rootFlags = rootflags
        choices.data = data
        choices.update = update
        choices.companion = try thisProgram()
        choices.program = try initProgram.found()
        let plan = try SetupPlan(choices, renewsUsers: users, isLocked: !dryRun)
        for line in plan.found { show(line) }
        for note in plan.notes { tell(note: note) }
        show("")
        if plan.lines.isEmpty {
            show("all is set up as it should be")
            if !plan.isDeployed { show("next: \(plan.next)") }
            return
        }
        if dryRun { return plan.lines.forEach(show) }
        try plan.perform(say: show)
        show("next: \(plan.next)")
    }
}

extension BootLoader: ExpressibleByArgument {}
extension Settings.Kernels: ExpressibleByArgument {}
