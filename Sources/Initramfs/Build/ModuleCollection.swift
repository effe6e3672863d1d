internal import Basics
internal import InitProcess
internal import Programs

/// The files of modules, decompressed, and the firmware that they ask for.
struct ModuleCollection {
    private(set) var entries: [CPIOEntry] = []
    /// The lines of the list that /init reads.
    private(set) var list: [String] = []
    private(set) var missingFirmware: [String] = []
    private(set) var firmwareCount = 0
    private var firmware: Set<String> = []
    private let tree: Directory
    private let modules: KernelModules

    init(_ tree: Directory, _ modules: KernelModules) {
        self.tree = tree
        self.modules = modules
    }

    mutating func add(_ file: String, by order: LoadOrder) async throws(Failure) {
        guard let source = modules.path(of: file), let found = try await contents(of: source) else {
            throw Failure("could not find the module '\(file)' that modules.dep names", hint: "run depmod \(shellWord(modules.release))")
        }
        guard let elf = ELF(found[...]) else { throw Failure("could not take the module '\(tree.show(source))': it is no kernel module") }
        let place = imageFolder(of: modules) / plain(file)
        entries.append(.file(place, found))
        list.append(order.entry(for: file, at: place).line)
        for name in firmwareNames(of: elf) where firmware.insert(name).inserted { try await addFirmware(name) }
    }

    /// A module's path below the kernel's folder, without what says how it is compressed.
    private func plain(_ file: String) -> Path {
        let path = file.firstRange(of: ".ko").map { file[..<$0.upperBound] } ?? file[...]
        return Path(path.utf8.drop { $0 == UInt8(ascii: "/") }) ?? .top
    }

    /// `firmware=` of the section `.modinfo`. Patterns name nothing that a driver would ask for as it stands.
    private func firmwareNames(of elf: ELF) -> [String] {
        (elf.section(".modinfo") ?? []).split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
            .filter { $0.hasPrefix("firmware=") && !$0.contains("*") }.map { String($0.dropFirst(9)) }
    }

    /// From where the kernel looks first; drivers ask for more than there is, for other models.
    private mutating func addFirmware(_ name: String) async throws(Failure) {
        for folder in [
            "lib/firmware/updates/\(modules.release)", "lib/firmware/updates", "lib/firmware/\(modules.release)", "lib/firmware",
        ] {
            for suffix in ["", ".zst", ".xz"] {
                guard let path = Path("\(folder)/\(name)\(suffix)"), let content = try await contents(of: path),
                    let place = Path("usr/lib/firmware/\(name)")
                else { continue }
                entries.append(.file(place, content))
                firmwareCount += 1
                return
            }
        }
        missingFirmware.append(name)
    }

    /// What is compressed is so by its name: firmware may begin like anything.
    private func contents(of path: Path) async throws(Failure) -> [UInt8]? {
        guard let content = try tree.contents(of: path) else { return nil }
        let isPacked = [".zst", ".xz", ".gz"].contains { path.bytes.suffix($0.utf8.count).elementsEqual($0.utf8) }
        guard isPacked, let compression = Compression(of: content) else { return content }
        return try await compression.decompress(content, name: tree.show(path))
    }
}
