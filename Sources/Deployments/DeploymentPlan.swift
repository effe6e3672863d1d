public import Basics
internal import Boot
internal import CLinux
internal import Linux
internal import Planning

/// What a command is going to change, and what it says when that is done.
public struct DeploymentPlan {
    let site: Site
    var changes: [Change]
    /// What comes of it, for the person in front of the screen.
    public internal(set) var outcome: [String]
    /// What is to be done by a person, or known.
    public internal(set) var notes: [String]
    /// How many files are merged, as far as that is known before.
    var filesToMerge = 0
    /// What they are on, where that is not the root's filesystem.
    var store: Directory?
    /// Open, and locked with that until all is performed.
    var locks: [Directory] = []

    /// The dry run's lines.
    public var lines: [String] { changes.map(\.description) }

    /// Performs it and tells each change that takes more than a moment before it is begun, and what is to be known of it after it.
    /// `progress` is told once a second how far a change is that takes so long.
    public func perform(say: (String) -> Void, progress: @escaping (String) -> Void = { _ in }) throws(Failure) {
        if changes.isEmpty { return }
        // Not after the menu was written.
        if changes.contains(where: { if case .step = $0 { true } else { false } }) { try site.checkIsWritable() }
        let (start, files) = (microsecondsNow(), filesToMerge)
        var machine = LinuxMachine(topLevel: site.topLevel, topLayer: .success(nil), store: store) { count in
            progress(count.text(of: files, after: microsecondsNow() - start))
        }
        for change in changes {
            if change.isTold { say(change.description) }
            for note in try change.perform(on: &machine) { say(note) }
        }
        withExtendedLifetime(locks) {}
    }
}

extension Change {
    /// Whether a person wants to see it go by: not what is only around it.
    fileprivate var isTold: Bool {
        switch self {
        case .step(.hold), .step(.merge), .step(.snapshot), .step(.deleteSubvolume), .step(.makeRoom), .addFile, .removeFile,
            .writeMenu, .removeMenu, .startOnce:
            true
        case .step, .makeKernelFolder, .makeMenuFolder, .removeKernelFolder, .removeFolder, .prove, .sync: false
        }
    }
}

extension MergeCount {
    /// `merged 41200 files of 60000 (512 MB), about 3 s left`. What a layer above hides counts in `total` and is never merged.
    fileprivate func text(of total: Int, after microseconds: Int) -> String {
        let done = "merged \(files) files of \(max(total, files)) (\(megabytes(bytes)))"
        return done + timeLeft(files, of: total, after: microseconds)
    }
}

/// `, about 7 s left`; nothing where that cannot be told.
package func timeLeft(_ done: Int, of total: Int, after microseconds: Int) -> String {
    guard done > 0, total > done else { return "" }
    return ", about \(Int(Double(microseconds) * Double(total - done) / Double(done) / 1_000_000) + 1) s left"
}

extension Site {
    /// Fails where the btrfs takes nothing.
    fileprivate func checkIsWritable() throws(Failure) {
        try topLevel.makeWritable()
        if faccessat(topLevel.descriptor, ".", W_OK, 0) != 0 {
            throw .system("write to '\(device)'", hint: "after an error of its disk the kernel makes a filesystem read-only: see dmesg")
        }
    }

    /// The folders of ours that are not there yet.
    func missingFolders() throws(Failure) -> [Change] {
        var changes: [Change] = []
        for path in [Layout.home, Layout.layers, Layout.deployments] where try topLevel.status(of: path) == nil {
            changes.append(.step(.createDirectory(Place(path), permissions: 0o700)))
        }
        return changes
    }

    func record(_ deployment: Deployment) -> [Change] {
        [.step(.replaceFile(Place(Deployment.path(of: deployment.imageID)), content: deployment.text)), .sync(topLevel)]
    }

    /// The ways to note that somebody went back from some deployments, and that others are wanted.
    func noting(left: [Deployment], wanted: [Deployment]) throws(Failure) -> [Change] {
        let marks = left.map { Deployment.leftMark(of: $0.imageID) }
        var changes: [Change] = []
        for mark in marks where try topLevel.status(of: mark) == nil { changes.append(.step(.replaceFile(Place(mark), content: ""))) }
        for mark in wanted.map({ Deployment.leftMark(of: $0.imageID) }) where !marks.contains(mark) {
            if try topLevel.status(of: mark) != nil { changes.append(.step(.removeFile(mark, of: Place(.top)))) }
        }
        return changes.isEmpty ? [] : changes + [.sync(topLevel)]
    }

    /// The deployment that a text names: by its image's id or the beginning of it, or by its reference, of which the default or the
    /// newest is meant.
    func deployment(_ text: String, among all: [Deployment]) throws(Failure) -> Deployment {
        try deployments(text, among: all)[0]
    }

    /// All that a text names: one by its image's id, or those with that reference, the default or the newest first.
    func deployments(_ text: String, among deployments: [Deployment]) throws(Failure) -> [Deployment] {
        let digits = ImageReferenceText(text)
        let wanted = try ImageReference(text).description
        let named = deployments.filter { $0.reference.description == wanted }
        if !named.isEmpty { return named }
        let found = deployments.filter { digits.isBeginning(of: $0.imageID) }
        if found.count == 1 { return found }
        let all = deployments.map(\.title).joined(separator: ", ")
        if found.isEmpty {
            throw Failure("could not find a deployment '\(text)'", hint: all.isEmpty ? "none was made yet" : "there are \(all)")
        }
        throw Failure("could not choose a deployment: \(found.count) ids begin with '\(text)'", hint: "there are \(all)")
    }
}

/// Whether a text is the beginning of the id that the record at `path` is called after.
func isID(_ text: String, of path: Path) -> Bool {
    Digest(hex: path.name).map { ImageReferenceText(text).isBeginning(of: ImageID($0)) } ?? false
}

/// Digits that an id may begin with, with or without `sha256:`.
private struct ImageReferenceText {
    let digits: Substring

    init(_ text: String) {
        digits = text.hasPrefix("sha256:") ? text.dropFirst("sha256:".count) : text[...]
    }

    func isBeginning(of id: ImageID) -> Bool { digits.count >= 4 && id.digest.hex.hasPrefix(digits) }
}
