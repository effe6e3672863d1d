public import Basics

/// What `rootflags=` has beside the subvolume: how the root is mounted. Most options of btrfs(5) hold for the whole filesystem, and those of
/// its first mount, which is the root's, are the ones that count.
public struct RootFlags: Equatable, Sendable, CustomStringConvertible {
    public let options: [String]

    public static let none = RootFlags(options: [])

    private init(options: [String]) { self.options = options }

    /// Options as a person says them, with commas between. Fails on one that a boot could end at, or that an entry says itself.
    public init(_ text: String) throws(Failure) {
        let options = text.split(separator: ",").map { String($0) }
        if let other = options.first(where: { !Self.isKnown($0) }) {
            throw Failure(
                "could not use '\(display(other.utf8))' in rootflags=: it is not one of the options that a root can be mounted with",
                hint: "these can be: \(Self.names)")
        }
        self.init(options: options)
    }

    /// Those that a machine's root had, and the filesystem that images are booted from, as fstab(5) has them: what is of one boot or of
    /// programs is left out. How a mount tells times is the root's own matter.
    public init(ofRoot root: String, filesystem: String) {
        func known(_ text: String, _ isTaken: (Substring) -> Bool) -> [String] {
            text.split(separator: ",").filter { isTaken(Self.key($0)) && Self.isKnown(String($0)) }.map { String($0) }
        }
        self.init(options: known(root) { Self.times.contains($0) } + known(filesystem) { !Self.times.contains($0) })
    }

    public var description: String { options.joined(separator: ",") }

    private static let times: Set<Substring> = ["noatime", "nodiratime", "relatime", "strictatime", "lazytime"]

    /// Those of btrfs, without the ones for a repair, and those that a later kernel may not know.
    private static let switches: Set<Substring> = [
        "autodefrag", "noautodefrag", "compress", "compress-force", "datacow", "nodatacow", "datasum", "nodatasum", "degraded", "discard",
        "nodiscard", "flushoncommit", "noflushoncommit", "ssd", "nossd", "ssd_spread", "nossd_spread", "user_subvol_rm_allowed",
    ]
    private static let valued: Set<Substring> = ["commit", "compress", "compress-force", "discard", "max_inline", "thread_pool"]

    private static var names: String {
        (times.union(switches).map { String($0) } + valued.subtracting(switches).map { "\($0)=" }).sorted().joined(separator: ", ")
    }

    private static func key(_ option: Substring) -> Substring { option.prefix { $0 != "=" } }

    private static func isKnown(_ option: String) -> Bool {
        let key = Self.key(option[...])
        if key.endIndex == option.endIndex { return times.contains(key) || switches.contains(key) }
        let value = option[option.index(after: key.endIndex)...]
        switch key {
        case "compress", "compress-force":
            let parts = value.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            let hasLevels = parts[0] == "zlib" || parts[0] == "zstd"
            if parts.count == 1 { return hasLevels || ["lzo", "no", "none"].contains(parts[0]) }
            return hasLevels && Int(parts[1]) != nil
        case "discard": return value == "sync" || value == "async"
        case "max_inline": return UInt64(value.last.map { "kKmM".contains($0) } == true ? value.dropLast() : value) != nil
        default: return valued.contains(key) && UInt32(value) != nil
        }
    }
}
