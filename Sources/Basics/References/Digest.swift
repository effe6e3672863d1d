internal import CLinux

/// A SHA-256 digest as container images have it, `sha256:` and 64 lower-case hexadecimal digits (OCI image specification,
/// "Digests"; the other algorithms it allows occur in no Docker store).
public struct Digest: Hashable, Sendable, CustomStringConvertible {
    package let bytes: [UInt8]

    private init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// nil for anything but the one form above.
    public init?(_ text: String) {
        let prefix = "sha256:".utf8
        guard text.utf8.starts(with: prefix) else { return nil }
        self.init(hex: text.utf8.dropFirst(prefix.count))
    }

    /// Takes the 64 digits alone, as files are named in a store; nil for anything else.
    package init?(hex: some Sequence<UInt8>) {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Int(SHA256_DIGEST_LENGTH))
        var high: UInt8?
        for digit in hex {
            guard let value = hexValue(digit), bytes.count < Int(SHA256_DIGEST_LENGTH) else { return nil }
            if let first = high { bytes.append(first << 4 | value) }
            high = high == nil ? value : nil
        }
        guard bytes.count == Int(SHA256_DIGEST_LENGTH), high == nil else { return nil }
        self.bytes = bytes
    }

    /// The digest of a content.
    public static func of(_ content: [UInt8]) -> Digest {
        var builder = Builder()
        builder.add(content)
        return builder.digest()
    }

    /// The digest of a content that comes in pieces.
    public struct Builder {
        private var context = Context()

        public init() {
            begin(&context)
        }

        public mutating func add(_ piece: [UInt8]) {
            take(&context, piece)
        }

        public func digest() -> Digest {
            var context = context
            var bytes = [UInt8](repeating: 0, count: Int(SHA256_DIGEST_LENGTH))
            end(&context, &bytes)
            return Digest(bytes: bytes)
        }
    }

    /// The 64 digits without `sha256:`.
    public var hex: String { hexadecimal(bytes) }

    public var description: String { "sha256:" + hex }

    /// The bytes of `description`.
    var text: [UInt8] { Array("sha256:".utf8) + hexDigits(bytes) }
}

/// The value of a lower-case hexadecimal digit.
package func hexValue(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    default: nil
    }
}

// nettle has the processor's own instructions for it, which the companion needs for layers and kernels; libmd is small.
#if hasFeature(Embedded)
    private typealias Context = SHA2_CTX
    private func begin(_ context: inout Context) { SHA256Init(&context) }
    private func take(_ context: inout Context, _ piece: [UInt8]) { SHA256Update(&context, piece, piece.count) }
    private func end(_ context: inout Context, _ bytes: inout [UInt8]) { SHA256Final(&bytes, &context) }
#else
    private typealias Context = sha256_ctx
    private func begin(_ context: inout Context) { nettle_sha256_init(&context) }
    private func take(_ context: inout Context, _ piece: [UInt8]) { nettle_sha256_update(&context, piece.count, piece) }
    private func end(_ context: inout Context, _ bytes: inout [UInt8]) { nettle_sha256_digest(&context, bytes.count, &bytes) }
#endif
