public import Basics

/// A path whose last name may have one `*`, which stands for any characters.
public struct PathPattern: Equatable, Sendable {
    /// The directory that the last name is in.
    public let parent: Path
    private let start: [UInt8]
    /// What follows the `*`; nil where there is none.
    private let end: [UInt8]?

    /// nil for anything else.
    public init?(_ text: String) {
        guard let path = Path(text), !path.isTop, !path.parent.bytes.contains(Self.star) else { return nil }
        let parts = path.name.split(separator: Self.star, omittingEmptySubsequences: false)
        if parts.count > 2 { return nil }
        parent = path.parent
        start = Array(parts[0])
        end = parts.count == 2 ? Array(parts[1]) : nil
    }

    /// Whether the last name of a path in `parent` fits.
    public func fits(_ name: [UInt8]) -> Bool {
        guard let end else { return name == start }
        return name.count >= start.count + end.count && name.starts(with: start) && name.suffix(end.count) == end[...]
    }

    private static let star = UInt8(ascii: "*")
}
