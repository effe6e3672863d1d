internal import Basics
internal import CLinux
internal import Files

extension Rebuild {
    /// Each image once more, and while one is built, the old and the new one of the largest.
    func checkSpace() throws(Failure) {
        for folder in Set(previous.map(\.file.parent)) {
            guard let directory = try tree.directory(at: folder) else { continue }
            var sizes: [Int] = []
            for image in previous where image.file.parent == folder { sizes.append(try tree.status(of: image.file)?.size ?? 0) }
            let kept = previous.filter { $0.file.parent == folder && $0.wasKept }.map { "'\($0.kept)'" }
            let mayGo = kept.isEmpty ? "" : " (\(kept.joined(separator: ", ")) of before docker-btrfs may go)"
            let hint = "make room there\(mayGo), or \(isLasting ? "install" : "uninstall") with --no-build and build by hand"
            try directory.checkSpace(hint: hint, sizes.reduce(8 << 20, +) + (sizes.max() ?? 0))
        }
    }

    /// The same failure, with the reason where that is a lack of room. dracut 059 does not mind when it cannot write all of a unified
    /// kernel image.
    func explained(_ failure: Failure) -> Failure {
        for image in commands.images {
            let folder = ((try? tree.resolved(image)) ?? image).parent
            guard let free = try? tree.directory(at: folder)?.freeSpace(), free < 1 << 20 else { continue }
            return Failure("\(failure.message); '\(tree.show(folder))' is full", hint: "make room there and run this again")
        }
        return failure
    }
}

extension Directory {
    fileprivate func checkSpace(hint: String, _ needed: Int) throws(Failure) {
        let free = try freeSpace()
        if free >= needed { return }
        throw Failure(
            "could not keep the old initramfs: '\(show(.top))' has \(free >> 20) MiB free, and \(needed >> 20) MiB are needed",
            hint: hint)
    }
}
