public import Basics

/// An entry of the menu for the next boot alone, which a boot loader is told and forgets.
public enum NextBoot: Sendable {
    /// GRUB's environment: a whole file beside its grub.cfg.
    case grubEnvironment(MenuFile)
    /// A variable of the firmware: its file's name, and its content behind the attributes. nil removes it.
    case firmwareVariable(String, [UInt8]?)
}

extension InstalledLoader {
    /// Where the kernel shows the firmware's variables.
    public static let firmwareVariables = "/sys/firmware/efi/efivars"

    /// Whether the firmware starts only what is signed for it.
    package static func hasSecureBoot(_ variables: String = firmwareVariables) -> Bool {
        let content = try? fileContents("\(variables)/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c")
        return content?.dropFirst(4).first == 1
    }

    /// How the loader is told to start the entry of that id once. Fails with the reason alone where it cannot be told.
    public func nextBoot(_ id: String) throws(Failure) -> NextBoot {
        switch kind {
        case .refind, .print: throw Failure("\(kind.title) takes no entry for one boot")
        case .grub: return .grubEnvironment(try grubEnvironment(next: id))
        case .systemdBoot: return try systemdBootVariable(id)
        }
    }

    /// The entry of docker-btrfs that the loader was told of and has not started yet, and how it is told to forget it. nil where there is
    /// none, or one that a person chose of another system.
    public func toldOnce() throws(Failure) -> (id: String, forgetting: NextBoot)? {
        try told().flatMap { $0.id.hasPrefix(Self.ownIDs) ? $0 : nil }
    }

    /// The entry that the loader was told of for one boot, whosever it is.
    public func entryOnce() throws(Failure) -> String? {
        // GRUB leaves an empty one.
        try told().flatMap { $0.id.isEmpty ? nil : $0.id }
    }

    private func told() throws(Failure) -> (id: String, forgetting: NextBoot)? {
        switch kind {
        case .refind, .print: nil
        case .grub: try toldOfGrub()
        case .systemdBoot: try toldOfSystemdBoot()
        }
    }

    private func toldOfGrub() throws(Failure) -> (id: String, forgetting: NextBoot)? {
        guard let (next, others) = try grubEnvironment(), let next else { return nil }
        return (next, .grubEnvironment(try environment(of: others)))
    }

    private func toldOfSystemdBoot() throws(Failure) -> (id: String, forgetting: NextBoot)? {
        guard let name = try Self.entry(inVariable: Self.oneShot) else { return nil }
        return (name.hasSuffix(".conf") ? String(name.dropLast(".conf".count)) : name, .firmwareVariable(Self.oneShot, nil))
    }

    /// The entry that systemd-boot starts before any that its files choose: `bootctl set-default`, or the key d in its menu. nil where it was
    /// told of none.
    static func firmwareDefault() throws(Failure) -> String? { try entry(inVariable: "LoaderEntryDefault-\(vendor)") }

    /// The text of a variable, behind four bytes of attributes.
    private static func entry(inVariable name: String) throws(Failure) -> String? {
        guard let content = try fileContents("\(firmwareVariables)/\(name)"), content.count > 4 else { return nil }
        let bytes = Array(content.dropFirst(4))
        let units = stride(from: 0, to: bytes.count - 1, by: 2).map { UInt16(bytes[$0]) | UInt16(bytes[$0 + 1]) << 8 }
        let text = String(decoding: units.prefix { $0 != 0 }, as: UTF16.self)
        return text.isEmpty ? nil : text
    }

    static let ownIDs = "docker-btrfs-"
    private static let vendor = "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"
    private static let oneShot = "LoaderEntryOneShot-\(vendor)"
    private static let nextEntry = "next_entry="
    private static let environmentPath: Path = "grubenv"
    private static let (environmentTitle, environmentSize) = ("# GRUB Environment Block", 1024)

    /// What grub-editenv makes.
    package static let emptyEnvironment: String = {
        let title = environmentTitle + "\n"
        return title + String(repeating: "#", count: environmentSize - title.utf8.count)
    }()

    /// The entry that GRUB's environment names for one boot, and its other lines, without comments; nil where there is no environment.
    private func grubEnvironment() throws(Failure) -> (next: String?, others: [String])? {
        guard let content = try directory.contents(of: Self.environmentPath), content.count == Self.environmentSize,
            content.starts(with: Self.environmentTitle.utf8)
        else { return nil }
        let lines = String(decoding: content, as: UTF8.self).split(separator: "\n").filter { !$0.hasPrefix("#") }.map(String.init)
        let next = lines.first { $0.hasPrefix(Self.nextEntry) }.map { String($0.dropFirst(Self.nextEntry.count)) }
        return (next, lines.filter { !$0.hasPrefix(Self.nextEntry) })
    }

    private func environment(of lines: [String]) throws(Failure) -> MenuFile {
        let text = ([Self.environmentTitle] + lines).map { $0 + "\n" }.joined()
        let room = Self.environmentSize - text.utf8.count
        if room < 0 { throw Failure("'\(directory.show(Self.environmentPath))' is full") }
        return MenuFile(path: Self.environmentPath, text: text + String(repeating: "#", count: room))
    }

    /// What grub-reboot does. The file has a fixed size, which GRUB writes over as it starts.
    private func grubEnvironment(next id: String) throws(Failure) -> MenuFile {
        if directory.isOnBtrfs {
            throw Failure("GRUB before 2.14 cannot write on btrfs, where its folder '\(directory.show(.top))' is, and would not forget it")
        }
        if try !text(of: "grub.cfg").contains("next_entry") {
            throw Failure("'\(directory.show("grub.cfg"))' does not look at next_entry: grub-mkconfig makes one that does")
        }
        guard let (_, others) = try grubEnvironment() else {
            throw Failure("'\(directory.show(Self.environmentPath))' is not there, or is no environment of GRUB: grub-editenv makes one")
        }
        return try environment(of: others + [Self.nextEntry + id])
    }

    /// What the loader that started this system can do (EFI_LOADER_FEATURE_…).
    struct Features: OptionSet {
        let rawValue: UInt16

        static let oneShot = Features(rawValue: 1 << 3)
        static let sortKey = Features(rawValue: 1 << 8)
    }

    /// nil where it does not say.
    static func features() throws(Failure) -> Features? {
        // Behind four bytes of attributes.
        guard let content = try fileContents("\(firmwareVariables)/LoaderFeatures-\(vendor)"), content.count > 5 else { return nil }
        return Features(rawValue: UInt16(content[4]) | UInt16(content[5]) << 8)
    }

    /// LoaderEntryOneShot: https://systemd.io/BOOT_LOADER_INTERFACE
    private func systemdBootVariable(_ id: String) throws(Failure) -> NextBoot {
        guard try Self.features()?.contains(.oneShot) == true else {
            throw Failure("systemd-boot did not start this system, or is too old: the firmware has no LoaderFeatures that says so")
        }
        let units = "\(id).conf\0".utf16.flatMap { [UInt8($0 & 0xff), UInt8($0 >> 8)] }
        return .firmwareVariable(Self.oneShot, units)
    }
}
