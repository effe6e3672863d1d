internal import Basics

/// Where docker-btrfs puts files. What a record says beside these is not believed: somebody else wrote it.
enum KnownPaths {
    static let files: Set<Path> = Set(InitramfsTool.allCases.flatMap { $0.files(program: []) }.map(\.path)).union(former)

    /// Of earlier versions.
    private static let former: [Path] = ["etc/mkinitcpio.conf.d/docker-btrfs.conf"]

    static let directories: Set<Path> = Set(files.union([InstallRecord.path]).flatMap(\.above))

    /// Whether a file can be the copy of an initramfs.
    static func isCopy(_ path: Path) -> Bool {
        let name = String(decoding: path.name, as: UTF8.self)
        return name.hasPrefix("old-") || name.lowercased().hasSuffix(".efi.old") || name.hasPrefix(".") && name.hasSuffix(".docker-btrfs")
    }
}

extension Path {
    /// Every directory above.
    var above: [Path] { isTop ? [] : [parent] + parent.above }
}
