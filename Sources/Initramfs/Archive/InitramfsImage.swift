public import Basics
internal import CLinux

extension InitramfsImage {
    /// In bytes, packed or not. One with all firmware that there is has half of it.
    static let largest = 1 << 30
    /// Of compressed parts. Usual is one.
    static let mostParts = 1 << 10
    /// In bytes: COMMAND_LINE_SIZE of x86 and arm64, without the NUL. What is behind that a kernel does not see.
    package static let longestCommandLine = 2047
}

/// An initramfs, opened: everything that the kernel would unpack from it.
public struct InitramfsImage: Sendable {
    /// How messages name the file.
    public let name: String
    /// How its parts are compressed, nil for plain ones: the early microcode is one of those.
    public private(set) var segments: [Compression?] = []
    /// The kernel's, where the file is an EFI program that has one.
    public let commandLine: String?
    private var files: [Path: CPIOEntry] = [:]

    /// Opens an initramfs, or the one in an EFI program (a unified kernel image).
    public init(reading file: String) async throws(Failure) {
        var found = stat()
        if stat(file, &found) == 0 && found.st_size > Self.largest {
            throw Failure("could not read '\(file)': it has \(found.st_size >> 20) MiB, as no initramfs has")
        }
        guard let bytes = try fileContents(file, limit: InitramfsImage.largest) else {
            throw Failure("could not read '\(file)': there is no such file")
        }
        try await self.init(bytes, name: file)
    }

    package init(_ bytes: [UInt8], name: String) async throws(Failure) {
        self.name = name
        let program = bytes.prefix(2) == PortableExecutable.magic ? try PortableExecutable(bytes, name: name) : nil
        commandLine = program?.content(of: ".cmdline").map {
            display($0.prefix(Self.longestCommandLine).prefix { $0 != 0 }.split(separator: UInt8(ascii: "\n")).joined())
        }
        var rest = try withoutBootConfiguration(program?.initramfs()[...] ?? bytes[...])
        let limit = Compression.limit(packed: rest.count)
        var (unpacked, parts) = (0, 0)
        while try readArchives(&rest, compression: nil) {
            guard let compression = Compression(of: rest) else { throw isUnknown(at: rest.startIndex) }
            parts += 1
            if parts > Self.mostParts {
                throw Failure("could not read '\(name)': it has more than \(Self.mostParts) compressed parts, as no initramfs has")
            }
            let (content, behind) = try await compression.decompressFirst(rest, name: name, limit: limit, after: unpacked)
            unpacked += content.count
            rest = content[...]
            if try readArchives(&rest, compression: compression) { throw isUnknown(at: rest.startIndex) }
            rest = behind
        }
        if files.isEmpty { throw Failure("could not read '\(name)': it is empty") }
    }

    private func isUnknown(at place: Int) -> Failure {
        Failure("could not read '\(name)': no cpio archive and no known compression is at byte \(place)")
    }

    /// The kernel fails for what begins elsewhere: "invalid magic" for a plain archive, "broken padding" for anything behind one.
    private func checkPlace(of rest: ArraySlice<UInt8>) throws(Failure) {
        let place = rest.startIndex
        if rest.isEmpty || place % 4 == 0 { return }
        throw Failure("could not read '\(name)': what begins at byte \(place) is not at a multiple of 4, as the kernel wants it")
    }

    /// Takes all archives from the front, with the zeros around them. Whether something follows them.
    private mutating func readArchives(_ rest: inout ArraySlice<UInt8>, compression: Compression?) throws(Failure) -> Bool {
        rest = rest.drop { $0 == 0 }
        while try readArchive(&rest, compression: compression) {}
        return !rest.isEmpty
    }

    /// Takes one archive from the front, with the zeros behind it; false where there is none.
    private mutating func readArchive(_ rest: inout ArraySlice<UInt8>, compression: Compression?) throws(Failure) -> Bool {
        guard rest.first == CPIOFormat.magic[0] else { return false }
        try checkPlace(of: rest)
        let (entries, remainder) = try CPIOReader.read(rest, name: name, after: files.count)
        for entry in entries { files[entry.path] = entry }
        segments.append(compression)
        rest = remainder.drop { $0 == 0 }
        try checkPlace(of: rest)
        return true
    }

    /// Every path, sorted.
    public var paths: [Path] {
        files.keys.sortedByBytes { $0.bytes }
    }

    /// What is at `path`, a symlink itself and not what it points to.
    public subscript(path: Path) -> CPIOEntry? { files[path] }

    /// What is at `path` after every symlink, resolved in the image.
    public func target(of path: Path) -> CPIOEntry? {
        resolved(path).flatMap { files[$0] }
    }

    /// The lines of a text file, none where it is not there. What is longer than any of them ought to be is not read to its end.
    func lines(of path: Path) -> [Substring] {
        let text = target(of: path)?.content.prefix(1 << 20) ?? []
        return String(decoding: text, as: UTF8.self).split(separator: "\n")
    }

    /// `path` without symlinks; nil where they go round.
    func resolved(_ path: Path) -> Path? {
        var place = Path.top
        var ahead = Array(path.components.reversed())
        var followed = 0
        while let component = ahead.popLast() {
            if component == Array("..".utf8) {
                place = place.parent
                continue
            }
            let next = place.appending(name: component)
            if next.bytes.count > CPIOReader.longestPath { return nil }
            guard let link = files[next], link.kind == .symlink else {
                place = next
                continue
            }
            followed += 1
            if followed > 40 { return nil }
            if link.content.first == UInt8(ascii: "/") { place = .top }
            ahead += link.content.split(separator: UInt8(ascii: "/")).reversed().map { Array($0) }.filter { $0 != [UInt8(ascii: ".")] }
        }
        return place
    }
}

/// Without a bootconfig at the end, which the kernel cuts off first: a text, its size, its sum, and a mark.
private func withoutBootConfiguration(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    let mark = Array("#BOOTCONFIG\n".utf8)
    let rest = bytes.dropLast(8 + mark.count)
    guard bytes.suffix(mark.count).elementsEqual(mark), let size = bytes.smallNumber(at: rest.count, UInt32.self), size <= rest.count,
        let sum = bytes.smallNumber(at: rest.count + 4, UInt32.self)
    else { return bytes }
    let found = rest.suffix(size).reduce(0) { $0 + Int($1) }
    return found & 0xffff_ffff == sum ? rest.dropLast(size) : bytes
}
