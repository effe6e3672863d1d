package import Basics
internal import Planning

extension Facts.Contents {
    /// Fails where no init is there, or no os-release, without which systemd's switch-root takes no root. The top layer may
    /// bring either.
    package init(
        of image: ImageFiles, under topLayer: [Directory], of name: String, initProgram: Path?, _ host: Facts.Host
    ) throws(Failure) {
        let topLayer = topLayer.map { ImageFiles(of: [$0]) }
        let layers = topLayer + [image]
        let program = try Self.program(of: layers, of: name, initProgram)
        missingDirectories = []
        for directory: Path in ["proc", "sys", "dev", "run", "tmp"] where try image.status(of: directory) == nil {
            missingDirectories.append(directory)
        }
        placeholders = try image.only.map(Self.placeholders) ?? []
        leftovers = try image.containerLeftovers()
        modules = try Facts.Modules(of: layers, host)
        for layer in layers {
            guard let uses = layer.usesSELinux() else { continue }
            usesSELinux = uses
            break
        }
        let top = try image.status(of: .top)
        owner = top?.owner ?? 0
        permissions = top?.permissions ?? 0o755
        let usual = try Self.first(of: usualInits, in: layers, where: { $0.isExecutableFile })
        startsOther = usual.map { !$0.isSameFile(as: program) } ?? false
        let systemd = try Self.first(of: ["lib/systemd/systemd", "usr/lib/systemd/systemd"], in: layers, where: { $0.isExecutableFile })
        let hasMachineID = try Self.has(["etc/machine-id"], in: layers) { _ in true }
        lacksMachineID = !hasMachineID && systemd?.isSameFile(as: program) == true
        identity = []
        var found: [Path] = []
        do throws(Failure) { try image.addIdentityFiles(to: &found) } catch {
            notes.append("\(error.message); whether image '\(name)' brings what only one machine should have is not known")
        }
        for file in found where try !Self.isCovered(file, by: topLayer) { identity.append(file) }
    }

    /// Fails where the image alone has no init, or no os-release.
    package static func checkInit(of image: ImageFiles, of name: String) throws(Failure) {
        _ = try program(of: [image], of: name, nil)
    }

    /// The init that is started. Fails where it or os-release is in none of these.
    static func program(of layers: [ImageFiles], of name: String, _ asked: Path?) throws(Failure) -> Status {
        let inits = asked.map { [$0] } ?? usualInits
        guard let program = try first(of: inits, in: layers, where: { $0.isExecutableFile }) else {
            throw Failure(
                asked.map { "could not use 'init=\($0)': neither the image '\(name)' nor the top layer has that program" }
                    ?? "could not use the image '\(name)': it has no init: there is no program '\(inits[0])'",
                hint: asked != nil
                    ? "correct it, or leave it out"
                    : "install systemd-sysv or another init in the Dockerfile, or say init=PATH on the kernel command line"
            )
        }
        if try has(["etc/os-release", "usr/lib/os-release"], in: layers, where: { $0.kind == .file }) { return program }
        throw Failure(
            "could not use the image '\(name)': it has neither '/etc/os-release' nor '/usr/lib/os-release', and systemd starts no root without",
            hint: "add an /etc/os-release in the Dockerfile or in the top layer"
        )
    }

    private static func has(_ paths: [Path], in layers: [ImageFiles], where fits: (Status) -> Bool) throws(Failure) -> Bool {
        try first(of: paths, in: layers, where: fits) != nil
    }

    private static func first(
        of paths: [Path], in layers: [ImageFiles], where fits: (Status) -> Bool
    ) throws(Failure) -> Status? {
        for path in paths {
            for (place, layer) in layers.enumerated() {
                if let found = try layer.target(of: path), fits(found) { return found }
                // Below the last one there is nothing that it could take away.
                if place + 1 < layers.count, try layer.only?.takesAway(path) == true { break }
            }
        }
        return nil
    }

    /// Whether layers replace or take away what an image has at a path.
    private static func isCovered(_ path: Path, by layers: [ImageFiles]) throws(Failure) -> Bool {
        for layer in layers {
            if try layer.target(of: path) != nil { return true }
            if try layer.only?.takesAway(path) == true { return true }
        }
        return false
    }

    /// The subvolumes that are nested in the layer, and where it has such an empty place itself (inode 2) in the directories
    /// for which systemd-tmpfiles makes subvolumes while an image is built.
    private static func placeholders(in image: Directory) throws(Failure) -> [Path] {
        // What is nested in one of these is not in the snapshot at all.
        var found = outermost(try image.nestedSubvolumes())
        for parent: Path in [.top, "var", "var/lib"] {
            var places: [Path] = []
            // What links lead to is not replaced.
            try (try? image.descending(parent))?.search { (name, kind) throws(Failure) in
                if let kind, kind != .directory { return false }
                let path = parent.appending(name: plainName(name))
                if try image.status(of: path)?.inode == 2 { places.append(path) }
                return false
            }
            found += places.sortedByBytes { $0.bytes }
        }
        return found
    }
}

extension Directory {
    /// Whether this layer takes away what those below it have at a path: by a whiteout of it, or of a directory above it.
    fileprivate func takesAway(_ path: Path) throws(Failure) -> Bool {
        for place in sequence(first: path, next: { $0.parent.isTop ? nil : $0.parent }) {
            for whiteout in [LayerName.whiteout(of: place), place.parent.appending(name: LayerName.opaqueName)] {
                if try status(of: whiteout) == nil { continue }
                if try !LayerManifest(of: self).rules.ignores(whiteout.name, in: whiteout.parent) { return true }
            }
        }
        return false
    }
}
