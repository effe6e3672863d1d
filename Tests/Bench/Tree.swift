internal import Foundation

/// Many small files, made quickly. Their sizes go from 300 to 6000 bytes: btrfs keeps every second one in its metadata, and the
/// others in an extent of their own.
struct Tree {
    let folder: String
    private var directories: Set<String> = []

    private static let sizes = [300, 2500, 1200, 6000]

    init(in folder: String) {
        self.folder = folder
    }

    /// The place of an image's file of that number.
    static func imagePath(_ number: Int) -> String { "usr/share/\(number / 50)/\(number % 50)" }

    /// The place of a file of a top layer: every second one is in an image too.
    static func topLayerPath(_ number: Int) -> String {
        number.isMultiple(of: 2) ? imagePath(number) : "usr/local/machine/\(number / 100)/\(number % 100)"
    }

    /// Files of these numbers, with that line in them, many times.
    mutating func add(_ numbers: Range<Int>, of line: String, at place: (Int) -> String) throws {
        let content = Array(repeating: Array("\(line)\n".utf8), count: 1000).flatMap { $0 }
        for number in numbers {
            let bytes = content.prefix(Self.sizes[number % Self.sizes.count])
            try write(place(number), bytes, mode: 0o644)
        }
    }

    mutating func add(_ path: String, _ text: String, mode: mode_t = 0o644) throws {
        try write(path, Array(text.utf8)[...], mode: mode)
    }

    mutating func addDirectory(_ path: String) throws {
        if path.isEmpty || directories.contains(path) { return }
        try addDirectory(parent(of: path))
        if mkdir("\(folder)/\(path)", 0o755) != 0 && errno != EEXIST { throw BenchError(call: "mkdir", path) }
        directories.insert(path)
    }

    private mutating func write(_ path: String, _ bytes: ArraySlice<UInt8>, mode: mode_t) throws {
        try addDirectory(parent(of: path))
        let file = open("\(folder)/\(path)", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        if file < 0 { throw BenchError(call: "open", path) }
        defer { close(file) }
        let written = bytes.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
        if written != bytes.count { throw BenchError(call: "write", path) }
    }

    private func parent(of path: String) -> String {
        path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
    }
}

/// What should not have failed.
struct BenchError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }

    /// A system call that failed just now.
    init(call: String, _ path: String) {
        description = "could not \(call) '\(path)': \(String(cString: strerror(errno)))"
    }
}
