public import Basics

/// What a boot loader's own configuration, which is not ours, does with our files.
public struct WayIn: Equatable, Sendable {
    /// Lines that a person adds, once.
    public struct Lines: Equatable, Sendable {
        /// Somebody else's file, from the loader's folder.
        public let file: Path
        public let lines: [String]
    }

    /// Ours to write, once; nil where nothing is needed.
    public var file: MenuFile?
    public var missing: Lines?
    /// What may lead elsewhere.
    public var note: String?
}

extension InstalledLoader {
    /// How the loader comes to our files.
    public func wayIn() throws(Failure) -> WayIn {
        switch kind {
        case .refind: return try refindWayIn()
        case .grub: return try grubWayIn()
        case .systemdBoot: return try systemdBootWayIn()
        case .print: return WayIn()
        }
    }

    /// What a person added to a file of the loader's for the menu to be seen; nil for nothing.
    public func linesToUs() throws(Failure) -> WayIn.Lines? {
        // The lines for GRUB look themselves whether there is something.
        if kind != .refind { return nil }
        let missing = RefindMenu.missing(in: try text(of: "refind.conf"))
        let lines = RefindMenu.wayIn.filter { !missing.contains($0) }
        return lines.isEmpty ? nil : WayIn.Lines(file: "refind.conf", lines: lines)
    }

    private func refindWayIn() throws(Failure) -> WayIn {
        let configuration = try text(of: "refind.conf")
        let missing = RefindMenu.missing(in: configuration)
        var way = missing.isEmpty ? WayIn() : WayIn(missing: WayIn.Lines(file: "refind.conf", lines: missing))
        // rEFInd's words have no case, and one '=' may stand between a key and its value (config.c, ReadTokenLine).
        let scans = configuration.split(whereSeparator: \.isNewline).map { line in
            line.split { " \t,=".contains($0) }.map { $0.filter { $0 != "\"" }.lowercased() }
        }
        // Of its own accord rEFInd shows them, and where the list adds to that.
        if let last = scans.last(where: { $0.first == "scanfor" }), !last.contains("manual"), !last.contains("+") {
            let file = directory.show("refind.conf")
            way.note = "'\(file)' says 'scanfor' without 'manual': rEFInd shows no entry of docker-btrfs until that is added"
        }
        // The last one counts, and ours is in what the lines include.
        let include = scans.lastIndex { $0.count > 1 && $0[0] == "include" && $0[1].contains(display(RefindMenu.current.name)) }
        if let include, scans[include...].contains(where: { $0.first == "default_selection" }) {
            let file = directory.show("refind.conf")
            way.note =
                "'\(file)' has a 'default_selection' below the lines of docker-btrfs, and rEFInd takes the last one: move it above them"
        }
        return way
    }

    private func grubWayIn() throws(Failure) -> WayIn {
        var way = WayIn()
        if try !text(of: "grub.cfg").contains("custom.cfg") {
            way.note = "'\(directory.show("grub.cfg"))' does not source custom.cfg: /etc/grub.d/41_custom is needed, and grub-mkconfig"
        }
        guard let custom = try directory.contents(of: GrubMenu.custom) else {
            // A link that leads nowhere from here is somebody's: GRUB may be told what is there.
            if try directory.status(of: GrubMenu.custom) == nil {
                way.file = GrubMenu.customFile
            } else {
                way.missing = WayIn.Lines(file: GrubMenu.custom, lines: GrubMenu.wayIn)
            }
            return way
        }
        if MenuFile.isOurs(custom) {
            if !custom.elementsEqual(GrubMenu.customFile.text.utf8) { way.file = GrubMenu.customFile }
            return way
        }
        let text = String(decoding: custom, as: UTF8.self)
        let missing = GrubMenu.missing(in: text)
        if !missing.isEmpty { way.missing = WayIn.Lines(file: GrubMenu.custom, lines: missing) }
        let lines = text.split(whereSeparator: \.isNewline).map { $0.split(whereSeparator: \.isWhitespace) }
        let source = lines.lastIndex { $0.first?.hasPrefix("#") == false && $0.contains { $0.contains(display(GrubMenu.current.name)) } }
        let isDefault = { (words: [Substring]) in words.drop { $0 == "set" }.first?.hasPrefix("default=") == true }
        if let source, lines[source...].contains(where: isDefault) {
            let file = directory.show(GrubMenu.custom)
            way.note = "'\(file)' has a 'set default=' below the lines of docker-btrfs, and GRUB takes the last one: move it above them"
        }
        return way
    }

    /// Whether GRUB's own entries are started without the password that it may ask for: a machine that nobody sits at starts by them.
    public var letsAnybodyStartEntries: Bool {
        get throws(Failure) {
            guard kind == .grub else { return false }
            let lines = try words(of: "grub.cfg", in: directory)
            if lines.contains(where: { $0.first == "menuentry" && $0.contains("--unrestricted") }) { return true }
            // In Fedora they are beside it: a file each.
            guard lines.contains(where: { $0.contains("blscfg") }) else { return false }
            let entries = folder.parent / LoaderSpecificationMenu.folder
            guard try tree.target(of: entries)?.kind == .directory else { return false }
            for name in try tree.directory(at: entries)?.names() ?? [] where name.suffix(5).elementsEqual(".conf".utf8) {
                let path = entries.appending(name: name)
                guard try tree.target(of: path)?.kind == .file else { continue }
                let words = try words(of: path, in: tree)
                if words.contains(where: { $0.first == "grub_arg" && $0.contains("--unrestricted") }) { return true }
            }
            return false
        }
    }

    /// Those of each line.
    private func words(of path: Path, in folder: Directory) throws(Failure) -> [[Substring]] {
        try Self.text(of: path, in: folder).split(whereSeparator: \.isNewline).map { $0.split(whereSeparator: \.isWhitespace) }
    }

    private func systemdBootWayIn() throws(Failure) -> WayIn {
        if let name = try Self.firmwareDefault(), !Self.followsDefault(name) {
            return WayIn(note: "the firmware's LoaderEntryDefault chooses '\(name)': bootctl set-default '' takes it away")
        }
        let configuration: Path = "loader/loader.conf"
        // systemd-boot reads it on the ESP alone, and its entries may be on another partition.
        let others = Self.usualFolders.compactMap { try? Directory(opening: $0) }
        let isThere = { (place: Directory) in (try? place.status(of: configuration)) != nil }
        guard let place = ([directory] + others).first(where: isThere) else { return try Self.wayInByOrder() }
        let lines = try Self.text(of: configuration, in: place).split(whereSeparator: \.isNewline)
        guard let line = lines.last(where: { $0.split(whereSeparator: \.isWhitespace).first == "default" }) else {
            return try Self.wayInByOrder()
        }
        let name = line.split(whereSeparator: \.isWhitespace).dropFirst().joined(separator: " ")
        if Self.followsDefault(name) { return try Self.wayInByOrder() }
        return WayIn(
            note: "'\(place.show(configuration))' chooses '\(name)': take the line out, or say 'default docker-btrfs-*'")
    }

    /// Where nothing is chosen, the first entry is started.
    private static func wayInByOrder() throws(Failure) -> WayIn {
        if try features().map({ $0.contains(.sortKey) }) != false { return WayIn() }
        return WayIn(note: "the systemd-boot that started this system sorts entries by their names: 'bootctl update' brings a newer one")
    }

    /// Whether what systemd-boot is to start first is a pattern of all our entries: an entry alone stays the first when another is deployed.
    private static func followsDefault(_ name: String) -> Bool { name.hasSuffix("*") && ownIDs.hasPrefix(name.dropLast()) }

    /// The content of a text file of the loader; empty where there is nothing.
    func text(of path: Path) throws(Failure) -> String { try Self.text(of: path, in: directory) }

    private static func text(of path: Path, in folder: Directory) throws(Failure) -> String {
        String(decoding: try folder.contents(of: path) ?? [], as: UTF8.self)
    }
}
