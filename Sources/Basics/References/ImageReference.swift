/// How a person names an image, read in the way that the Docker daemon does (distribution/reference, `ParseAnyReference`).
public struct ImageReference: Hashable, Sendable, CustomStringConvertible {
    public enum Kind: Hashable, Sendable {
        /// An id in full, which is never taken for a name.
        case id(ImageID)
        /// A name, and, should no image have it, perhaps the beginning of an id: see `idPrefix`.
        case name(ImageName)
        /// `container:NAME`: what a container became, by its name, its id or the beginning of it.
        case container(String)
    }

    public let kind: Kind
    /// As it was written. Safe to print: a reference has printable ASCII alone.
    public let text: String

    /// Fails with what is wrong with the text.
    public init(_ text: String) throws(Failure) {
        self.text = text
        let container = "container:".utf8
        if text.utf8.starts(with: container) {
            let name = text.utf8.dropFirst(container.count)
            if !Self.isContainerName(name) {
                throw Failure(
                    "could not read '\(display(text.utf8))': '\(display(name))' is not the name of a container",
                    hint:
                        "a container is named as container:NAME or container:ID; an image of that name is docker.io/library/\(display(text.utf8))"
                )
            }
            kind = .container(display(name))
            return
        }
        if let id = Digest(text) ?? Digest(hex: text.utf8) {
            kind = .id(ImageID(id))
            return
        }
        do throws(GrammarError) {
            kind = .name(try ImageName(text))
        } catch {
            throw Failure(
                "could not read the image reference '\(display(text.utf8))': \(error.reason)",
                hint: "an image is named as NAME, NAME:TAG, NAME@sha256:DIGEST or by its id"
            )
        }
    }

    /// The reference that is an id in full.
    public init(_ id: ImageID) {
        text = id.description
        kind = .id(id)
    }

    /// Whether this is a reference to the image of that id, which was once found as `other`, however either is written.
    public func means(_ id: ImageID, foundAs other: ImageReference) -> Bool {
        kind == .id(id) || kind == other.kind
    }

    /// `[a-zA-Z0-9][a-zA-Z0-9_.-]*`, for Docker as for Podman.
    private static func isContainerName(_ name: some Collection<UInt8>) -> Bool {
        guard let first = name.first, name.count <= 255, isAlphanumeric(first) else { return false }
        return name.allSatisfy { isAlphanumeric($0) || "_.-".utf8.contains($0) }
    }

    /// The hexadecimal digits that an image id may begin with, where the text can be read so, with or without `sha256:`.
    public var idPrefix: [UInt8]? {
        let prefix = "sha256:".utf8
        let digits = Array(text.utf8.starts(with: prefix) ? text.utf8.dropFirst(prefix.count) : text.utf8[...])
        return !digits.isEmpty && digits.allSatisfy { hexValue($0) != nil } ? digits : nil
    }

    /// The id in full, or the name as Docker prints it.
    public var description: String {
        switch kind {
        case .id(let id): id.description
        case .name(let name): name.description
        case .container: text
        }
    }
}
