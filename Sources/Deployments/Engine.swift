internal import Images

/// The command that builds and pulls the images of a store.
struct Engine {
    let words: [String]

    /// Docker, where there are no images yet.
    init(of stores: ImageStores?, _ choice: StoreChoice) {
        let kind = stores?.kinds.first
        if let namespace = choice.namespace, kind?.isContainerd == true, namespace != StoreChoice.dockerNamespace {
            words = ["nerdctl", "--namespace", namespace]
        } else {
            words = [kind?.word.hasPrefix("podman") == true ? "podman" : "docker"]
        }
    }
}
