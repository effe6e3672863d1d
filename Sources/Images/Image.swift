public import Basics

/// Where an image's files are, by paths from the top of the filesystem that was looked at.
public enum ImageTree: Equatable, Sendable {
    /// One btrfs subvolume has all of them.
    case subvolume(Path)
    /// The folders of overlayfs layers, the topmost first. Only together they are the tree.
    case layers([Path])

    /// The same tree, seen from where `base` is a path.
    func below(_ base: Path) -> ImageTree {
        switch self {
        case .subvolume(let path): .subvolume(base / path)
        case .layers(let paths): .layers(paths.map { base / $0 })
        }
    }
}

/// An image of a store, and where its file system is.
public struct Image: Equatable, Sendable {
    /// As the user asked for it.
    public internal(set) var reference: ImageReference
    /// As the engine prints it: the digest of the configuration, or with containerd of the manifest or index. Of a container, its id.
    public let id: ImageID
    /// What names the tree: the chain id of the layers, or Podman's id of the top layer, which may have no chain id.
    public let chainID: ChainID
    public internal(set) var tree: ImageTree
    /// As Go names them (GOOS, GOARCH): `linux`, `amd64`. Empty where the image does not say.
    public let os: String
    public let architecture: String
    public let store: StoreKind
    /// Whether it is what a container became, which changes while its ids stay.
    public var isContainer = false

    /// The same, called by its id where its reference may be the beginning of that, which reads like a name.
    public var calledByID: Image {
        guard let prefix = reference.idPrefix, id.digest.hex.utf8.starts(with: prefix) else { return self }
        var image = self
        image.reference = ImageReference(id)
        return image
    }
}

/// A line of a store's list of images.
public struct ListedImage: Sendable {
    /// Tags and digests by the engine's names, sorted; none for a dangling image.
    public let names: [String]
    /// nil where the store lists names under something that is not an image id.
    public let id: ImageID?
    public let store: StoreKind
    /// The image, or why it cannot be used.
    public internal(set) var image: Result<Image, Failure>
    /// What its layers take, in bytes; nil where the store does not say.
    public var size: Int?
    /// Seconds since 1970; nil where it does not say.
    public var created: Int?
}

/// Reads the lines of a list that has so many. Parts of it may be read at the same time; each is read in its order.
public typealias LineReading = (_ count: Int, _ part: @Sendable (Range<Int>) -> [ListedImage]) -> [ListedImage]

/// Those with names by their first one, the dangling images after them.
func byFirstName(_ lines: [ListedImage]) -> [ListedImage] {
    lines.filter { !$0.names.isEmpty }.sortedByBytes { $0.names[0].utf8 } + lines.filter { $0.names.isEmpty }
}

/// What a reference stands for in one store.
struct StoreEntry {
    let id: ImageID
    /// When it got that name there, in nanoseconds since 1970; 0 where that is not known. Where engines note no time of a name, it may have
    /// been later.
    let changed: Int
}
