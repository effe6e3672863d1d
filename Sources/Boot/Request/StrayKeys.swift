internal import Basics

extension KernelCommandLine {
    /// What the person at the machine must know of keys that look like ours and are none: nobody would follow them.
    public var strayKeys: [String] {
        parameters.filter { $0.isStray }.map { $0.strayNote }
    }
}

extension KernelCommandLine.Parameter {
    private static let families = ["docker", "toplayer"]

    fileprivate var isStray: Bool {
        let key = Array(plain.utf8)
        // A key with a dot is one of a kernel module or of another program.
        return Self.families.contains { plain.begins(with: $0) } && !key.contains(UInt8(ascii: "."))
            && !KernelCommandLine.Key.allCases.contains { $0.names(self) }
    }

    fileprivate var strayNote: String {
        let what = "'\(display(key.utf8))=' on the kernel command line is no key of docker-btrfs, and is ignored"
        if plain == "docker_tag" { return "\(what): the tag belongs into docker_image=NAME:TAG" }
        guard let near = nearest else { return what }
        return "\(what): is '\(near)=' meant?"
    }

    /// The key that may have been meant; nil where none is near.
    private var nearest: KernelCommandLine.Key? {
        let ours = KernelCommandLine.Key.allCases.filter { key in Self.families.contains { key.rawValue.begins(with: $0) } }
        let distances = ours.map { (key: $0, distance: editDistance(Array($0.rawValue.utf8), Array(plain.utf8))) }
        return distances.min { $0.distance < $1.distance }.flatMap { $0.distance <= 3 ? $0.key : nil }
    }
}
