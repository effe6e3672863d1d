internal import Basics
internal import Images

/// The command that builds and pulls the images of a store.
struct Engine {
    let words: [String]

    /// What systemd starts; nil for Podman, which nothing starts.
    var service: String? { ["docker": "docker", "nerdctl": "containerd"][words[0]] }

    /// Where there are no images yet, Podman if `root` is what it made for them, else Docker.
    init(of stores: ImageStores?, in root: Directory?, _ choice: StoreChoice) {
        let kind = stores?.kinds.first
        if let namespace = choice.namespace, kind?.isContainerd == true, namespace != StoreChoice.dockerNamespace {
            words = ["nerdctl", "--namespace", namespace]
        } else {
            let isPodmans = kind.map { $0.word.hasPrefix("podman") } ?? ((try? root?.status(of: "storage.lock")) != nil)
            words = [isPodmans ? "podman" : "docker"]
        }
    }
}
