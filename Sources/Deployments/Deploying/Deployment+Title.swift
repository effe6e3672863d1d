package import Basics
internal import Boot

extension Deployment {
    /// `desktop:latest (fefadf163068)`
    var title: String { "\(reference) (\(shortID))" }

    /// Whether both boot the same tree with the same kernel: with containerd each build gives an image another id, for that is the digest of
    /// an index with the time of the build. A unified kernel image names the id.
    func isSame(as other: Deployment?) -> Bool {
        guard let other, chainID == other.chainID, release == other.release else { return false }
        return files == other.files || isUnified && other.isUnified
    }

    var shortID: String { imageID.short }
}

extension ImageID {
    /// The digits that `docker images` prints.
    package var short: String { String(digest.hex.prefix(12)) }
}
