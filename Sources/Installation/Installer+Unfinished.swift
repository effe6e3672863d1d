internal import Basics
internal import Files

extension Installer {
    /// Puts images back whose build was cut off, as by a power cut: what is in their places may be half of one. What can be read as an
    /// initramfs is whole, whoever made it since, and stays. A dry run only tells of it.
    func endUnfinishedBuild() async throws(Failure) {
        guard let record = try tree.record() else { return }
        var left = record
        for entry in record.kept {
            switch entry.trace {
            case .file:
                let found = try tree.found(at: entry.path)
                if let file = PreviousImage.file(ofDraft: entry.path) {
                    if found == .entry(entry) { try await end(entry.path, of: file) }
                    left.kept.removeAll { $0 == entry }
                } else if found == .nothing {
                    left.kept.removeAll { $0 == entry }
                }
            case .link(let target):
                let isLink = try tree.status(of: entry.path)?.kind == .symlink
                if action == .perform, !isLink, try await tree.initramfs(entry.path) == nil { try tree.link(entry.path, to: target) }
                left.kept.removeAll { $0 == entry }
            }
        }
        if action == .perform && left != record { try tree.perform(.record(left)) }
    }

    private func end(_ draft: Path, of file: Path) async throws(Failure) {
        let isWhole = try await tree.initramfs(file) != nil
        if !isWhole { say("put '\(file)' back as it was before a build that was cut off") }
        if action == .dryRun { return }
        if isWhole { try tree.remove(draft) } else { try tree.rename(draft, to: file) }
    }
}
