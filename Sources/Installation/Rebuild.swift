internal import Basics
internal import Files
internal import Programs

/// Builds a system's initramfs anew. The images from before are kept, and are back if anything fails.
struct Rebuild {
    let commands: BuildCommands
    let tree: Directory
    /// The images that are there now.
    let previous: [PreviousImage]
    private let record: InstallRecord

    /// `record` is what is installed. Fails where an image cannot be kept.
    init(_ commands: BuildCommands, _ record: InstallRecord, in tree: Directory) async throws(Failure) {
        var previous: [PreviousImage] = []
        for image in commands.images {
            if let found = try await PreviousImage(image, record, in: tree) { previous.append(found) }
        }
        self.commands = commands
        self.tree = tree
        self.previous = previous
        self.record = record
    }

    /// The dry run's lines.
    var description: [String] {
        previous.map { $0.wasKept ? "leave '\($0.kept)', which an earlier install kept" : "keep '\($0.file)' as '\($0.kept)'" }
            + commands.commands.map { "run '\($0.joined(separator: " "))'" }
            + commands.images.map { "look into '\($0)'" }
    }

    /// Keeps what is there, runs the framework's tool and has `check` look into what it made, which gets the copy of the image
    /// from before too. Returns the copies that stay.
    func run(check: (Path, Path?) async throws(Failure) -> Void) async throws(Failure) -> [Path] {
        let (during, afterwards) = try records()
        try tree.perform(.record(during))
        try makeCopies()
        do throws(Failure) {
            try await build(check)
        } catch {
            throw putBack(after: explained(error))
        }
        for image in previous where image.wasKept { try tree.remove(image.copy) }
        if during != afterwards { try tree.perform(.record(afterwards)) }
        return previous.map(\.kept)
    }

    /// What the record says while the images are built, should that be cut off, and what it says afterwards: only the copies that
    /// stay.
    private func records() throws(Failure) -> (during: InstallRecord, afterwards: InstallRecord) {
        var during = record
        during.kept.removeAll { entry in previous.contains { $0.copy == entry.path } }
        var afterwards = during
        for image in previous {
            let entry = InstallRecord.Entry(path: image.copy, trace: .file(try tree.digest(of: image.file)))
            during.kept.append(entry)
            if !image.wasKept { afterwards.kept.append(entry) }
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
