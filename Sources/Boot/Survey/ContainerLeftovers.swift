internal import Basics
internal import Planning

extension ImageFiles {
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

    /// Adds the files by which one machine is known, as installing systemd, dbus or an ssh server leaves them in an image.
    func addIdentityFiles(to found: inout [Path]) throws(Failure) {
        for file: Path in ["etc/machine-id", "var/lib/dbus/machine-id"] where try isMinted(file) { found.append(file) }
        for key in ["etc/ssh/ssh_host_*_key", "etc/ssh/ssh_host_*_key.pub"] {
            guard let pattern = PathPattern(key) else { continue }
            var keys: [Path] = []
            try forEachFile(fitting: pattern) { (key) throws(Failure) in
                if keys.contains(key) { return }
                if keys.count == mostKeys { throw Failure("there are more than \(mostKeys) files like '\(key)'") }
                keys.append(key)
            }
            found += keys.sortedByBytes { $0.bytes }
        }
    }

    /// Hands out the files that fit and have something in them, in any order; one that is in several layers more than once.
    func forEachFile(fitting pattern: PathPattern, _ body: (Path) throws(Failure) -> Void) throws(Failure) {
        try search(pattern.parent) { (path, _) throws(Failure) in
            if pattern.fits(path.name), try isMinted(path) { try body(path) }
            return false
        }
    }

    /// Whether a file has something in it that is for one machine. A file that a power cut left empty has not, nor has an
    /// /etc/machine-id with what systemd writes there first (machine-id(5)). More than 1 MiB is no key. Neither is a program that gives
    /// rights to who runs it: a user could have put a link to an old one there.
    private func isMinted(_ path: Path) throws(Failure) -> Bool {
        guard let status = try status(of: path), status.kind == .file, (1...keyLimit).contains(status.size),
            status.permissions & 0o6000 == 0, try attribute("security.capability", of: path) == nil
        else { return false }
        let unknown = Array("uninitialized\n".utf8)
        if status.size != unknown.count { return true }
        return try contents(of: path, limit: keyLimit) != unknown
    }
}

/// How large one is, in bytes.
private let keyLimit = 1 << 20
/// No ssh server has as many.
private let mostKeys = 100
