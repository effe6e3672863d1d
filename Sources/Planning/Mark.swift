public import Basics

/// What docker-btrfs writes on a root that it makes.
public struct Mark: Equatable, Sendable {
    public let origin: Origin
    /// Roots of one name are numbered as they are made. Unlike a time, a number is right when the clock is not. One above
    /// `RootNumber.highest` was made up.
    public let number: Int
    /// Seconds since 1970 by the machine's clock.
    public let made: Int
    /// What was known of the top layer when the root was made. It is no part of the mark's text: it has an attribute of its own.
    public var knownLayer: KnownLayer?

    public init(origin: Origin, number: Int, made: Int, knownLayer: KnownLayer? = nil) {
        self.origin = origin
        self.number = number
        self.made = made
        self.knownLayer = knownLayer
    }

    /// The same mark, with the number `other` where its own is too high to be a root's.
    package func counted(as other: Int = 0) -> Mark {
        number <= RootNumber.highest ? self : Mark(origin: origin, number: other, made: made)
    }
}

/// How a mark is kept: as an extended attribute of the root's topmost directory.
///
/// A snapshot inherits the attributes of its source, so the mark names the subvolume that it was put on: on a snapshot that
/// somebody else takes of our root it is void, and that snapshot is not ours to delete.
extension Mark {
    /// What the names of all attributes begin with that docker-btrfs writes on a root: they are none of the image.
    public static let prefixes: [StaticString] = ["user.docker-btrfs.", "trusted.docker-btrfs."]

    /// In the `user` namespace, so that a plan can be made without root; only the owner of the root directory can write it.
    public static let attribute = "user.docker-btrfs.root"

    private static let version = "docker-btrfs root 1"

    /// What every btrfs can keep in one attribute, also with the smallest nodes (4 KiB).
    static let limit = 3584

    /// The attribute's value: lines of a key, a space and a value. Where that would be too long, digests stand for long values.
    public func text(subvolume: Subvolume) -> String {
        let whole = text(subvolume, origin)
        if whole.utf8.count <= Self.limit { return whole }
        let short = Origin(
            reference: origin.reference.text.utf8.count <= 1024 ? origin.reference : ImageReference(origin.imageID),
            imageID: origin.imageID, chainID: origin.chainID, layer: Path.top.appending(name: Array(origin.layer.name.prefix(255))),
            topLayer: origin.topLayer.map { $0.utf8.count <= 1024 ? $0 : Digest.of(Array($0.utf8)).description },
            topLayers: [Self.short(origin.topLayers)]
        )
        return text(subvolume, short)
    }

    private func text(_ subvolume: Subvolume, _ origin: Origin) -> String {
        """
        \(Self.version)
        subvolume \(subvolume.uuid)
        number \(number)
        made \(made)
        image \(origin.reference.text)
        id \(origin.imageID)
        chain \(origin.chainID)
        layer \(origin.layer)
        toplayer \(origin.topLayer ?? "")

        """ + origin.topLayers.map { "over \($0.absolute)\n" }.joined()
    }

    /// What stands for paths that are too long to be written down.
    static func short(_ paths: [Path]) -> Path {
        Path.top.appending(Digest.of(Array(paths.map { "\($0)\n" }.joined().utf8)).description)
    }

    /// Fails (nil) where the value is no mark, or that of another subvolume. Who owns the root's directory can write anything.
    public init?(parsing value: [UInt8], subvolume: Subvolume) {
        self.init(parsing: value, uuid: subvolume.uuid)
    }

    /// `uuid` is that of the subvolume that the mark has to name. nil takes the mark of any: on a copy it still says of which root.
    public init?(parsing value: [UInt8], uuid: String?) {
        guard var lines = KeyedLines(value, title: Self.version), let subvolume = lines.next("subvolume "),
            uuid == nil || subvolume == uuid,
            let number = lines.next("number ").flatMap({ RootNumber.read($0.utf8) }),
            let made = lines.next("made ").flatMap({ clampedNumber($0.utf8) }),
            let reference = lines.next("image ").flatMap({ try? ImageReference($0) }), let id = lines.next("id ").flatMap({ Digest($0) }),
            let chain = lines.next("chain ").flatMap({ Digest($0) }),
            let layer = lines.next("layer ").flatMap({ Path($0) }), let topLayer = lines.next("toplayer ")
        else { return nil }
        let topLayers = lines.rest.compactMap { $0.after("over ").flatMap { Path($0) } }
        origin = Origin(
            reference: reference, imageID: ImageID(id), chainID: ChainID(chain), layer: layer,
            topLayer: topLayer.isEmpty ? nil : topLayer, topLayers: topLayers
        )
        self.number = number
        self.made = made
    }
}
