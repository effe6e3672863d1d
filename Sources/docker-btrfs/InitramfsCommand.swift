import ArgumentParser
import Basics
import CLinux
import Files
import Glibc
import Initramfs

struct InitramfsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "initramfs",
        abstract: "Make an initramfs that needs no framework.",
        subcommands: [InitramfsBuildCommand.self]
    )
}

struct InitramfsBuildCommand: AsyncParsableCommand {
    enum Drivers: EnumerableFlag { case generic, hostOnly }

    enum Packing: String, ExpressibleByArgument, CaseIterable {
        case zstd, gzip, xz, none
        var compression: Compression? { Compression(rawValue: rawValue) }
    }

    static let configuration = CommandConfiguration(
        commandName: "build",
        abstract: "Write an initramfs with docker-btrfs-init as /init.",
        discussion: """
            It holds docker-btrfs-init, the kernel's modules for disks and filesystems with the firmware that they ask for, and \
            /etc/docker-btrfs.json. The same input gives the same bytes; SOURCE_DATE_EPOCH is the time of all files in it.
            """
    )

    @Option(help: ArgumentHelp("The kernel, as lib/modules names it; the only one there unless given.", valueName: "version"))
    var kernel: String?

    @Option(help: ArgumentHelp("The system that modules, firmware and configuration come from.", valueName: "dir"), completion: .directory)
    var root = "/"

    @Option(name: .shortAndLong, help: ArgumentHelp("Where the initramfs is written.", valueName: "file"), completion: .file())
    var output: String?

    @Option(
        help: ArgumentHelp("Write a unified kernel image for UEFI: stub, kernel, command line, initramfs.", valueName: "file"),
        completion: .file())
    var uki: String?

    @Option(
        help: ArgumentHelp(
            "The kernel command line for --uki, instead of etc/kernel/cmdline, and for --host-only, instead of this boot's.",
            valueName: "text"))
    var cmdline: String?

    @Flag(help: "Drivers for most machines, or for this one alone.")
    var drivers = Drivers.generic

    @Option(help: ArgumentHelp("A module that it must have, by name or alias; may be given again.", valueName: "name"))
    var addModule: [String] = []

    @Option(help: ArgumentHelp("How it is compressed: zstd, gzip, xz or none.", valueName: "kind"))
    var compress = Packing.zstd

    @Flag(help: "Put a static busybox in, for a shell after a failure.")
    var shell = false

    @OptionGroup var initProgram: InitProgram

    @Option(help: ArgumentHelp("The configuration instead of the root's /etc/docker-btrfs.json.", valueName: "file"), completion: .file())
    var config: String?

    func validate() throws {
        if output == nil && uki == nil { throw ValidationError("--output or --uki has to say what is written") }
        if let output, let uki, place(of: output) == place(of: uki) {
            throw ValidationError("--output and --uki name one file, and are two")
        }
        if cmdline != nil && uki == nil && drivers == .generic { throw ValidationError("--cmdline goes with --uki or --host-only") }
    }

    func run() async throws {
        let recipe = try recipe()
        let build = try await Build(recipe)
        for note in build.notes { tell(note: note) }
        let bytes = try await build.compressed(with: compress.compression)
        let contents = "\(build.moduleCount) modules and \(build.firmwareCount) firmware files for \(recipe.release)"
        // Nothing is written where one of them cannot be made.
        let image = uki == nil ? nil : try await UnifiedKernelImage(recipe).built(around: bytes)
        for case (let file?, let content?) in [(output, bytes), (uki, image)] {
            try replaceFile(target(of: file), with: content)
            print("\(file): \(content.count) bytes, \(contents)")
        }
    }

    /// What a symlink says that is to be written, as Debian's /initrd.img; the path itself where there is none. Fails where another user has made
    /// that, who would choose what root replaces.
    private func target(of file: String) throws(Failure) -> String {
        var place = file
        for _ in 0..<40 {
            var found = stat()
            if lstat(place, &found) != 0 || Int32(found.st_mode) & S_IFMT != S_IFLNK { return place }
            if found.st_uid != 0 && found.st_uid != geteuid() {
                throw Failure("could not write '\(file)': '\(place)' is another user's symlink", hint: "name the file that it leads to")
            }
            let folder = place.lastIndex(of: "/").map { String(place[...$0]) } ?? ""
            let name = cString(Array(place.dropFirst(folder.count).utf8))
            guard let link = try? Directory(opening: folder.isEmpty ? "." : folder).text(ofLink: name),
                let text = String(validating: link, as: UTF8.self), !text.isEmpty
            else { break }
            place = text.hasPrefix("/") ? text : folder + text
        }
        throw Failure("could not write '\(file)': it is a symlink that cannot be followed", hint: "name the file that it leads to")
    }

    /// A path to compare: it is the same for all names of one file, whether that is there already or not.
    private func place(of file: String) -> String {
        let file = (try? target(of: file)) ?? file
        let parts = file.split(separator: "/", omittingEmptySubsequences: false)
        let folder = parts.count > 1 ? parts.dropLast().joined(separator: "/") + "/" : "."
        guard let whole = realpath(folder, nil) else { return file }
        defer { free(whole) }
        return String(cString: whole) + "/" + (parts.last ?? "")
    }

    private func recipe() throws -> Recipe {
        let program = try initProgram.found()
        var recipe = try Recipe(tree: Directory(opening: root), release: kernel, program: program)
        recipe.drivers = drivers == .generic ? .generic : .hostOnly
        recipe.addedModules = addModule
        recipe.shell = shell ? .busybox : .none
        recipe.configuration = config
        recipe.commandLine = cmdline
        recipe.time = try sourceDateEpoch() ?? 0
        return recipe
    }
}
