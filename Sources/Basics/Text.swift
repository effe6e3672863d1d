/// Text by its bytes. A `Character` is what a reader takes for one: an `=` with an accent after it is not `=`. To know that takes
/// tables of Unicode, which would go into the initramfs, and no key or option means it so.
extension String {
    public func begins(with prefix: String) -> Bool { utf8.starts(with: prefix.utf8) }

    public func ends(with suffix: String) -> Bool { utf8.suffix(suffix.utf8.count).elementsEqual(suffix.utf8) }

    /// What comes after a prefix; nil where it does not begin with it.
    public func after(_ prefix: String) -> String? {
        begins(with: prefix) ? String(decoding: Array(utf8.dropFirst(prefix.utf8.count)), as: UTF8.self) : nil
    }

    /// What lies between the separators, as in `split` of the standard library.
    public func parts(at separator: Unicode.Scalar, maxSplits: Int = .max, omittingEmpty: Bool = true) -> [String] {
        Array(utf8).split(separator: UInt8(ascii: separator), maxSplits: maxSplits, omittingEmptySubsequences: omittingEmpty)
            .map { String(decoding: $0, as: UTF8.self) }
    }

    public func has(_ scalar: Unicode.Scalar) -> Bool { utf8.contains(UInt8(ascii: scalar)) }

    /// With `text` in the place of each such letter: what reads the result knows nothing of accents.
    public func escaping(_ scalar: Unicode.Scalar, as text: String) -> String {
        parts(at: scalar, omittingEmpty: false).joined(separator: text)
    }
}

/// The standard library's own are copied into each place that puts a text together, which was a ninth of docker-btrfs-init.
extension DefaultStringInterpolation {
    @inline(never)
    public mutating func appendLiteral(_ literal: String) { literal.write(to: &self) }

    @inline(never)
    public mutating func appendInterpolation(_ text: String) { text.write(to: &self) }
}
