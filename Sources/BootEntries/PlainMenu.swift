internal import Basics

/// What a person needs who writes an entry for another boot loader.
enum PlainMenu {
    /// An empty one is between two entries.
    static func lines(for menu: BootMenu) -> [String] {
        let volume = menu.volume
        let names =
            ["UUID=\(volume.uuid)"] + (volume.label.map { ["LABEL=\($0)"] } ?? []) + (volume.partition.map { ["PARTUUID=\($0)"] } ?? [])
        let entries = menu.entries.map { entry in
            ["title    \(entry.title)", "volume   \(names.joined(separator: " "))", "kernel   \(entry.kernel)"]
                + entry.initrds.map { "initrd   \($0)" } + ["options  \(entry.options)"]
        }
        return Array(entries.joined(separator: [""]))
    }
}
