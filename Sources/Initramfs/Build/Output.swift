public import Basics
internal import CLinux

extension Build {
    /// The initramfs as the kernel reads it.
    public func compressed(with compression: Compression?) async throws(Failure) -> [UInt8] {
        guard let compression else { return archive }
        return try await compression.compress(archive, name: "the initramfs")
    }
}

/// Writes a file beside `path`, then renames it: what is there stays whole. Only its owner may read it, since the configuration
/// and the command line may hold secrets.
public func replaceFile(_ path: String, with bytes: [UInt8]) throws(Failure) {
    let new = path + ".new"
    unlink(new)
    let file = linux_open(new, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    if file < 0 { throw .system("create '\(new)'") }
    let isWritten = linux_write_all(file, bytes, bytes.count) && fsync(file) == 0
    let reason = isWritten ? nil : Failure.system("write '\(new)'")
    close(file)
    if reason == nil && rename(new, path) == 0 { return }
    let failure = reason ?? Failure.system("rename '\(new)' to '\(path)'")
    unlink(new)
    throw failure
}
