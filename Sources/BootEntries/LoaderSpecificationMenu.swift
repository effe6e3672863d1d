internal import Basics

/// Entries of the Boot Loader Specification, type 1, as systemd-boot reads them: a file each, in `loader/entries`.
enum LoaderSpecificationMenu {
    static let folder: Path = "loader/entries"
    private static let prefix = "docker-btrfs-"

    /// The default comes first: from then on it is the highest, whatever the others are.
    ///
    /// systemd-boot sorts by sort-key, then by version, the highest first, and takes the first where its loader.conf says
    /// nothing else. An entry that comes or goes changes no other: two with the same version for a moment would be two defaults.
    static func files(for menu: BootMenu) -> [MenuFile] {
        menu.entries.map { MenuFile(path: path($0.id), text: text(of: $0)) }
    }

    static func path(_ id: String) -> Path { folder.appending("\(id).conf") }

    /// Whether a file there is one of ours, by its name; boot counting puts a `+3` into it.
    static func isOurs(_ name: [UInt8]) -> Bool {
        name.starts(with: prefix.utf8) && name.suffix(5).elementsEqual(".conf".utf8)
    }

    /// By which they are sorted; 0 where a text has none.
    static func version(of text: String) -> Int {
        let key = "version "
        return text.split(separator: "\n").first { $0.hasPrefix(key) }.flatMap { Int($0.dropFirst(key.count)) } ?? 0
    }

    private static func text(of entry: BootEntry) -> String {
        """
        \(ownership)
        title \(entry.title)
        sort-key 00-docker-btrfs
        version \(entry.number)
        \(entry.isUnified ? "efi" : "linux") \(entry.kernel)
        \(entry.initrds.map { "initrd \($0)\n" }.joined())options \(entry.options)

        """
    }
}
