import ArgumentParser
import Basics
import Deployments
import DiskImages
import Glibc
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
            if format == .json { print(RehearsalEnd.json(of: failure, image: image)) }
            tell(DockerBtrfs.fullMessage(for: Complaint(failure)))
            // A boot that is not good ends with 1.
            throw ExitCode(2)
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

/// What starts a machine. A disk may be for both.
enum MachineFirmware: String, CaseIterable, ExpressibleByArgument {
    case uefi, bios
}

/// How a boot is rehearsed.
struct RehearsalOptions: ParsableArguments {
    @Option(help: "What starts the virtual machine: uefi or bios, which it is without this.")
    var rehearsalFirmware: MachineFirmware?

    @Option(help: ArgumentHelp("How long it may take.", valueName: "seconds"))
    var rehearsalTime = Self.usualTime

    @Option(help: ArgumentHelp("Its memory in MiB; 2048 unless given.", valueName: "number"), transform: memorySize)
    var rehearsalMemory = Self.usualMemory

    @Option(help: ArgumentHelp("Where its disk is made; as large as the image, and not a tmpfs.", valueName: "dir"), completion: .directory)
    var rehearsalFolder = Self.usualFolder

    @Option(help: ArgumentHelp("Where GRUB's modules are, if not in /usr/lib/grub.", valueName: "dir"), completion: .directory)
    var grub: String?

    @Option(help: ArgumentHelp("Write the last that its screen showed to a new file, as PNG.", valueName: "file"), completion: .file())
    var screenshot: String?

    private static let (usualTime, usualMemory, usualFolder) = (600, 2048, "/var/tmp")

    /// The first option that has another value than its usual one.
    var firstGiven: String? {
        let given = [
            ("--rehearsal-firmware", rehearsalFirmware != nil), ("--rehearsal-time", rehearsalTime != Self.usualTime),
            ("--rehearsal-memory", rehearsalMemory != Self.usualMemory), ("--rehearsal-folder", rehearsalFolder != Self.usualFolder),
            ("--grub", grub != nil), ("--screenshot", screenshot != nil),
        ]
        return given.first { $0.1 }?.0
    }

    func validate() throws {
        if let screenshot {
            if !screenshot.hasSuffix(".png") { throw ValidationError("--screenshot writes PNG: name the file .png") }
            var there = stat()
            if lstat(screenshot, &there) == 0 { throw ValidationError("--screenshot: there is a file '\(screenshot)' already") }
            // Said before the boot, and not after it.
            do throws(Failure) { try DiskFolder.checkPlace(ofScreen: screenshot) } catch {
                throw ValidationError("--screenshot: \(error.message)")
            }
        }
        if rehearsalTime < 1 { throw ValidationError("--rehearsal-time takes a number from 1 on") }
        if rehearsalMemory < 64 { throw ValidationError("--rehearsal-memory takes a number from 64 on") }
    }

    /// Says what comes of it, unless it is quiet.
    func rehearse(
        _ image: String?, on site: Site, kernel: String?, program: InitProgram, isQuiet: Bool, isVerbose: Bool
    ) async throws -> RehearsalEnd {
        let next = image == nil ? try site.nextImage() : nil
        guard let chosen = try image.map({ name throws(Failure) in try site.imageID(ofEntry: name) ?? name }) ?? next?.id else {
            throw Failure("could not rehearse the next boot: nothing is deployed", hint: "name an image")
        }
        return try await Interruption.taken { () throws(Failure) in
            try await rehearse(
                chosen, title: next?.name, as: RehearsedMachine(of: site), kernel: kernel, program: program, isQuiet: isQuiet,
                isVerbose: isVerbose)
        }
    }

    private func rehearse(
        _ image: String, title: String?, as machine: RehearsedMachine, kernel: String?, program: InitProgram, isQuiet: Bool,
        isVerbose: Bool
    ) async throws(Failure) -> RehearsalEnd {
        let folder = try DiskFolder(in: rehearsalFolder)
        defer { withExtendedLifetime(folder) {} }
        var choices = DiskChoices(image: image, output: folder.file)
        choices.title = title
        choices.machine = machine
        choices.firmware = rehearsalFirmware == .uefi ? .uefi : .bios
        choices.kernel = kernel
        if let grub { choices.grub = grub }
        choices.program = try program.found()
        choices.companion = try thisProgram()
        let rehearsal = try Rehearsal(choices, isUEFI: rehearsalFirmware == .uefi, memory: rehearsalMemory)
        // A warning stops nothing: this boot shows whether it was right.
        if let error = rehearsal.plan.findings.first(where: { $0.weight == .error }) {
            return end(rehearsal, Rehearsal.Outcome(refusing: "\(error.subject): \(error.text)"), isQuiet)
        }
        if !isQuiet { for note in rehearsal.plan.notes { tell(note: note) } }
        try await rehearsal.plan.perform(isQuiet: isQuiet)
        let hasKVM = try await Emulator.hasKVM()
        if !isQuiet {
            show("start it in QEMU" + (hasKVM ? "" : ", without KVM: that is slow"))
        }
        let outcome = try await rehearsal.perform(in: folder, seconds: rehearsalTime, withKVM: hasKVM) { line in
            if isVerbose { tell("  | " + line) }
        }
        defer { savePicture(from: folder) }
        return end(rehearsal, outcome, isQuiet)
    }

    /// The same of the machine's own disk.
    func rehearse(thisDiskOf site: Site, entry: String?, isQuiet: Bool, isVerbose: Bool) async throws -> RehearsalEnd {
        try await Interruption.taken { () throws(Failure) in
            let rehearsal = try ThisDiskRehearsal(of: site, entry: entry, memory: rehearsalMemory)
            let folder = try DiskFolder(in: rehearsalFolder)
            defer { withExtendedLifetime(folder) {} }
            let outcome = try await rehearsal.perform(
                in: folder, seconds: rehearsalTime, withKVM: try Emulator.hasKVM(), show: { if !isQuiet { show($0) } },
                tell: { if isVerbose { tell("  | " + $0) } })
            defer { savePicture(from: folder) }
            return end(rehearsal.title, rehearsal.imageID, outcome, isQuiet)
        }
    }

    /// A picture that cannot be saved is only a note: it changes nothing of how the boot ended.
    private func savePicture(from folder: DiskFolder) {
        guard let screenshot else { return }
        do throws(Failure) { try folder.saveScreen(to: screenshot) } catch { tell(note: error.message) }
    }

    private func end(_ rehearsal: Rehearsal, _ outcome: Rehearsal.Outcome, _ isQuiet: Bool) -> RehearsalEnd {
        end(rehearsal.plan.title, rehearsal.plan.imageID, outcome, isQuiet)
    }

    private func end(_ title: String, _ id: String, _ outcome: Rehearsal.Outcome, _ isQuiet: Bool) -> RehearsalEnd {
        let end = RehearsalEnd(image: title, id: id, outcome: outcome)
        if !isQuiet { end.lines.forEach(show) }
        return end
    }
}

/// How a rehearsal ended, for people and for programs.
struct RehearsalEnd {
    let image: String
    let id: String
    let outcome: Rehearsal.Outcome

    /// 124 is what timeout(1) ends with.
    var status: Int32 {
        switch outcome.verdict {
        case .good: 0
        case .bad: 1
        case .late: 124
        }
    }

    var lines: [String] {
        switch outcome.verdict {
        case .good: ["good: \(image) booted well, in \(outcome.seconds) s"]
        case .bad: end("bad: \(image) does not boot well")
        case .late: end("late: \(image) was not up after \(outcome.seconds) s")
        }
    }

    private func end(_ sentence: String) -> [String] {
        let console = outcome.console
        let shown = console.isEmpty ? [] : ["the last that its console showed:"] + console.map { "    " + $0 }
        return [sentence + (outcome.reason.map { ": \($0)" } ?? "")] + shown
    }

    /// Of a boot that could not be rehearsed.
    static func json(of failure: Failure, image: String?) -> String {
        JSONOutput.object([
            ("image", .text(image)), ("id", .null), ("verdict", .null), ("reason", .string(failure.note)), ("seconds", .integer(0)),
            ("console", .array([])),
        ]).line
    }

    var json: String {
        JSONOutput.object([
            ("image", .string(image)), ("id", .string(id)), ("verdict", .string(outcome.verdict.rawValue)),
            ("reason", .text(outcome.reason)), ("seconds", .integer(outcome.seconds)),
            ("console", .array(outcome.console.map { .string($0) })),
        ]).line
    }
}
