import Basics
import CLinux
import Foundation
import Linux
import Testing

/// All that can be told of the files below a directory, byte for byte: path, then what, then how it is.
struct Inventory: Equatable {
    private(set) var files: [String: [String: String]] = [:]
    private var names: [String: [String]] = [:]

    /// The directory itself is `/`.
    init(of directory: Directory) throws {
        try describe(directory, at: "")
        for group in names.values where group.count > 1 {
            for path in group { files[path]?["one file"] = group.sorted().joined(separator: ", ") }
        }
    }

    private mutating func describe(_ directory: Directory, at path: String) throws {
        try add(Item(directory, "."), at: path.isEmpty ? "/" : path)
        for name in try directory.names() {
            // The kernel's overlay lists whiteouts in an opaque directory, where it has nothing.
            guard try directory.status(of: Path.top.appending(name: name)) != nil else { continue }
            let item = try Item(directory, name.map { CChar(bitPattern: $0) } + [0])
            let place = "\(path)/\(exactly(name))"
            if item.status.st_mode & S_IFMT == S_IFDIR {
                try describe(Directory(descriptor: item.open(O_DIRECTORY), label: place), at: place)
            } else {
                try add(item, at: place)
            }
        }
    }

    private mutating func add(_ item: Item, at path: String) throws {
        files[path] = try item.description()
        if item.status.st_mode & S_IFMT != S_IFDIR { names["\(item.status.st_dev) \(item.status.st_ino)", default: []].append(path) }
    }

    /// Without some of what is told.
    func without(_ keys: String...) -> Inventory {
        var rest = self
        for path in files.keys { for key in keys { rest.files[path]?[key] = nil } }
        return rest
    }

    var withoutDirectorySizes: Inventory {
        var rest = self
        for (path, told) in files where told["mode"].map({ $0.count == 5 && $0.hasPrefix("4") }) == true {
            rest.files[path]?["size"] = nil
        }
        return rest
    }

    func withoutAttribute(_ isLeft: (Substring) -> Bool) -> Inventory {
        var rest = self
        for (path, told) in files {
            rest.files[path]?["attributes"] = told["attributes"]?.split(separator: " ").filter { !isLeft($0) }.joined(separator: " ")
        }
        return rest
    }

    /// Without the directory itself.
    var contents: Inventory {
        var rest = self
        rest.files["/"] = nil
        return rest
    }

    subscript(path: String) -> [String: String]? { files[path] }

    /// What differs in another one: a line for each.
    private func differences(to other: Inventory) -> [String] {
        Set(files.keys).union(other.files.keys).sorted().flatMap { path in
            let (mine, others) = (files[path] ?? ["": "absent"], other.files[path] ?? ["": "absent"])
            return Set(mine.keys).union(others.keys).sorted().filter { mine[$0] != others[$0] }
                .map { "\(path): \($0): \(mine[$0] ?? "none") and \(others[$0] ?? "none")" }
        }
    }
}

extension Inventory {
    func expectSame(as other: Inventory, _ about: String = "", sourceLocation: SourceLocation = #_sourceLocation) {
        let found = differences(to: other)
        #expect(found.isEmpty, "\(about)\(found.prefix(20).joined(separator: "\n"))", sourceLocation: sourceLocation)
    }
}

/// Bytes as text that no other bytes have.
private func exactly(_ bytes: [UInt8]) -> String {
    bytes.map { (0x20..<0x7f).contains($0) && $0 != 0x5c ? String(UnicodeScalar($0)) : "\\x\(hexadecimal([$0]))" }.joined()
}

/// A name in a directory.
private struct Item {
    let directory: Directory
    let name: [CChar]
    let status: stat

    init(_ directory: Directory, _ name: [CChar]) throws {
        self.directory = directory
        self.name = name
        var status = stat()
        try #require(fstatat(directory.descriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0)
        self.status = status
    }

    init(_ directory: Directory, _ name: String) throws {
        try self.init(directory, Array(name.utf8CString))
    }

    func open(_ flags: Int32) throws -> Int32 {
        let opened = openat(directory.descriptor, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | flags)
        try #require(opened >= 0)
        return opened
    }

    func description() throws -> [String: String] {
        var told = [
            "mode": String(status.st_mode, radix: 8), "owner": "\(status.st_uid):\(status.st_gid)", "size": "\(status.st_size)",
            "modified": "\(status.st_mtim.tv_sec) s \(status.st_mtim.tv_nsec) ns", "names": "\(status.st_nlink)",
            "device": "\(status.st_rdev)", "attributes": try attributes(),
        ]
        switch status.st_mode & S_IFMT {
        case S_IFLNK:
            var target = [CChar](repeating: 0, count: 5000)
            let length = readlinkat(directory.descriptor, name, &target, target.count)
            told["target"] = exactly(target[..<length].map { UInt8(bitPattern: $0) })
        case S_IFREG:
            let file = try open(0)
            defer { close(file) }
            told["flags"] = flags(file)
            told["content"] = try content(file)
        case S_IFDIR:
            let opened = try open(O_DIRECTORY)
            defer { close(opened) }
            told["flags"] = flags(opened)
        default: break
        }
        return told
    }

    /// Those that a copy has too, by lsattr's letters.
    private func flags(_ descriptor: Int32) -> String {
        var flags: Int32 = 0
        if linux_get_flags(descriptor, &flags) != 0 { return "" }
        let letters: [(Int32, String)] = [
            (0x80_0000, "C"), (0x4, "c"), (0x400, "m"), (0x40, "d"), (0x80, "A"), (0x8, "S"), (0x1_0000, "D"),
        ]
        return letters.filter { flags & $0.0 != 0 }.map { $0.1 }.joined()
    }

    private func attributes() throws -> String {
        let place = Array("/proc/self/fd/\(directory.descriptor)/".utf8CString.dropLast()) + name
        var names = [CChar](repeating: 0, count: 1 << 16)
        let size = llistxattr(place, &names, names.count)
        try #require(size >= 0)
        return try names[..<size].split(separator: 0).map { Array($0) + [0] }.map { attribute in
            var value = [UInt8](repeating: 0, count: 1 << 16)
            let length = lgetxattr(place, attribute, &value, value.count)
            try #require(length >= 0)
            return "\(exactly(attribute.dropLast().map { UInt8(bitPattern: $0) }))=\(hexadecimal(value[..<length]))"
        }.sorted().joined(separator: " ")
    }

    /// Where data is, with a sum of it: what is between are holes.
    private func content(_ file: Int32) throws -> String {
        var parts: [String] = []
        var offset: off_t = 0
        while true {
            let start = lseek(file, offset, SEEK_DATA)
            if start < 0 { return parts.joined(separator: " ") }
            offset = lseek(file, start, SEEK_HOLE)
            var bytes = [UInt8](repeating: 0, count: Int(offset - start))
            try #require(pread(file, &bytes, bytes.count, start) == bytes.count)
            let sum = bytes.reduce(5381 as UInt64) { $0 &* 33 ^ UInt64($1) }
            parts.append("\(start)-\(offset):\(sum)")
        }
    }
}

extension Disk {
    /// The files below a path of the top level, whatever filesystem it is.
    func inventory(_ path: Path, type: String = "btrfs") throws -> Inventory {
        let options = type == "btrfs" ? ["subvolid=5"] : []
        let request = MountRequest(device: device, filesystemType: type, options: options)
        let top = try Directory.mounting(request, label: "")
        return try Inventory(of: #require(try top.directory(at: path), "\(path) is there"))
    }
}
