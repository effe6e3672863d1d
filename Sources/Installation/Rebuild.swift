internal import Basics
internal import Files
internal import Programs

/// Builds a system's initramfs anew. The images from before are kept, and are back if anything fails.
struct Rebuild {
    let commands: BuildCommands
    let tree: Directory
    /// The images that are there now.
    let previous: [PreviousImage]
    /// Whether copies of the images stay: not where docker-btrfs is taken out of them.
    let isLasting: Bool
    private let record: InstallRecord
    /// Copies that an earlier install kept, of images that are gone.
    private let unneeded: [Path]

    /// `record` is what is installed. Fails where an image cannot be kept.
    init(_ commands: BuildCommands, _ record: InstallRecord, isLasting: Bool, in tree: Directory) async throws(Failure) {
        var previous: [PreviousImage] = []
        for image in commands.images {
            if let found = try await PreviousImage(image, record, isLasting: isLasting, in: tree) { previous.append(found) }
        }
        var unneeded: [Path] = []
        for entry in isLasting ? record.kept : [] {
            guard let original = PreviousImage.original(of: entry.path), !commands.images.contains(original),
                try tree.status(of: original) == nil, try tree.found(at: entry.path) == .entry(entry)
            else { continue }
            unneeded.append(entry.path)
        }
        self.commands = commands
        self.tree = tree
        self.previous = previous
        self.isLasting = isLasting
        self.record = record
        self.unneeded = unneeded
    }

    /// The dry run's lines.
    var description: [String] {
        previous.compactMap { image in
            if image.isFirst { return "keep '\(image.file)' as '\(image.kept)'" }
            return image.wasKept && isLasting ? "leave '\(image.kept)', which an earlier install kept" : nil
        }
            + commands.commands.map { "run '\($0.joined(separator: " "))'" }
            + commands.images.map { "look into '\($0)'" }
    }

    /// Keeps what is there, runs the framework's tool and has `check` look into what it made, which gets the copy of the image
    /// from before too. Returns what came of the copies.
    func run(check: (Path, Path?) async throws(Failure) -> Void) async throws(Failure) -> [String] {
        let (during, afterwards) = try records()
        try tree.perform(.record(during))
        do throws(Failure) { try makeCopies() } catch {
            forget(during)
            throw error
        }
        do throws(Failure) {
            try await build(check)
        } catch {
            let failure = putBack(after: explained(error))
            forget(during)
            throw failure
        }
        for image in previous { if image.isFirst { try tree.rename(image.copy, to: image.kept) } else { try tree.remove(image.copy) } }
        if during != afterwards { try tree.perform(.record(afterwards)) }
        let kept = isLasting ? previous.filter { $0.isFirst || $0.wasKept } : []
        return kept.map { "kept the initramfs from before as '\($0.kept)'" }
            + unneeded.map { "'\($0)' is of an initramfs that is gone: remove it if its kernel is, too" }
    }

    /// Where no copy is left, the record says none. Else the next run puts it back.
    private func forget(_ during: InstallRecord) {
        let isLeft = previous.contains { (try? tree.status(of: $0.copy)) != nil }
        if !isLeft && during != record { try? tree.perform(.record(record)) }
    }

    /// What the record says while the images are built, should that be cut off, and what it says afterwards: only the copies that
    /// stay.
    private func records() throws(Failure) -> (during: InstallRecord, afterwards: InstallRecord) {
        var during = record
        during.kept.removeAll { entry in
            previous.contains { $0.copy == entry.path || $0.isFirst && $0.kept == entry.path }
        }
        var afterwards = during
        for image in previous {
            let trace = InstallRecord.Entry.Trace.file(try tree.digest(of: image.file))
            during.kept.append(InstallRecord.Entry(path: image.copy, trace: trace))
            // A tool may put a file in the place of a link.
            if let link = image.link { during.kept.append(InstallRecord.Entry(path: image.image, trace: .link(to: link))) }
            if !image.isFirst { continue }
            let entry = InstallRecord.Entry(path: image.kept, trace: trace)
            during.kept.append(entry)
            afterwards.kept.append(entry)
        }
        return (during, afterwards)
    }

    private func makeCopies() throws(Failure) {
        do throws(Failure) {
            for image in previous { try tree.copy(image.file, to: image.copy) }
        } catch {
            for image in previous { try? tree.remove(image.copy) }
            throw error
        }
    }

    private func build(_ check: (Path, Path?) async throws(Failure) -> Void) async throws(Failure) {
        for command in commands.commands { try await execute(command) }
        for image in commands.images {
            try await check(image, previous.first { $0.image == image }?.copy)
            try Interruption.check()
        }
    }

    private func putBack(after failure: Failure) -> Failure {
        var problems: [String] = []
        func attempt(_ change: () throws(Failure) -> Void) {
            do throws(Failure) { try change() } catch { problems.append(error.message) }
        }
        for image in commands.images where !previous.contains(where: { $0.image == image }) {
            attempt { () throws(Failure) in try tree.remove(image) }
        }
        for image in previous { attempt { () throws(Failure) in try image.putBack(in: tree) } }
        if !problems.isEmpty {
            let reasons = problems.joined(separator: ", ")
            return Failure("\(failure.message); the initramfs from before could not be put back: \(reasons)", hint: failure.hint)
        }
        let state = previous.isEmpty ? "there is no initramfs, as before" : "the initramfs from before is back"
        return Failure("\(failure.message); \(state)", hint: failure.hint)
    }
}
