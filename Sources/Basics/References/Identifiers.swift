/// What Docker calls IMAGE ID: the digest of the image's configuration.
public struct ImageID: Hashable, Sendable, CustomStringConvertible {
    public let digest: Digest

    public init(_ digest: Digest) {
        self.digest = digest
    }

    /// With `sha256:`, as `docker image inspect` prints it.
    public var description: String { digest.description }
}

/// The digest of one layer's uncompressed tar archive.
public struct DiffID: Hashable, Sendable, CustomStringConvertible {
    public let digest: Digest

    public init(_ digest: Digest) {
        self.digest = digest
    }

    public var description: String { digest.description }
}

/// The name of a layer on top of all the layers below it (OCI image specification, "Layer ChainID").
public struct ChainID: Hashable, Sendable, CustomStringConvertible {
    public let digest: Digest

    /// For a chain id that is written down; `init(of:)` computes one.
    public init(_ digest: Digest) {
        self.digest = digest
    }

    /// The chain id of layers from the lowest to the highest; nil for none.
    public init?(of layers: some Collection<DiffID>) {
        guard let last = Self.each(of: layers).last else { return nil }
        self = last
    }

    /// The chain id of each of the layers from the lowest to the highest.
    public static func each(of layers: some Collection<DiffID>) -> [ChainID] {
        var chains: [ChainID] = []
        for layer in layers { chains.append(ChainID(of: layer, on: chains.last)) }
        return chains
    }

    /// The chain id of a layer on those below it; nil where it is the lowest.
    public init(of layer: DiffID, on chain: ChainID?) {
        digest = chain.map { .of($0.digest.text + [UInt8(ascii: " ")] + layer.digest.text) } ?? layer.digest
    }

    public var description: String { digest.description }
}

/// Docker's name for a layer's directory. No digest: random digits, 64 hexadecimal ones from the classic builder and from
/// pulls, 25 of base 36 from BuildKit.
public struct CacheID: Hashable, Sendable, CustomStringConvertible {
    /// Safe as a name of a file: `[0-9a-z]+`, at most 255 bytes.
    public let name: [UInt8]

    /// nil for anything but `[0-9a-z]+`, and for more than 255 bytes, which is the longest name of a file.
    public init?(_ name: some Sequence<UInt8>) {
        self.name = Array(name)
        guard (1...255).contains(self.name.count), self.name.allSatisfy(isLowerAlphanumeric) else { return nil }
    }

    public var description: String { String(decoding: name, as: UTF8.self) }
}
