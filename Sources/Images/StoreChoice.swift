/// What a person says of the store to be read.
public struct StoreChoice: Equatable, Sendable {
    /// `docker_store=`: no other kind is read.
    public var kind: StoreKind?
    /// `docker_namespace=`: whose images in containerd; nil for Docker's.
    public var namespace: String?

    public init(kind: StoreKind? = nil, namespace: String? = nil) {
        self.kind = kind
        self.namespace = namespace
    }

    package static let dockerNamespace = "moby"
}
