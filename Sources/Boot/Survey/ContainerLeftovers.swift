internal import Basics
internal import Planning

extension Directory {
    /// What a container engine puts into a container, and an image made of one has then: marks that have systemd take the
    /// machine for a container, and the empty files that the engine mounts its own over.
    func containerLeftovers() throws(Failure) -> [Path] {
        var found: [Path] = []
        for mark: Path in [".dockerenv", "run/.containerenv"] where try status(of: mark)?.kind == .file { found.append(mark) }
        for file: Path in ["etc/hostname", "etc/hosts", "etc/resolv.conf"] {
            if let status = try status(of: file), status.kind == .file, status.size == 0 { found.append(file) }
        }
        return found
    }

    /// The files by which one machine is known, as installing systemd, dbus or an ssh server leaves them in an image.
    func identityFiles() throws(Failure) -> [Path] {
        var found: [Path] = []
        for file: Path in ["etc/machine-id", "var/lib/dbus/machine-id"] where try isMinted(file) { found.append(file) }
        for key in ["etc/ssh/ssh_host_*_key", "etc/ssh/ssh_host_*_key.pub"] {
            guard let pattern = PathPattern(key) else { continue }
            found += try files(fitting: pattern)
        }
        return found
    }

    func files(fitting pattern: PathPattern) throws(Failure) -> [Path] {
        guard try target(of: pattern.parent)?.kind == .directory else { return [] }
        let names = try directory(at: pattern.parent)?.names() ?? []
        var found: [Path] = []
        for name in names where pattern.fits(name) {
            let path = pattern.parent.appending(name: name)
            if try isMinted(path) { found.append(path) }
        }
        return found
    }

    /// Whether a file has something in it that is for one machine: not what a power cut left empty, nor what systemd writes
    /// into /etc/machine-id until it knows better (machine-id(5)). More than 1 MiB is no key.
    private func isMinted(_ path: Path) throws(Failure) -> Bool {
        guard let status = try status(of: path), status.kind == .file, (1...Self.keyLimit).contains(status.size) else { return false }
        return try contents(of: path) != Array("uninitialized\n".utf8)
    }

    private static let keyLimit = 1 << 20
}

extension MachineFiles {
    /// The create-only files that the standing root's system made and no layer has. What the root has from its image is none.
    func minted(by standing: Facts.Standing, on topLevel: Directory) throws(Failure) -> [Path] {
        // Without a folder of its own, or in the root of another machine, nothing is this machine's.
        guard case .root(let root) = standing, note == nil, root.mark.origin.topLayers == described.map({ $0.path }),
            let system = try topLevel.directory(at: root.path),
            let image = try topLevel.directory(at: Layout.hold(root.mark.origin.chainID))
        else { return [] }
        var found: [Path] = []
        for pattern in described.flatMap({ $0.manifest.createOnly }) {
            for path in try system.files(fitting: pattern) where !found.contains(path) {
                if try brings(path) { continue }
                if try image.fileContents(path) != system.fileContents(path) { found.append(path) }
            }
        }
        return found
    }

    /// Whether a layer has anything at that path.
    private func brings(_ path: Path) throws(Failure) -> Bool {
        for layer in layers where try layer.status(of: path) != nil { return true }
        return false
    }
}

extension Directory {
    /// nil for all but a regular file.
    fileprivate func fileContents(_ path: Path) throws(Failure) -> [UInt8]? {
        try status(of: path)?.kind == .file ? contents(of: path) : nil
    }
}
