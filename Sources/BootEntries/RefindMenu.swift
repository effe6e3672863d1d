internal import Basics

/// rEFInd's manual boot stanzas (docs/refind/configfile.html). rEFInd reads one folder of its own, and includes other files
/// only where its refind.conf says so.
enum RefindMenu {
    static let current: Path = "docker-btrfs.conf"
    static let earlier: Path = "docker-btrfs-earlier.conf"

    /// Two files, the one with the default last: whichever is being written, the other one is whole.
    static func files(for menu: BootMenu) -> [MenuFile] {
        let first = menu.entries.prefix(1)
        // A part of the title is enough for rEFInd.
        let chosen = first.map { "default_selection \(quoted($0.title))\n" }.joined()
        return [
            MenuFile(path: earlier, text: text(menu.entries.dropFirst(), on: menu.volume)),
            MenuFile(path: current, text: text(first, on: menu.volume) + chosen),
        ]
    }

    /// What refind.conf has to have, once and for ever.
    static let wayIn = ["include \(display(earlier.name))", "include \(display(current.name))"]

    /// Those of these lines that a refind.conf lacks.
    static func missing(in configuration: String) -> [String] {
        let lines = configuration.split(whereSeparator: \.isNewline).map { line in
            line.split(whereSeparator: { $0 == " " || $0 == "\t" }).map { $0.filter { $0 != "\"" } }
        }
        return wayIn.filter { wanted in
            !lines.contains { $0.count >= 2 && $0[0].lowercased() == "include" && wanted.hasSuffix(" \($0[1])") }
        }
    }

    private static func text(_ entries: some Sequence<BootEntry>, on volume: BootVolume) -> String {
        ownership + "\n" + entries.map { stanza($0, on: volume) }.joined()
    }

    private static func stanza(_ entry: BootEntry, on volume: BootVolume) -> String {
        // rEFInd takes one initrd; the kernel's EFI stub loads those that the options name before it.
        let others = entry.initrds.dropLast().map { "initrd=" + Self.path($0) }
        let options = (others + entry.options.words).joined(separator: " ")
        let initrd = entry.initrds.last.map { "    initrd  \(quoted(path($0)))\n" } ?? ""
        // It knows no filesystem's UUID. Without the line it looks in its own partition.
        let place = volume.nameForRefind.map { "    volume  \(quoted($0))\n" } ?? ""
        return """

            menuentry \(quoted(entry.title)) {
            \(place)    loader  \(quoted(path(entry.kernel)))
            \(initrd)    options \(quoted(options))
            }

            """
    }

    /// As UEFI has paths. rEFInd makes backslashes of slashes too, but not in quotes.
    private static func path(_ path: Path) -> String { path.description.escaping("/", as: "\\") }

    /// In quotes, which double inside.
    private static func quoted(_ text: String) -> String { "\"" + text.escaping("\"", as: "\"\"") + "\"" }
}

extension BootVolume {
    /// What rEFInd finds it by: a partition's GUID, which those of other tables than a GPT do not have, or a label. nil where it has
    /// neither.
    public var nameForRefind: String? { partition.flatMap { $0.utf8.count == 36 ? $0 : nil } ?? label }
}
