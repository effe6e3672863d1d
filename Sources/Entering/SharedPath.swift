package import Basics
internal import CLinux
internal import Files

/// A directory or a file of the machine that is seen in a root.
package struct SharedPath {
    let source: String
    let target: String

    /// `/SRC` or `/SRC:/DST`.
    package init(_ text: String) throws(Failure) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        try self.init(parts[0], at: parts.last ?? "")
    }

    private init(_ source: String, at target: String) throws(Failure) {
        self.source = source
        for path in [source, target] where !path.hasPrefix("/") || path.split(separator: "/").contains("..") {
            throw Failure(
                "could not bind '\(source)' at '\(target)': '\(path)' is not an absolute path without '..'",
                hint: "--bind /SRC or --bind /SRC:/DST")
        }
        // '/./run//x' is '/run/x'.
        self.target = Path(target)?.description ?? target
        let first = self.target.split(separator: "/").first.map(String.init) ?? ""
        if ["", "proc", "sys", "dev"].contains(first) {
            throw Failure(
                "could not bind '\(source)' at '\(target)': '/\(first)' is the root's own", hint: "--bind /SRC:/DST names another place")
        }
    }

    /// The same for systemd-nspawn(1): without what is mounted below it, as in a root that is not booted.
    var optionOfNspawn: String {
        let paths = [source, target].map { $0.escaping("\\", as: "\\\\").escaping(":", as: "\\:") }
        return "--bind=\(paths.joined(separator: ":")):norbind"
    }

    /// Whether it is shown where nothing of the root is seen, but what is made when it is entered.
    private var isFresh: Bool { target.hasPrefix("/run/") || target.hasPrefix("/tmp/") }

    /// The same at where its target leads in the root, as if that was `/`: nothing is mounted on a symlink. Where it leads to what is fresh, no
    /// link of the root is there any more.
    func resolved(in root: Directory) throws(Failure) -> SharedPath {
        guard !isFresh, let path = Path(target) else { return self }
        var names = Array(path.components.map { Array($0) }.reversed())
        var (place, followed) = (Path.top, 0)
        while let name = names.popLast() {
            if name == Array("..".utf8) {
                place = place.parent
                continue
            }
            let next = place.appending(name: name)
            if next != "run", next != "tmp", try root.status(of: next)?.kind == .symlink, followed < 40 {
                followed += 1
                let text = Array(try root.linkTarget(of: next).utf8)
                if text.first == UInt8(ascii: "/") { place = .top }
                names += text.split(separator: UInt8(ascii: "/")).filter { $0 != [UInt8(ascii: ".")] }.reversed().map { Array($0) }
            } else {
                place = next
                if place == "run" || place == "tmp" {
                    for name in names.reversed() { place = place.appending(name: name) }
                    break
                }
            }
        }
        return try SharedPath(source, at: place.absolute)
    }

    /// Fails where the machine has nothing there.
    package func checkSource() throws(Failure) { _ = try isDirectory() }

    private func isDirectory() throws(Failure) -> Bool {
        var status = stat()
        if stat(source, &status) != 0 { throw .system("bind '\(source)'") }
        return Int32(status.st_mode) & S_IFMT == S_IFDIR
    }

    /// Makes an empty directory or file for it in the root, where that has none. What is only there
    /// when the root is entered is made by the steps that this returns.
    func makePlace(in root: Directory) throws(Failure) -> [EntryStep] {
        guard let path = Path(target) else { throw Failure("could not bind '\(source)' at '\(target)'") }
        let isDirectory = try isDirectory()
        var steps: [EntryStep] = []
        var place = Path.top
        for name in path.components {
            place = place.appending(name: name)
            let isFile = place == path && !isDirectory
            if isFresh {
                if !place.parent.isTop { steps.append(isFile ? .file("\(place)") : .directory("\(place)", mode: 0o755)) }
            } else if try root.status(of: place) == nil {
                try root.make(place, isFile: isFile)
            }
        }
        return steps
    }
}

extension Directory {
    fileprivate func make(_ path: Path, isFile: Bool) throws(Failure) {
        guard let parent = try directory(at: path.parent) else { throw Failure("could not make '\(show(path))': it has no directory") }
        if !isFile { return try makeDirectory(path) }
        let made = linux_openat2(parent.descriptor, path.fileName, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644, linux_resolve_no_links)
        if made < 0 { throw .system("make the file '\(show(path))'") }
        close(made)
    }
}
