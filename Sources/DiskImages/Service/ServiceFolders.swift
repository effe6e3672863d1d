internal import Basics
internal import Boot
internal import Planning
internal import Programs

/// The directories that a container of an image has and a machine of it lacks: WORKDIR and VOLUME, which an engine makes, and all that is below
/// /run, where a machine has an empty tmpfs at each boot.
struct ServiceFolders {
    /// A directory below /run.
    struct Volatile: Equatable {
        let path: Path
        var owner: UInt32 = 0
        var group: UInt32 = 0
        var mode: UInt32 = 0o755
    }

    /// Not in the image, each with what it is.
    private(set) var missing: [(path: Path, title: String)] = []
    /// Each after the one that it is in.
    private(set) var volatile: [Volatile] = []

    /// Fails where WORKDIR or a VOLUME is no path of a directory, or no top layer can bring it.
    init(of process: ImageProcess, called name: String, in files: ImageFiles) throws(Failure) {
        try add(below: "run", of: files)
        let volumes = process.volumes.filter { $0 != process.folder }.map { ($0, "VOLUME", "a VOLUME of the image") }
        for (text, word, title) in [(process.folder, "WORKDIR", "the image's WORKDIR")] + volumes {
            func failure(_ reason: String) -> Failure {
                Failure("could not make a service of '\(name)': its \(word) '\(display(text.utf8))' \(reason)", hint: Self.remedy)
            }
            guard text.begins(with: "/"), let path = Path(text) else { throw failure("is no absolute path") }
            if try files.target(of: path)?.kind == .directory { continue }
            let volatilePath = try Self.belowRun(path, in: files)
            if let obstacle = try Self.obstacle(on: volatilePath ?? path, in: files) { throw failure(obstacle) }
            if let volatilePath { volatile.append(Volatile(path: volatilePath)) } else { missing.append((path, title)) }
        }
    }

    private static let remedy = "say another one in the Dockerfile"

    private mutating func add(below folder: Path, of files: ImageFiles) throws(Failure) {
        // No line names one with the end of a line in it.
        for name in try files.names(in: folder) where !name.contains(UInt8(ascii: "\n")) {
            let path = folder.appending(name: name)
            guard let status = try files.status(of: path), status.kind == .directory else { continue }
            volatile.append(Volatile(path: path, owner: status.owner, group: status.group, mode: status.permissions))
            try add(below: path, of: files)
        }
    }

    /// Where a path is below the machine's /run, which /var/run is a link to; nil where it is elsewhere.
    private static func belowRun(_ path: Path, in files: ImageFiles) throws(Failure) -> Path? {
        let run: Path = "run"
        if path.isBelow(run) { return path }
        let link: Path = "var/run"
        guard path.isBelow(link), try files.status(of: link)?.kind == .symlink else { return nil }
        return path.path(below: link).map { run / $0 }
    }

    /// Why no directory can be made there; nil where one can.
    private static func obstacle(on path: Path, in files: ImageFiles) throws(Failure) -> String? {
        var place = Path.top
        for name in path.components {
            if !LayerRules.none.isCopied(name, in: place) { return "has the name '\(display(name))', which no file of a top layer has" }
            place = place.appending(name: name)
            // A directory of the top layer would stand over it.
            if try files.status(of: place) != nil, try files.target(of: place)?.kind != .directory {
                return "needs a directory where the image has another file, '\(place)'"
            }
        }
        return nil
    }

    /// tmpfiles.d(5). Of several lines for a directory the first file's counts, by the files' names: systemd's own are before this one.
    static let table: Path = "etc/tmpfiles.d/zz-docker-btrfs.conf"

    var tableText: String {
        volatile.map { folder in
            let path = folder.path.absolute.escaping("\\", as: #"\\"#).escaping("\"", as: #"\""#).escaping("%", as: "%%")
            return "d \"\(path)\" \(Self.mode(folder)) \(folder.owner) \(folder.group) -\n"
        }.joined()
    }

    /// What another init runs, or with runit the service itself.
    static let script: Path = "usr/lib/docker-btrfs/run-folders"
    /// Made by the first run after a boot.
    private static let mark = "/run/docker-btrfs-folders"

    /// Whoever gets a directory gets it when all in it is made: nothing of his is on the way. A service that starts again has got them.
    func scriptText(for shell: String, busybox: String) -> String {
        func word(_ folder: Volatile) -> String { shellWord(folder.path.absolute) }
        let made = volatile.map { "\(busybox)mkdir -p \(word($0))\n" }
        let given = volatile.reversed().map { folder in
            let place = word(folder)
            return "\(busybox)chown -h \(folder.owner):\(folder.group) \(place)\n\(busybox)chmod \(Self.mode(folder)) \(place)\n"
        }
        let once = "\(busybox)mkdir \(Self.mark) 2> /dev/null || exit 0\n"
        return "#!\(shell)\n# Written by docker-btrfs: what the image has below /run.\n" + once + made.joined() + given.joined()
    }

    private static func mode(_ folder: Volatile) -> String { String(folder.mode, radix: 8) }
}
