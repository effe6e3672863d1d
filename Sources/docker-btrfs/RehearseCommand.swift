import ArgumentParser
import Basics
import Deployments
import Programs

struct RehearseCommand: AsyncParsableCommand, TakesName {
    static let configuration = CommandConfiguration(
        commandName: "rehearse",
        abstract: "Boot an image as this machine's next boot would, in a virtual machine, and say how that ends.",
        discussion: """
            A disk is made of the image, of this machine's top layer and of its kernel command line, and started in QEMU, without a network. \
            The boot is good when it is marked as good, as it would be here. Exit status: 0 for a good one, 1 for another, 124 when the time is \
            over before, 2 where it could not be rehearsed. Nothing of this machine is changed, and the disk is removed. With --this-disk the \
            machine's own disk is started: snapshots keep its data until that ends, and whoever writes to it waits for a moment.
            """
    )
    static let completed = CompletedNames.images

    @Argument(
        help: "The image, as its engine names it, or an entry of the boot menu; without one, what the next boot starts.",
        completion: .names(completed))
    var image: String?

    @OptionGroup var place: SitePlace
    @OptionGroup var choices: RehearsalOptions

    @Option(help: ArgumentHelp("The kernel, as lib/modules names it, where the image has several.", valueName: "version"))
    var kernel: String?

    @OptionGroup var initProgram: InitProgram

    @Flag(
        help: """
            Boot this very disk, mounted as it is, and not one that is made: the image is then a deployment. Its metadata are copied, and it \
            is never written to.
            """)
    var thisDisk = false

    @Flag(help: "Show the console of the virtual machine.")
    var verbose = false

    @Option(help: "text, or json for other programs: an object with the verdict.")
    var format = OutputFormat.text

    func validate() throws {
        let given = [
            ("--kernel", kernel != nil), ("--init", initProgram.path != nil), ("--grub", choices.grub != nil),
            ("--rehearsal-firmware", choices.rehearsalFirmware != nil),
        ].first { $0.1 }
        if thisDisk, let (name, _) = given {
            throw ValidationError("\(name) is for a disk that is made; an entry of this disk has all it needs")
        }
    }

    func run() async throws {
        do { try await rehearse() } catch let failure as Failure where Interruption.signal == nil {
            throw unjudged(failure, format == .json ? RehearsalEnd.json(of: failure, image: image) : nil)
        }
    }

    private func rehearse() async throws {
        try enterOwnMounts()
        let site = try place.site()
        let isQuiet = format == .json
        let outcome =
            thisDisk
            ? try await choices.rehearse(thisDiskOf: site, entry: image, isQuiet: isQuiet, isVerbose: verbose)
            : try await choices.rehearse(
                image, on: site, kernel: kernel, program: initProgram, isQuiet: isQuiet, isVerbose: verbose)
        if format == .json { print(outcome.json) }
        if outcome.status != 0 { throw ExitCode(outcome.status) }
    }
}
