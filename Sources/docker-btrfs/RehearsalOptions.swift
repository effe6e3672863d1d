import ArgumentParser
import Basics
import Deployments
import DiskImages
import Glibc
import Programs

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
    var rehearsalMemory = Emulator.usualMemory

    @Option(help: ArgumentHelp("Where its disk is made; as large as the image, and not a tmpfs.", valueName: "dir"), completion: .directory)
    var rehearsalFolder = DiskFolder.usualPlace

    @Option(help: ArgumentHelp("Where GRUB's modules are, if not in /usr/lib/grub.", valueName: "dir"), completion: .directory)
    var grub: String?

    @Option(help: ArgumentHelp("Write the last that its screen showed to a new file, as PNG.", valueName: "file"), completion: .file())
    var screenshot: String?

    private static let usualTime = 600

    /// The first option that has another value than its usual one.
    var firstGiven: String? {
        let given = [
            ("--rehearsal-firmware", rehearsalFirmware != nil), ("--rehearsal-time", rehearsalTime != Self.usualTime),
            ("--rehearsal-memory", rehearsalMemory != Emulator.usualMemory),
            ("--rehearsal-folder", rehearsalFolder != DiskFolder.usualPlace),
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
        if !isQuiet, let note = next?.note { tell(note: note) }
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
            if !isQuiet, let note = rehearsal.note { tell(note: note) }
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
