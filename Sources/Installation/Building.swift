internal import Basics
internal import CLinux

/// Builds a system's initramfs anew. The images from before are kept, and are back if anything fails.
struct Building {
    let build: Build
    let tree: Directory

    /// A copy that is kept beside its image. Its name does not begin as an initramfs's does: boot loaders go by that.
    static func keptPath(_ image: Path) -> Path {
        image.parent.appending(name: Array("old-".utf8) + image.name)
    }

    /// The images that are there now.
    private func old() throws(Failure) -> [Path] {
        var there: [Path] = []
        for image in build.images where try tree.target(of: image) != nil { there.append(image) }
        return there
    }

    /// Where the copies of them will be.
    func copies() throws(Failure) -> [Path] { try old().map { Self.keptPath($0) } }

    /// The dry run's lines.
    func description() throws(Failure) -> [String] {
        try old().map { "keep '\($0)' as '\(Self.keptPath($0))'" }
            + build.commands.map { "run '\($0.joined(separator: " "))'" }
            + build.images.map { "look into '\($0)'" }
    }

    /// The record with the copies that are made. Fails where one of them would replace a file that is not ours.
    func recording(_ record: Record) throws(Failure) -> Record {
        var record = record
        for image in try old() {
            let kept = Self.keptPath(image)
            let found = try tree.found(at: kept)
            let earlier = record.kept.first { .entry($0) == found }
            if found != .nothing && earlier == nil {
                throw Failure("could not keep '\(image)' as '\(kept)': something is there that is not from docker-btrfs")
            }
            // The copy that is there is known until it is replaced.
            record.kept.removeAll { $0.path == kept && $0 != earlier }
            let entry = Record.Entry(path: kept, trace: .file(try tree.digest(of: image)))
            if !record.kept.contains(entry) { record.kept.append(entry) }
        }
        return record
    }

    /// Keeps what is there, runs the framework's tool and looks into what it made. Returns the images that have a copy.
    func run(_ record: Record, check: (Path) async throws(Failure) -> Void) async throws(Failure) -> [Path] {
        let kept = try old()
        try tree.perform(.record(recording(record)))
        for image in kept { try tree.copy(image, to: Self.keptPath(image)) }
        do throws(Failure) {
            for command in build.commands { try await execute(command) }
            for image in build.images { try await check(image) }
        } catch {
            throw try putBack(kept, after: error)
        }
        return kept
    }

    private func putBack(_ kept: [Path], after failure: Failure) throws(Failure) -> Failure {
        do throws(Failure) {
            for image in build.images where !kept.contains(image) { try tree.remove(image) }
            for image in kept { try tree.rename(Self.keptPath(image), to: image) }
        } catch {
            throw Failure("\(failure.message); the initramfs from before could not be put back: \(error.message)", hint: failure.hint)
        }
        let state = kept.isEmpty ? "there is no initramfs, as before" : "the initramfs from before is back"
        return Failure("\(failure.message); \(state)", hint: failure.hint)
    }

    /// Each image once more, and while one is built, the old and the new one of the largest.
    func checkSpace() throws(Failure) {
        let images = try old()
        for folder in Set(images.map(\.parent)) {
            guard let directory = try tree.directory(at: folder) else { continue }
            var needed = 8 << 20
            var largest = 0
            for image in images where image.parent == folder {
                let size = try tree.target(of: image)?.size ?? 0
                needed += size - (try tree.status(of: Self.keptPath(image))?.size ?? 0)
                largest = max(largest, size)
            }
            try directory.checkSpace(needed + largest)
        }
    }
}

extension Directory {
    fileprivate func checkSpace(_ needed: Int) throws(Failure) {
        var found = statfs()
        if fstatfs(descriptor, &found) != 0 { throw .system("look at '\(show(.top))'") }
        let free = Int(found.f_bavail) * Int(found.f_bsize)
        if free >= needed { return }
        throw Failure(
            "could not keep the old initramfs: '\(show(.top))' has \(free >> 20) MiB free, and \(needed >> 20) MiB are needed",
            hint: "make room there, or install with --no-build and build by hand"
        )
    }
}
