/// One thing that the guest does, and what is known of the disk from it. The guest's /init performs the line of each.
enum Operation {
    case boot(Boot)
    /// A boot that is killed as soon as it has begun so many steps.
    case killed(Boot, steps: Int)
    /// What stands counts as a good boot.
    case good
    /// Somebody else has the filesystem mounted from here on: the end of a boot does not unmount it, and so commits nothing.
    /// There is a commit each second instead of every thirty, in the middle of things.
    case hold, release
    /// Until after the next commit. It does not write what files were given meanwhile, as a sync does.
    case wait
    case sync
    /// A file takes almost all the space; it goes.
    case fill, empty
    /// What `toplayer_path=top` leads to.
    case link(Top)

    enum Top: String, CaseIterable {
        case a, b
    }

    enum Image: String, CaseIterable {
        case v1, v2
    }

    var line: String {
        switch self {
        case .boot(let boot): "boot\t\(boot.fields)"
        case .killed(let boot, let steps): "killed\t\(steps)\t\(boot.fields)"
        case .good: "good"
        case .hold: "hold"
        case .release: "release"
        case .wait: "wait"
        case .sync: "sync"
        case .fill: "fill"
        case .empty: "empty"
        case .link(let top): "link\ttop-\(top)"
        }
    }

    /// The boot that this is, complete or not.
    var boot: Boot? {
        switch self {
        case .boot(let boot), .killed(let boot, _): boot
        default: nil
        }
    }
}

/// What one boot is asked for.
struct Boot {
    /// As the configuration names it, unless the command line does.
    var image: Operation.Image
    var isChosen = true
    /// In place of the image, one that is not in the store.
    var isMissing = false
    /// What the top layer is at that time.
    var top: Operation.Top
    /// Whether the top layer comes from a filesystem of its own; then its files' content is copied and not shared.
    var hasOwnTop = true
    var keep = 1
    var options: [String] = []

    /// `docker_onfail=stop`, and the image is not there: no root may be left in its place.
    var stops: Bool { isMissing && options.contains("docker_onfail=stop") }

    var fields: String { "\(image)\t\(commandLine(device: "/dev/vda", topDevice: "/dev/vdb"))" }

    func commandLine(device: String, topDevice: String) -> String {
        var words = ["root=\(device)", "rootflags=subvol=root", "rw", "noresume", "docker_path=docker", "docker_keep=\(keep)"]
        words += hasOwnTop ? ["toplayer=\(topDevice)", "toplayer_path=top-\(top)"] : ["toplayer=\(device)", "toplayer_path=top"]
        if isChosen || isMissing { words.append("docker_image=crash:\(isMissing ? "missing" : image.rawValue)") }
        return (words + options).joined(separator: " ")
    }
}
