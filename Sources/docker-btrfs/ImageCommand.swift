import ArgumentParser
import Basics
import Deployments
import DiskImages
import Programs

struct ImageCommand: AsyncParsableCommand, TakesName {
    static let configuration = CommandConfiguration(
        commandName: "image",
        abstract: "Make a disk of an image: a virtual machine that boots, updates and falls back as a machine of metal does.",
        discussion: """
            The disk has a GPT, GRUB for BIOS and UEFI, and a btrfs with a store of Docker's that has this image alone, deployed. What is wrong \
            with the image is said first; where it could not boot, nothing is written. The file is made beside its place and renamed. It holds \
            what the options and the top layer say: passwords and keys too. The exit status is 1 where the image could not boot, 2 where the \
            disk could not be made.
            """
    )
    static let completed = CompletedNames.images

    @Argument(help: "The image, as its engine names it.", completion: .names(completed))
    var image: String

    @Option(
        name: .shortAndLong, help: ArgumentHelp("The disk's file: .raw .img .qcow2 .vdi .vmdk .vhd .vpc .vhdx", valueName: "file"),
        completion: .file())
    var output: String

    @OptionGroup var choices: DiskOptions

    @Flag(help: "Compress the file by zstd: qcow2 alone.")
    var compress = false

    @Flag(help: "Replace a file that is there.")
    var force = false

    @Flag(help: "Print what would be done, one line each, and change nothing.")
    var dryRun = false

    @Option(help: "text, or json for other programs: an object with what was found and made.")
    var format = OutputFormat.text

    func run() async throws {
        do { try await makeDisk() } catch let failure as Failure where Interruption.signal == nil {
            throw unjudged(failure, format == .json ? DiskPlan.json(of: failure, image: image) : nil)
        }
    }

    private func makeDisk() async throws {
        if !dryRun { try enterOwnMounts() }
        var choices = try choices.choices(of: image, output: output)
        choices.replaces = force
        choices.isCompressed = compress
        let plan = try DiskPlan(choices)
        if format == .text { plan.showFindings() }
        let isBad = plan.findings.contains { $0.weight == .error }
        if !isBad {
            for note in plan.notes { tell(note: note) }
            if dryRun { if format == .text { plan.lines.forEach(show) } } else { try await plan.perform(isQuiet: format == .json) }
        }
        if format == .json { print(plan.json(isMade: !isBad && !dryRun)) }
        if isBad { throw ExitCode.failure }
        if !dryRun && format == .text { plan.start.forEach(show) }
    }
}

extension DiskPlan {
    func showFindings() {
        for finding in findings { finding.show() }
        if findings.contains(where: { $0.weight == .error }) { show("\(title) cannot boot as a .\(format.rawValue); nothing was written") }
    }

    func perform(isQuiet: Bool) async throws(Failure) {
        let say = { (line: String) in
            showProgress("")
            if !isQuiet { show(line) }
        }
        defer { showProgress("") }
        try await perform(say: say, progress: { showProgress($0) })
    }

    /// Of a disk that could not be made.
    static func json(of failure: Failure, image: String) -> String {
        json(image, nil, isMade: false, notes: [failure.message] + [failure.hint].compactMap { $0 })
    }

    func json(isMade: Bool) -> String {
        Self.json(title, format, isMade: isMade, steps: lines, notes: notes, findings: findings)
    }

    private static func json(
        _ image: String, _ format: DiskFormat?, isMade: Bool, steps: [String] = [], notes: [String], findings: [ImageFinding] = []
    ) -> String {
        JSONOutput.object([
            ("image", .string(image)), ("format", .text(format?.rawValue)), ("made", .boolean(isMade)),
            ("steps", .array(steps.map { .string($0) })),
            ("notes", .array(notes.map { .string($0) })), ("findings", .array(findings.map(\.json))),
        ]).line
    }
}
