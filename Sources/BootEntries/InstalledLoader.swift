public import Basics

/// A boot loader in its place.
public struct InstalledLoader: Sendable {
    public let kind: BootLoader
    /// Its folder from the top of the partition or tree that was looked through: `/EFI/refind`, `/grub`, `/` for systemd-boot.
    public let folder: Path
    /// The same, open.
    public let directory: Directory
    /// The partition or tree.
    let tree: Directory

    /// Where partitions of boot loaders are mounted by convention.
    public static let usualFolders = ["/boot/efi", "/efi", "/boot"]

    public init(_ kind: BootLoader, at folder: Path, in tree: Directory) throws(Failure) {
        guard let directory = try tree.directory(at: folder) else {
            throw Failure("could not find \(kind.title) in '\(tree.show(folder))': it is not there")
        }
        self.kind = kind
        self.folder = folder
        self.directory = directory
        self.tree = tree
    }

    /// Those in a partition that is mounted at `tree`: an ESP, XBOOTLDR or /boot.
    public static func all(in tree: Directory) throws(Failure) -> [InstalledLoader] {
        var found: [InstalledLoader] = []
        let programs: Path = "EFI"
        let vendors = try tree.target(of: programs)?.kind == .directory ? tree.directory(at: programs)?.names() ?? [] : []
        for vendor in vendors {
            let folder = programs.appending(name: vendor)
            if try tree.target(of: folder / "refind.conf")?.kind == .file {
                found.append(try InstalledLoader(.refind, at: folder, in: tree))
            }
        }
        for folder in ["grub", "grub2"] as [Path] where try tree.target(of: folder / "grub.cfg")?.kind == .file {
            found.append(try InstalledLoader(.grub, at: folder, in: tree))
        }
        // GRUB has such entries too, in Fedora, where none are of ours.
        var hasEntries = false
        if try tree.target(of: LoaderSpecificationMenu.folder)?.kind == .directory {
            let names = try tree.directory(at: LoaderSpecificationMenu.folder)?.names() ?? []
            hasEntries = names.contains { LoaderSpecificationMenu.isOurs($0) } || !found.contains { $0.kind == .grub }
        }
        let hasConfiguration = try tree.target(of: "loader/loader.conf")?.kind == .file
        if hasEntries || hasConfiguration {
            found.append(try InstalledLoader(.systemdBoot, at: .top, in: tree))
        }
        return found
    }
}

extension InstalledLoader {
    /// Where the files of the menu are, from the loader's folder.
    public var menuFolders: [Path] {
        switch kind {
        case .refind, .grub: [.top]
        case .systemdBoot: [LoaderSpecificationMenu.folder]
        case .print: []
        }
    }

    /// All files of ours that are there, first the one that leads to the others.
    public func ownFiles() throws(Failure) -> [Path] {
        let usual: [Path] =
            switch kind {
            case .refind: [RefindMenu.current, RefindMenu.earlier]
            case .grub: [GrubMenu.custom, GrubMenu.current, GrubMenu.earlier]
            case .systemdBoot, .print: []
            }
        var found: [Path] = []
        for path in usual where try isOurs(path) == true { found.append(path) }
        return found + (try leftovers(but: []))
    }

    /// Our files that are there and that a menu has no more.
    public func leftovers(but files: [MenuFile]) throws(Failure) -> [Path] {
        guard kind == .systemdBoot else { return [] }
        let folder = LoaderSpecificationMenu.folder
        var found: [Path] = []
        for name in try directory.directory(at: folder)?.names() ?? [] where LoaderSpecificationMenu.isOurs(name) {
            let path = folder.appending(name: name)
            if files.contains(where: { $0.path == path }) { continue }
            // Somebody's file may have such a name too.
            if try isOurs(path) == true { found.append(path) }
        }
        return found
    }

    /// Whether what has the name of one of our files is one; nil where nothing is there. A power cut leaves such a name without content on a
    /// FAT, which writes where the content is after the name.
    private func isOurs(_ path: Path) throws(Failure) -> Bool? {
        try directory.contents(of: path).map { MenuFile.isOurs($0) || $0.isEmpty && path != GrubMenu.custom }
    }

    /// The text of our file with the entry that is booted when nobody chooses; nil where there is none.
    public func textOfDefault() throws(Failure) -> String? {
        let paths: [Path] =
            switch kind {
            case .refind: [RefindMenu.current]
            case .grub: [GrubMenu.current]
            case .systemdBoot: try leftovers(but: [])
            case .print: []
            }
        // systemd-boot takes the last by its file's name, where versions are alike.
        var found: (version: Int, path: Path, text: String)?
        for path in paths {
            guard let content = try directory.contents(of: path), MenuFile.isOurs(content) else { continue }
            let text = String(decoding: content, as: UTF8.self)
            let version = LoaderSpecificationMenu.version(of: text)
            let isBehind = found.map { version < $0.version || version == $0.version && path.description < $0.path.description } ?? false
            if !isBehind { found = (version, path, text) }
        }
        return found?.text
    }

    /// What is in all our files.
    public func textOfAll() throws(Failure) -> String {
        var text = ""
        for path in try ownFiles() { text += try self.text(of: path) }
        return text
    }

    /// The first of our files that starts roots of another filesystem than the one with this UUID, and which that is; nil where none does.
    public func file(startingRootsOfOtherThan uuid: String) throws(Failure) -> (path: Path, uuid: String)? {
        let option = "root=UUID="
        for path in try ownFiles() {
            guard let content = try directory.contents(of: path) else { continue }
            let text = String(decoding: content, as: UTF8.self)
            guard !text.contains(option + uuid), let found = text.firstRange(of: option) else { continue }
            return (path, String(text[found.upperBound...].prefix { $0.isHexDigit || $0 == "-" }))
        }
        return nil
    }

    /// Fails where a file of somebody else has the name of one of ours.
    public func checkOwnership(of files: [MenuFile]) throws(Failure) {
        for file in files where try isOurs(file.path) == false {
            throw Failure(
                "could not write '\(directory.show(file.path))': it is there and is not from docker-btrfs", hint: "move it away"
            )
        }
    }
}
