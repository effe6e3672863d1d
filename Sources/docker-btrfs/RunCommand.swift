import ArgumentParser
import Basics
import CLinux
import Deployments
import DiskImages
import Glibc
import Programs

struct RunCommand: AsyncParsableCommand, TakesName {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Boot an image in a virtual machine, here and now, and keep nothing of it.",
        discussion: """
            The disk that 'image' makes, or one that it made, is started in QEMU, with its console on this terminal: Ctrl-A and x end it. What \
            the machine writes is thrown away, and a reboot ends it. The guest reaches what this machine does, and by the address 10.0.2.2 also \
            what listens on 127.0.0.1 here.
            """
    )
    static let completed = CompletedNames.images

    @Argument(help: "The image, as its engine names it, or the file of a disk.", completion: .names(completed))
    var image: String

    @OptionGroup var choices: DiskOptions

    @Option(help: ArgumentHelp("A port of this machine that leads to the guest's ssh.", valueName: "port"))
    var ssh: Int?

    @Option(
        help: ArgumentHelp("A port of this machine and one of the guest's that it leads to: 8080:80.", valueName: "ports"),
        transform: { try PublishedPort($0) })
    var publish: [PublishedPort] = []

    @Option(help: ArgumentHelp("The guest's memory in MiB; 2048 unless given.", valueName: "number"), transform: memorySize)
    var memory = Emulator.usualMemory

    @Option(help: ArgumentHelp("Where its disk is made; as large as the image, and not a tmpfs.", valueName: "dir"), completion: .directory)
    var folder = DiskFolder.usualPlace

    @Flag(help: "Show the guest's screen in a window, beside its console here.")
    var display = false

    @Flag(help: "Print the command that would be run, and change nothing.")
    var dryRun = false

    func validate() throws {
        if let ssh, !(1...65535).contains(ssh) { throw ValidationError("--ssh takes a port from 1 to 65535") }
        let ports = publish.map(\.host) + (ssh.map { [$0] } ?? [])
        if let twice = ports.first(where: { port in ports.count { $0 == port } > 1 }) {
            throw ValidationError("the port \(twice) cannot lead to two of the guest's")
        }
        if memory < 64 { throw ValidationError("--memory takes a number from 64 on") }
    }

    func run() async throws {
        if isNamedAsFile && access(image, F_OK) == 0 {
            if let option = choices.firstOfMaking {
                throw Failure("could not use \(option): the disk '\(image)' is made already", hint: "leave it out, or run the image")
            }
            return try await Interruption.taken { () throws(Failure) in try await startDisk() }
        }
        // No image's name begins so.
        if !isNamedAsFile && ["/", "./", "../"].contains(where: { image.hasPrefix($0) }) {
            let endings = DiskFormat.allCases.map { ".\($0.rawValue)" }.joined(separator: " ")
            throw Failure(
                "could not run '\(image)': it is a path, and does not end as the file of a disk does",
                hint: "name a disk's file by what it is, \(endings); a device is not run")
        }
        if isNamedAsFile, try !choices.choices(of: image, output: image).findsImage {
            throw Failure(
                "could not run '\(image)': there is no such file",
                hint: "an image is named as 'docker-btrfs images' lists it, without the ending of a disk")
        }
        if !dryRun { try enterOwnMounts() }
        try await Interruption.taken { () throws(Failure) in try await makeAndStart() }
    }

    /// A disk that is made already.
    private func startDisk() async throws(Failure) {
        var emulator = try emulator(of: image).holdingFile()
        if let note = try await emulator.adaptToDisk(hasChosenFirmware: choices.hasChosenFirmware) { tell(note: note) }
        try await start(emulator)
    }

    private func makeAndStart() async throws(Failure) {
        let folder = dryRun ? nil : try DiskFolder(in: self.folder, option: "--folder")
        defer { withExtendedLifetime(folder) {} }
        let file = folder?.file ?? "\(self.folder)/disk.raw"
        var choices = try choices.choices(of: image, output: file)
        // The folder is a new one, where nothing is to be replaced.
        choices.replaces = true
        choices.isForEmulator = true
        let plan = try DiskPlan(choices)
        plan.showFindings()
        if plan.findings.contains(where: { $0.weight == .error }) { throw Failure("could not run '\(image)': it cannot boot") }
        // It also looks whether QEMU is there, before a disk is made for it.
        var emulator = try emulator(of: file)
        emulator.keepsWrites = true
        for note in plan.notes { tell(note: note) }
        if dryRun { plan.lines.forEach(show) } else { try await plan.perform(isQuiet: false) }
        try await start(emulator)
    }

    /// Whether it ends as the file of a disk does. The name of an image may end so too.
    private var isNamedAsFile: Bool { (try? DiskFormat(ofFile: image)) != nil }

    private func emulator(of file: String) throws(Failure) -> Emulator {
        var emulator = try Emulator(file: file)
        emulator.isUEFI = choices.starts == .uefi
        emulator.sector = choices.sectorSize
        emulator.hasDisplay = display
        emulator.ports = publish.map { ($0.host, $0.guest) } + (ssh.map { [($0, 22)] } ?? [])
        emulator.memory = memory
        try emulator.check()
        // The command may be for another machine.
        if !dryRun { try emulator.checkMemory(option: "--memory") }
        return emulator
    }

    private func start(_ emulator: Emulator) async throws(Failure) {
        let hasKVM = try await Emulator.hasKVM()
        if dryRun { return show(emulator.command(withKVM: hasKVM).map(typedWord).joined(separator: " ")) }
        if !hasKVM { tell(note: "without KVM, which does not work here: the machine is emulated, and slow") }
        try await emulator.run(withKVM: hasKVM)
    }
}

/// `8080:80`, as `docker run --publish` has it.
struct PublishedPort {
    let host: Int
    let guest: Int

    init(_ text: String) throws {
        let numbers = text.split(separator: ":", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
        guard numbers.count == 2, numbers.allSatisfy({ (1...65535).contains($0) }) else {
            throw ValidationError("a port of this machine and one of the guest's are two numbers up to 65535, as 8080:80")
        }
        (host, guest) = (numbers[0], numbers[1])
    }
}
