public import Basics
internal import CLinux
internal import Linux
internal import Planning

/// What a command is going to change, and what it says when that is done.
public struct DeploymentPlan {
    let site: Site
    var changes: [DeploymentChange]
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

extension DeploymentChange {
    /// Whether a person wants to see it go by: not what is only around it.
    fileprivate var isTold: Bool {
        switch self {
        case .step(.hold), .step(.merge), .step(.snapshot), .step(.deleteSubvolume), .step(.makeRoom), .addFile, .removeFile,
            .writeMenu, .removeMenu, .startOnce:
            true
        case .step, .makeKernelFolder, .findRoom, .makeMenuFolder, .removeKernelFolder, .removeFolder, .prove, .sync: false
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

extension Site {
    /// Fails where the btrfs takes nothing.
    fileprivate func checkIsWritable() throws(Failure) {
        try topLevel.makeWritableHere()
        if faccessat(topLevel.descriptor, ".", W_OK, 0) != 0 {
            throw .system("write to '\(device)'", hint: "after an error of its disk the kernel makes a filesystem read-only: see dmesg")
        }
    }
}
