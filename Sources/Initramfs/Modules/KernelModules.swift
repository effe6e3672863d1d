internal import Basics
internal import Programs

/// The modules that a tree has for one kernel, as depmod(8) describes them.
package struct KernelModules {
    let release: String
    /// Where they are, from the top of the tree.
    let folder: Path
    /// Each module's file with the files that it needs, all below `folder` and as modules.dep has them.
    private let dependencies: [String: [String]]
    private let files: [String: String]
    private let builtin: Set<String>
    private let aliases: ModuleAliases
    /// Of what is part of the kernel.
    private let builtinAliases: ModuleAliases

    init(release: String, in tree: Directory) throws(Failure) {
        guard let folder = Path("lib/modules/\(release)"), !release.isEmpty, try tree.target(of: folder)?.kind == .directory else {
            throw Failure("could not find the kernel '\(release)' in '\(tree.show("lib/modules"))'", hint: try Self.hint(in: tree))
        }
        // The list of modules has a line for each, with blanks between their words.
        if release.utf8.contains(where: { $0 <= UInt8(ascii: " ") }) {
            throw Failure("could not use the kernel '\(release)': its name has a blank, which no initramfs of docker-btrfs can say")
        }
        self.release = release
        self.folder = folder
        guard let dependencies = try Self.lines(of: folder / "modules.dep", in: tree) else {
            throw Failure("could not find '\(tree.show(folder / "modules.dep"))'", hint: "run depmod \(shellWord(release))")
        }
        self.dependencies = Dictionary(
            dependencies.compactMap { line in
                let parts = line.split(separator: ":", maxSplits: 1)
                return parts.isEmpty ? nil : (String(parts[0]), parts.dropFirst().flatMap { $0.split(separator: " ").map { String($0) } })
            }, uniquingKeysWith: { first, _ in first })
        files = Dictionary(self.dependencies.keys.sorted().map { (Self.name(ofFile: $0), $0) }, uniquingKeysWith: { first, _ in first })
        builtin = Set(try Self.lines(of: folder / "modules.builtin", in: tree)?.map { Self.name(ofFile: $0) } ?? [])
        aliases = ModuleAliases(try Self.lines(of: folder / "modules.alias", in: tree) ?? [])
        builtinAliases = ModuleAliases(Self.aliasLines(try tree.contents(of: folder / "modules.builtin.modinfo") ?? []))
    }

    /// `ext4.alias=fs-ext4`, with a NUL behind each such part, as modules.alias would have it.
    private static func aliasLines(_ information: [UInt8]) -> [Substring] {
        information.split(separator: 0).compactMap { part -> Substring? in
            let words = String(decoding: part, as: UTF8.self).split(separator: "=", maxSplits: 1)
            guard words.count == 2, words[0].hasSuffix(".alias") else { return nil }
            return Substring("alias \(words[1]) \(words[0].dropLast(6))")
        }
    }

    /// The kernels that a tree has modules for.
    static func releases(in tree: Directory) throws(Failure) -> [String] {
        guard let folder = try tree.directory(at: "lib/modules") else { return [] }
        var found: [String] = []
        for name in try folder.names() where try folder.target(of: Path.top.appending(name: name) / "modules.dep") != nil {
            found.append(display(name))
        }
        return found
    }

    private static func hint(in tree: Directory) throws(Failure) -> String {
        let found = try releases(in: tree)
        return found.isEmpty ? "no kernel with modules is there" : "kernels there: \(found.joined(separator: ", "))"
    }

    /// The lines of a text file that say something; nil where there is no such file.
    static func lines(of path: Path, in tree: Directory) throws(Failure) -> [Substring]? {
        guard let bytes = try tree.contents(of: path) else { return nil }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").filter { !$0.hasPrefix("#") }
    }

    /// `kernel/fs/nls/nls_cp437.ko.zst` is `nls_cp437`; `-` and `_` are the same to the kernel.
    package static func name(ofFile file: some StringProtocol) -> String {
        let name = file.split(separator: "/").last ?? ""
        return normal(name.split(separator: ".").first ?? "")
    }

    static func normal(_ name: some StringProtocol) -> String {
        String(name.map { $0 == "-" ? "_" : $0 })
    }

    /// Everything that a module name, or an alias of one or more, stands for. Empty for what is part of the kernel; nil where
    /// there is nothing of that name.
    func files(for name: String) -> [String]? {
        let normal = Self.normal(name)
        if let file = files[normal] { return [file] }
        if builtin.contains(normal) { return [] }
        let found = self.files(matching: name)
        if found.isEmpty && !builtinAliases.modules(for: name).isEmpty { return [] }
        return found.isEmpty ? nil : found
    }

    /// The modules that say that they drive a device, by its modalias.
    func files(matching modalias: String) -> [String] {
        aliases.modules(for: modalias).compactMap { files[Self.normal($0)] }
    }

    /// Of the drivers of devices, by their modaliases, those that a disk can depend on.
    func diskDrivers(for devices: Set<String>) -> Set<String> {
        Set(devices.flatMap { device in files(matching: device).filter { DriverList.leadsToDisks($0, for: device) } })
    }

    /// What has to be loaded before a module, in no particular order.
    func dependencies(of file: String) -> [String] { dependencies[file] ?? [] }

    /// From the top of the tree.
    func path(of file: String) -> Path? {
        file.hasPrefix("/") ? Path(file) : Path(file).map { folder / $0 }
    }
}
