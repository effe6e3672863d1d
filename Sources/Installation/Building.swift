internal import Basics

/// Builds a system's initramfs anew. The images from before are kept, and are back if anything fails.
struct Building {
    let build: Build
    let tree: Directory
    /// The images that are there now.
    let kept: [KeptImage]
    private let record: Record

    /// `record` is what is installed. Fails where an image cannot be kept.
    init(_ build: Build, _ record: Record, in tree: Directory) async throws(Failure) {
        var kept: [KeptImage] = []
        for image in build.images {
            if let found = try await KeptImage(image, record, in: tree) { kept.append(found) }
        }
        self.build = build
        self.tree = tree
        self.kept = kept
        self.record = record
    }

    /// The dry run's lines.
    var description: [String] {
        kept.map { $0.isKept ? "leave '\($0.kept)', which an earlier install kept" : "keep '\($0.file)' as '\($0.kept)'" }
            + build.commands.map { "run '\($0.joined(separator: " "))'" }
            + build.images.map { "look into '\($0)'" }
    }

    /// Keeps what is there, runs the framework's tool and has `check` look into what it made, which gets the copy of the image
    /// from before too. Returns the copies that stay.
    func run(check: (Path, Path?) async throws(Failure) -> Void) async throws(Failure) -> [Path] {
        var lasting = record
        lasting.kept.removeAll { entry in kept.contains { $0.copy == entry.path } }
        lasting.kept += try kept.filter { !$0.isKept }.map { image throws(Failure) in try image.entry(in: tree) }
        // Should this be cut off.
        var during = lasting
        during.kept += try kept.filter(\.isKept).map { image throws(Failure) in try image.entry(in: tree) }
        try tree.perform(.record(during))
        try await Interruption.taken { () throws(Failure) in
            for image in kept { try tree.copy(image.file, to: image.copy) }
            do throws(Failure) {
                try await build(check)
            } catch {
                throw putBack(after: explained(error))
            }
        }
        for image in kept where image.isKept { try tree.remove(image.copy) }
        if during != lasting { try tree.perform(.record(lasting)) }
        return kept.map(\.kept)
    }

    private func build(_ check: (Path, Path?) async throws(Failure) -> Void) async throws(Failure) {
        for command in build.commands { try await execute(command) }
        for image in build.images {
            try await check(image, kept.first { $0.image == image }?.copy)
            try Interruption.check()
        }
    }

    private func putBack(after failure: Failure) -> Failure {
        var problems: [String] = []
        func attempt(_ change: () throws(Failure) -> Void) {
            do throws(Failure) { try change() } catch { problems.append(error.message) }
        }
        for image in build.images where !kept.contains(where: { $0.image == image }) {
            attempt { () throws(Failure) in try tree.remove(image) }
        }
        for image in kept { attempt { () throws(Failure) in try image.putBack(in: tree) } }
        if !problems.isEmpty {
            let reasons = problems.joined(separator: ", ")
            return Failure("\(failure.message); the initramfs from before could not be put back: \(reasons)", hint: failure.hint)
        }
        let state = kept.isEmpty ? "there is no initramfs, as before" : "the initramfs from before is back"
        return Failure("\(failure.message); \(state)", hint: failure.hint)
    }
}

extension KeptImage {
    fileprivate func entry(in tree: Directory) throws(Failure) -> Record.Entry {
        Record.Entry(path: copy, trace: .file(try tree.digest(of: file)))
    }
}
