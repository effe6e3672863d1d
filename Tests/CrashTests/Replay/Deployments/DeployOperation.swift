/// One thing that the guest of the deployments does. Its /init performs the line of each.
enum DeployOperation {
    /// For another boot loader than before; no deployment is there after it.
    case setup(Loader)
    case deploy(Image)
    case rollback
    case remove(Image)
    case prune
    /// Of an image that the ESP has no room for; not a byte of the ESP may change.
    case refused(Image)
    /// What is not docker-btrfs's is then as it was before `setup`.
    case uninstall
    /// Makes root 1, in which somebody works: of the image, whose kernel it has.
    case boot(Image)
    /// What was done in root 1 comes into the top layer.
    case adopt
    /// Root 1 is kept under a name, with an entry of the menu, and that is removed.
    case keep, forget

    /// v2 is v1 built anew, v3 has another kernel.
    enum Image: String, CaseIterable {
        case v1, v2, v3
    }

    enum Loader: String, CaseIterable {
        /// The menu on the ESP, kernels on btrfs.
        case refind
        /// All of it on the ESP.
        case systemdBoot = "systemd-boot"
        /// All of it on btrfs.
        case grub
    }

    var line: String {
        switch self {
        case .setup(let loader): "setup\t\(loader.rawValue)"
        case .deploy(let image): "deploy\t\(image)"
        case .rollback: "rollback"
        case .remove(let image): "rm\t\(image)"
        case .prune: "prune"
        case .refused(let image): "refused\t\(image)"
        case .uninstall: "uninstall"
        case .boot(let image): "boot\t\(image)"
        case .adopt: "adopt"
        case .keep: "keep"
        case .forget: "forget"
        }
    }

    /// With each boot loader: a first deployment, the same kernel, back, another kernel, one that goes, and all that is not needed. A root
    /// is kept twice: with the kernel of its image's deployment, which that leaves behind, and with its own.
    static let all: [DeployOperation] = Loader.allCases.flatMap { loader in
        [.setup(loader), .deploy(.v1), .deploy(.v2), .rollback] + (loader == .systemdBoot ? [.refused(.v3)] : [])
            + [.deploy(.v3)] + (loader == Loader.allCases[0] ? [.boot(.v3), .adopt] : [])
            + [.keep, .remove(.v2), .rollback, .deploy(.v2), .prune, .forget, .keep, .forget, .uninstall]
    }

    /// Enough for a careless program to be caught.
    static func careless(_ loader: Loader) -> [DeployOperation] {
        [.setup(loader), .deploy(.v1), .deploy(.v3)]
    }
}
