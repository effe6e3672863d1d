public import Basics
internal import CLinux
internal import Planning

/// Writes a small file of the running system (on /run, not on the machine's disk), making its directory where that is missing.
/// A reader sees the old content or the new one, never a part.
public func writeReport(_ text: String, to path: String) throws(Failure) {
    if let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")), slash != path.startIndex {
        let directory = String(path[..<slash])
        if mkdir(directory, 0o755) != 0 && linux_errno() != EEXIST { throw .system("make the directory '\(directory)'") }
    }
    let draft = path + Draft.ending
    // Who made one of that name could read what is written to it.
    unlink(draft)
    let file = linux_open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    if file < 0 { throw .system("write '\(draft)'") }
    defer { close(file) }
    let bytes = Array(text.utf8)
    if !linux_write_all(file, bytes, bytes.count) || rename(draft, path) != 0 { throw .system("write '\(path)'") }
}
