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
        let scans = configuration.split(whereSeparator: \.isNewline).map { $0.split { " \t,".contains($0) } }
        // Of its own accord rEFInd shows them, and where the list adds to that.
        if let last = scans.last(where: { $0.first == "scanfor" }), !last.contains("manual"), !last.contains("+") {
            let file = directory.show("refind.conf")
            way.note = "'\(file)' says 'scanfor' without 'manual': rEFInd shows no entry of docker-btrfs until that is added"
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
        let missing = GrubMenu.missing(in: String(decoding: custom, as: UTF8.self))
        if !missing.isEmpty { way.missing = WayIn.Lines(file: GrubMenu.custom, lines: missing) }
        return way
    }

    private func systemdBootWayIn() throws(Failure) -> WayIn {
        if let name = try Self.firmwareDefault(), !name.hasPrefix(Self.ownIDs) {
            return WayIn(note: "the firmware's LoaderEntryDefault chooses '\(name)': bootctl set-default '' takes it away")
        }
        let lines = try text(of: "loader/loader.conf").split(whereSeparator: \.isNewline)
        guard let line = lines.last(where: { $0.split(whereSeparator: \.isWhitespace).first == "default" }) else { return WayIn() }
        let name = line.split(whereSeparator: \.isWhitespace).dropFirst().joined(separator: " ")
        if name.hasPrefix(Self.ownIDs) { return WayIn() }
        return WayIn(
            note: "'\(directory.show("loader/loader.conf"))' chooses '\(name)': take the line out, or say 'default docker-btrfs-*'")
    }

    private func text(of path: Path) throws(Failure) -> String {
        String(decoding: try directory.contents(of: path) ?? [], as: UTF8.self)
    }
}
