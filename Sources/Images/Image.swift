public import Basics

/// An image of a store, and where its file system is.
public struct Image: Equatable, Sendable {
    /// As the user asked for it.
    public let reference: ImageReference
    public let id: ImageID
    public let chainID: ChainID
    /// The directory of the top layer, from the store's root. Docker's btrfs driver keeps the whole file system in it.
    public let layer: Path
    /// As Go names them (GOOS, GOARCH): `linux`, `amd64`. Empty where the image does not say.
    public let os: String
    public let architecture: String
}

/// A line of a store's list of images.
public struct ListedImage: Sendable {
    /// Tags and digests by Docker's short names, sorted; none for a dangling image.
    public let names: [String]
    /// nil where the store lists names under something that is not an image id.
    public let id: ImageID?
    /// The image, or why it cannot be used.
    public let image: Result<Image, Failure>
}
