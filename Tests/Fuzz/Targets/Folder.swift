import Basics
import CLinux

/// A directory in memory for the files that an input gives, removed with all in it.
final class Folder {
    let path: String
    /// What was made, a directory before what is in it.
    private var made: [String] = []

    init() throws(Failure) {
        let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/dev/shm"
        var template = "\(parent)/docker-btrfs-fuzz-XXXXXX".utf8CString.map { $0 }
        guard let path = mkdtemp(&template) else { throw .system("make a directory in '\(parent)'") }
        self.path = String(cString: path)
        made.append(self.path)
    }

    deinit {
        for path in made.reversed() { _ = remove(path) }
    }

    /// Makes a directory with those above it.
    func makeDirectory(_ path: String) throws(Failure) {
        var directory = self.path
        for part in path.split(separator: "/") {
            directory += "/\(part)"
            if made.contains(directory) { continue }
            if mkdir(directory, 0o755) != 0 { throw .system("make the directory '\(directory)'") }
            made.append(directory)
        }
    }

    func write(_ content: [UInt8], to name: String, in directory: String) throws(Failure) {
        try makeDirectory(directory)
        let file = "\(path)/\(directory)/\(name)"
        let descriptor = linux_open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        if descriptor < 0 { throw .system("make the file '\(file)'") }
        defer { close(descriptor) }
        made.append(file)
        if !linux_write_all(descriptor, content, content.count) { throw .system("write the file '\(file)'") }
    }
}
