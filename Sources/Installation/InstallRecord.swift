internal import Basics

/// What install wrote into a system, so that a file of ours is known from any other, changed or not.
struct InstallRecord: Equatable {
    static let path: Path = "var/lib/docker-btrfs/installed"
    private static let title = "docker-btrfs installation 1"

    /// A file or link as it was written.
    struct Entry: Hashable {
        enum Trace: Hashable {
            case file(Digest)
            case link(to: String)
        }

        let path: Path
        let trace: Trace
    }

    var framework: InitramfsTool
    /// The directories that were made, from the top down.
    var directories: [Path] = []
    /// A path that is being replaced is there twice, with the old content and with the new one.
    var files: [Entry] = []
    /// Copies of the initramfs from before.
    var kept: [Entry] = []

    init(_ framework: InitramfsTool) {
        self.framework = framework
    }

    func holds(_ entry: Entry) -> Bool { files.contains(entry) || kept.contains(entry) }

    /// Both together: while the one becomes the other.
    func merged(with other: InstallRecord) -> InstallRecord {
        var both = other
        both.directories = directories + other.directories.filter { !directories.contains($0) }
        both.files = files + other.files.filter { !files.contains($0) }
        both.kept = kept + other.kept.filter { !kept.contains($0) }
        return both
    }
}

/// As it lies on the disk: a line each, the path at its end.
extension InstallRecord {
    var bytes: [UInt8] {
        var bytes = Array("\(Self.title)\nframework \(framework.rawValue)\n".utf8)
        func add(_ words: String, _ path: Path) { bytes += Array("\(words) /".utf8) + path.bytes + [UInt8(ascii: "\n")] }
        for directory in directories { add("directory", directory) }
        for entry in files { add(entry.words, entry.path) }
        for entry in kept { add("kept \(entry.words)", entry.path) }
        return bytes
    }

    init(parsing bytes: [UInt8], name: String) throws(Failure) {
        var lines = bytes.split(separator: UInt8(ascii: "\n"))[...]
        let unknown = Failure(
            "could not read '\(name)': it is not a record that this version of docker-btrfs knows",
            hint: "use the version that installed"
        )
        guard let title = lines.popFirst(), title.elementsEqual(Self.title.utf8),
            let line = lines.popFirst(), line.starts(with: "framework ".utf8),
            let framework = InitramfsTool(rawValue: String(decoding: line.dropFirst(10), as: UTF8.self))
        else { throw unknown }
        self.init(framework)
        for line in lines where !take(line) { throw unknown }
    }

    private mutating func take(_ line: ArraySlice<UInt8>) -> Bool {
        if line.starts(with: "kept ".utf8) {
            guard let entry = Entry(line.dropFirst(5)) else { return false }
            kept.append(entry)
        } else if line.starts(with: "directory /".utf8) {
            guard let path = Path(line.dropFirst(11)) else { return false }
            directories.append(path)
        } else {
            guard let entry = Entry(line) else { return false }
            files.append(entry)
        }
        return true
    }
}

extension InstallRecord.Entry {
    fileprivate var words: String {
        switch trace {
        case .file(let digest): "file \(digest)"
        case .link(let target): "link \(target)"
        }
    }

    fileprivate init?(_ line: ArraySlice<UInt8>) {
        let words = line.split(separator: UInt8(ascii: " "), maxSplits: 2)
        guard words.count == 3, words[2].first == UInt8(ascii: "/"), let path = Path(words[2]) else { return nil }
        let value = String(decoding: words[1], as: UTF8.self)
        switch String(decoding: words[0], as: UTF8.self) {
        case "file":
            guard let digest = Digest(value) else { return nil }
            self.init(path: path, trace: .file(digest))
        case "link": self.init(path: path, trace: .link(to: value))
        default: return nil
        }
    }

    init(_ file: InstalledFile) {
        let trace: Trace =
            switch file.content {
            case .file(let bytes, _): .file(Digest.of(bytes))
            case .link(let target): .link(to: target)
            }
        self.init(path: file.path, trace: trace)
    }
}
