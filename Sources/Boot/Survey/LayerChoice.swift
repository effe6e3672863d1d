package import Basics

/// Which directories in the folder of `toplayer_path=` are layers of this machine.
///
/// A folder with a directory `machine` holds layers: `common`, then those in `machine` that are called as this machine is, from
/// what it shares with others to what is only its own. Any other folder is a layer itself.
struct LayerChoice {
    /// From the folder, in the order in which they are laid over the root.
    let paths: [Path]
    /// Whether a symlink leads to any of them: it may be outside the folder.
    let hasLinks: Bool
    let note: String?

    private static let common: Path = "common"
    fileprivate static let machine = Layout.machineLayers

    /// Symlinks lead where they do from the top of the filesystem. Fails where one leads nowhere: another machine's files, or none, would be
    /// taken for this one's.
    init(in folder: Path, on filesystem: Directory, for host: Facts.Host) throws(Failure) {
        var hasLinks = false
        func isLayer(_ path: Path) throws(Failure) -> Bool {
            guard let found = try filesystem.status(of: folder / path) else { return false }
            if found.kind != .symlink { return found.kind == .directory }
            hasLinks = true
            if try filesystem.target(of: folder / path)?.kind == .directory { return true }
            throw Failure(
                "could not use '\(filesystem.show(folder / path))' of the top layer: that link leads to no directory",
                hint: "make it a directory, or let it lead to one on the same filesystem")
        }
        guard try isLayer(Self.machine), let machines = try filesystem.directory(at: folder / Self.machine) else {
            paths = [.top]
            note = nil
            self.hasLinks = false
            return
        }
        let called = host.names.map { Self.plain(Array($0.utf8)) }
        let names = try machines.names { called.contains(Self.plain($0)) }
        let own = Self.names(names, fitting: host.names).map { Self.machine.appending(name: $0) }
        for path in own where try !isLayer(path) {
            throw Failure("could not use '\(filesystem.show(folder / path))' of the top layer: it is not a directory")
        }
        paths = try (isLayer(Self.common) ? [Self.common] : []) + own
        self.hasLinks = hasLinks
        let all = display(host.names.joined(separator: ", ").utf8)
        let why = all.isEmpty ? "nothing names this machine" : "it may be called \(all)"
        note = own.isEmpty ? "no folder in '\(machines.show(.top))' is for this machine: \(why)" : nil
        if paths.isEmpty, let note {
            throw Failure("could not choose a top layer: \(note)", hint: "add such a folder, or one called common")
        }
    }

    /// Upper and lower case do not matter, and a `:` may be written `-`: vfat has no `:` in names. The 32 digits of a machine-id or
    /// UUID may have dashes or none, as systemd takes them.
    private static func names(_ found: [[UInt8]], fitting names: [String]) -> [[UInt8]] {
        var fitting: [[UInt8]] = []
        for name in names {
            fitting += found.filter { plain($0) == plain(Array(name.utf8)) && !fitting.contains($0) }
        }
        return fitting
    }

    private static func plain(_ name: [UInt8]) -> [UInt8] {
        let plain = lowercase(name)
        let digits = plain.filter { $0 != UInt8(ascii: "-") }
        return digits.count == 32 && digits.allSatisfy { hexValue($0) != nil } ? digits : plain
    }

    private static func lowercase(_ name: [UInt8]) -> [UInt8] {
        name.map { byte in
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): byte | 0x20
            case UInt8(ascii: ":"): UInt8(ascii: "-")
            default: byte
            }
        }
    }
}

extension Directory {
    /// The layers of a machine in a folder that `toplayer_path=` may name, in the order in which they are laid over a root.
    package func layers(at folder: Path, for host: Facts.Host) throws(Failure) -> [Path] {
        try LayerChoice(in: folder, on: self, for: host).paths.map { folder / $0 }
    }

    /// Whether a folder that `toplayer_path=` may name holds the layers of several machines.
    package func hasLayersByMachine(at folder: Path) throws(Failure) -> Bool {
        try target(of: folder / LayerChoice.machine)?.kind == .directory
    }
}
