/// A path below some directory: bytes, as the kernel has it (Swift's String would repair what is not UTF-8).
///
/// Always relative and without `.`, `..`, empty components and NUL, so that joining two paths never leads up. The empty path
/// is the directory itself. It prints with a leading slash: `/docker/image`.
public struct Path: Hashable, Sendable, CustomStringConvertible, ExpressibleByStringLiteral {
    /// The components joined by single slashes, without a leading one.
    public let bytes: [UInt8]

    private init(normalised bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// The directory itself.
    public static let top = Path(normalised: [])

    /// Takes slashes and `.` components out; nil for a `..` component or a NUL byte, which no path of ours has.
    public init?(_ bytes: some Sequence<UInt8>) {
        var normalised: [UInt8] = []
        for component in Array(bytes).split(separator: Self.slash) {
            if component.elementsEqual(".".utf8) { continue }
            if component.elementsEqual("..".utf8) || component.contains(0) { return nil }
            if !normalised.isEmpty { normalised.append(Self.slash) }
            normalised += component
        }
        self.bytes = normalised
    }

    public init?(_ text: String) {
        self.init(text.utf8)
    }

    /// For constants of this program.
    public init(stringLiteral text: StaticString) {
        let path = text.withUTF8Buffer { Path($0) }
        precondition(path != nil, "a path constant has '..' in it")
        self = path ?? .top
    }

    public var isTop: Bool { bytes.isEmpty }

    /// The components from the top down.
    public var components: [[UInt8]] { bytes.split(separator: Self.slash).map { Array($0) } }

    /// The path without its last component; the top's parent is the top.
    public var parent: Path {
        guard let slash = bytes.lastIndex(of: Self.slash) else { return .top }
        return Path(normalised: Array(bytes[..<slash]))
    }

    /// The last component; empty for the top.
    public var name: [UInt8] {
        guard let slash = bytes.lastIndex(of: Self.slash) else { return bytes }
        return Array(bytes[(slash + 1)...])
    }

    public static func / (base: Path, next: Path) -> Path {
        if base.isTop { return next }
        return next.isTop ? base : Path(normalised: base.bytes + [slash] + next.bytes)
    }

    /// The path with one more component, which must be a name that a directory listing gave.
    package func appending(name: [UInt8]) -> Path {
        Path(normalised: isTop ? name : bytes + [Self.slash] + name)
    }

    /// The path with one more component, which must be a file's name.
    package func appending(_ name: String) -> Path { appending(name: Array(name.utf8)) }

    /// Whether it is in the directory `other`; false for a directory itself, for every path where `other` is the top, and where it is nil.
    package func isBelow(_ other: Path?) -> Bool {
        guard let other else { return false }
        return bytes.starts(with: other.bytes + [Self.slash])
    }

    /// Whether it is `other` or lies below it. Every path is within the top.
    package func isWithin(_ other: Path) -> Bool { other.isTop || self == other || isBelow(other) }

    /// The path from `other` to this one; nil where this is not within that.
    package func path(below other: Path) -> Path? {
        isWithin(other) ? Path(normalised: Array(bytes.dropFirst(other.isTop ? 0 : other.bytes.count + 1))) : nil
    }

    public var description: String { "/" + display(bytes) }

    /// What the kernel takes for this path below a directory descriptor: NUL-terminated, `.` for the directory itself.
    package var cString: [CChar] {
        Basics.cString(isTop ? [UInt8(ascii: ".")] : bytes)
    }

    /// As system calls and other programs take it, from `/` on: in the description something may be escaped.
    package var absolute: String { "/" + String(decoding: bytes, as: UTF8.self) }

    private static let slash = UInt8(ascii: "/")
}

/// Those of some paths that are below none of the others. Each path comes before those below it, and these before any other.
package func outermost(_ paths: [Path]) -> [Path] {
    var found: [Path] = []
    for path in paths where !path.isBelow(found.last) { found.append(path) }
    return found
}

/// A name as C functions take it.
package func cString(_ name: [UInt8]) -> [CChar] {
    name.map { CChar(bitPattern: $0) } + [0]
}

/// The same name from C: without the NUL at its end.
package func plainName(_ name: [CChar]) -> [UInt8] {
    name.dropLast().map { UInt8(bitPattern: $0) }
}
