public import Basics
internal import Boot

/// Whether an initramfs has what a boot from a Docker image needs.
public struct Inspection: Sendable {
    /// One thing that was looked for.
    public struct Finding: Equatable, Sendable {
        public enum Mark: String, Sendable {
            case ok, missing
            /// Right or wrong, as the machine needs it.
            case note
        }

        public let mark: Mark
        public let subject: String
        /// What was found, or which is not there.
        public let text: String
    }

    public let framework: Framework?
    public var findings: [Finding] { inside + commandLines }
    /// What the initramfs holds.
    private let inside: [Finding]
    private let commandLines: [Finding]
    private let name: String

    public init(of image: InitramfsImage) {
        name = image.name
        framework = Framework(of: image)
        guard let framework else {
            inside = [Finding(mark: .missing, subject: "framework", text: "none that docker-btrfs knows")]
            commandLines = []
            return
        }
        // As /init, the program is what starts too.
        let program: [Finding] = if case .none = framework { [] } else { [initProgram(in: image)] }
        inside =
            [Finding(mark: .ok, subject: "framework", text: framework.name)] + program + start(in: image, by: framework)
            + passage(in: image, of: framework) + drivers(in: image, of: framework) + [configuration(in: image)]
        commandLines = Initramfs.commandLines(in: image)
    }

    /// What is missing and what to do, where something is.
    public var failure: Failure? { failureOfInitramfs ?? failure(by: commandLines, hint: commandLineRemedy) }

    /// The same, whatever the kernel command line says that the image brings.
    public var failureOfInitramfs: Failure? { failure(by: inside, hint: framework?.remedy) }

    /// Where the kernel command line of a unified kernel image is taken from.
    public var commandLineSource: String { (framework ?? .systemd).commandLineSource }

    /// What to do where it boots no image.
    public var commandLineRemedy: String { "add 'docker_path=' to \(commandLineSource), and build it again" }

    private func failure(by findings: [Finding], hint: String?) -> Failure? {
        let missing = findings.filter { $0.mark == .missing }.map { "\($0.subject): \($0.text)" }
        if missing.isEmpty { return nil }
        return Failure("'\(name)' cannot boot an image: \(missing.joined(separator: "; "))", hint: hint)
    }
}

typealias Finding = Inspection.Finding

extension InitramfsImage {
    /// The version of docker-btrfs-init in it; nil where that is not in it.
    package var programVersion: String? {
        target(of: programPath).flatMap { ELF($0.content)?.initVersion }
    }
}

/// docker-btrfs-init itself.
private func initProgram(in image: InitramfsImage) -> Finding {
    guard let entry = image.target(of: programPath) else {
        return Finding(mark: .missing, subject: "program", text: "there is no \(programPath)")
    }
    return program(entry, at: programPath)
}

func isInitProgram(_ entry: CPIOEntry) -> Bool {
    ELF(entry.content)?.initVersion != nil
}

/// What is the matter with a file that should be docker-btrfs-init, or its version.
func program(_ entry: CPIOEntry, at path: Path) -> Finding {
    func wrong(_ text: String) -> Finding { Finding(mark: .missing, subject: "program", text: "\(path) \(text)") }
    guard entry.kind == .file, let elf = ELF(entry.content), let found = elf.initVersion else {
        return wrong("is not docker-btrfs-init")
    }
    if elf.machine != ELF.x86 { return wrong("is not for x86-64") }
    if !elf.isStatic { return wrong("is not the static program") }
    let mode = String(entry.permissions, radix: 8)
    if entry.permissions & 0o111 != 0o111 { return wrong("has mode \(mode) and cannot be run") }
    if entry.permissions & 0o022 != 0 { return wrong("has mode \(mode): others than root may change it") }
    return Finding(
        mark: found == version ? .ok : .note, subject: "program",
        text: "\(path), version \(found)" + (found == version ? "" : ", and this is version \(version)"))
}

private func configuration(in image: InitramfsImage) -> Finding {
    let path = configurationFile
    guard let entry = image.target(of: path) else {
        return Finding(mark: .note, subject: "configuration", text: "no \(path): docker_image= on the kernel command line names the image")
    }
    if entry.content.count > 1 << 20 { return Finding(mark: .missing, subject: "configuration", text: "\(path) has more than 1 MiB") }
    do throws(Failure) {
        guard let found = try Configuration(parsing: Array(entry.content), name: path.description).image else {
            return Finding(mark: .note, subject: "configuration", text: "\(path) names no image")
        }
        // As a boot takes it.
        let image = try ImageReference(found)
        return Finding(mark: .ok, subject: "configuration", text: "\(path) names the image '\(image.text)'")
    } catch {
        return Finding(mark: .missing, subject: "configuration", text: error.message)
    }
}
