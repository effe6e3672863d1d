internal import Basics

/// Entries of the Boot Loader Specification, type 1, as systemd-boot reads them: a file each, in `loader/entries`.
enum LoaderSpecificationMenu {
    static let folder: Path = "loader/entries"
    private static let prefix = "docker-btrfs-"

    /// The default comes last: until then the one before is first.
    ///
    /// systemd-boot sorts by sort-key, then by version, the highest first, and takes the first where its loader.conf says
    /// nothing else. Those that are the last have all the same version: one more or less of them changes no other, of which two would have
    /// the same for a moment.
    static func files(for menu: BootMenu) -> [MenuFile] {
        let count = menu.entries.count { !$0.isLast }
        return menu.entries.enumerated().map { index, entry in
            MenuFile(path: path(entry.id), text: text(of: entry, version: max(0, count - index)))
        }.reversed()
    }

    static func path(_ id: String) -> Path { folder.appending(fileName: "\(id).conf") }

    /// Whether a file there is one of ours, by its name; boot counting puts a `+3` into it.
    static func isOurs(_ name: [UInt8]) -> Bool {
        name.starts(with: prefix.utf8) && name.suffix(5).elementsEqual(".conf".utf8)
    }

    /// By which they are sorted; 0 where a text has none.
    static func version(of text: String) -> Int {
        let key = "version "
        return text.split(separator: "\n").first { $0.hasPrefix(key) }.flatMap { Int($0.dropFirst(key.count)) } ?? 0
    }

    private static func text(of entry: BootEntry, version: Int) -> String {
        """
        \(ownership)
        title \(entry.title)
        sort-key 00-docker-btrfs
        version \(version)
        \(entry.isUnified ? "efi" : "linux") \(entry.kernel)
        \(entry.initrds.map { "initrd \($0)\n" }.joined())options \(entry.options)

        """
    }
}

extension Path {
    func appending(fileName: String) -> Path { Path(fileName).map { self / $0 } ?? self }
}
