public import Basics

extension Build {
    /// The initramfs as the kernel reads it.
    public func compressed(with compression: Compression?) async throws(Failure) -> [UInt8] {
        guard let compression else { return archive }
        return try await compression.compress(archive, name: "the initramfs")
    }
}
