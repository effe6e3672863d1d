import Basics
import Planning

@testable import Boot

/// Images are called v1, v2 and so on; all that is known of one follows from that.
extension Origin {
    static func image(_ version: String, topLayer: String? = nil, over topLayers: [Path] = []) -> Origin {
        Origin(
            reference: .sample(version), imageID: .named(version), chainID: .named("chain-\(version)"),
            layer: Path("docker/layer-\(version)") ?? .top, topLayer: topLayer, topLayers: topLayers
        )
    }
}

extension ImageReference {
    static func sample(_ version: String) -> ImageReference {
        do { return try ImageReference("sample:\(version)") } catch { return ImageReference(.named(version)) }
    }
}

extension Facts.Contents {
    /// A whole system.
    static let bootable = Facts.Contents(missingDirectories: [], placeholders: [], leftovers: [], identity: [], modules: .present)
}

extension Facts.Source {
    static func image(_ version: String, modules: Facts.Modules = .present) -> Facts.Source {
        let origin = Origin.image(version)
        var contents = Facts.Contents.bootable
        contents.modules = modules
        return Facts.Source(
            reference: origin.reference, imageID: origin.imageID, chainID: origin.chainID, root: .subvolume(Place(origin.layer)),
            contents: contents
        )
    }
}

extension Facts.Kernel {
    static func of(_ version: String) -> Facts.Kernel {
        Facts.Kernel(path: "boot/vmlinuz-6.19", initramfs: "boot/initrd.img-6.19", chainID: Origin.image(version).chainID)
    }
}

extension Facts.Root {
    enum Quality { case good, new }

    /// A root that was kept.
    static func kept(_ number: Int, _ version: String, _ quality: Quality = .new, _ change: (inout Facts.Root) -> Void = { _ in }) -> Self {
        let mark = Mark(origin: .image(version), number: number, made: 0)
        let path = Layout.kept("docker_rwlayer", number)
        var root = Facts.Root(path: path, mark: mark, isGood: quality == .good, modules: .present, nested: [], occupied: [])
        change(&root)
        return root
    }

    /// The same root with another state of the top layer in it.
    func with(topLayer: String?) -> Facts.Root {
        var root = self
        let origin = mark.origin
        root.mark = Mark(
            origin: Origin(
                reference: origin.reference, imageID: origin.imageID, chainID: origin.chainID, layer: origin.layer, topLayer: topLayer
            ), number: mark.number, made: mark.made)
        return root
    }
}

extension Facts.Standing {
    /// A root in its place.
    static func root(_ number: Int, _ version: String, _ quality: Facts.Root.Quality = .new) -> Facts.Standing {
        .root(.kept(number, version, quality) { $0.path = "docker_rwlayer" })
    }
}

extension Record {
    /// Images that booted well, in their order, and how often images and roots were tried since.
    static func example(good: [String] = [], images: [String: Int] = [:], roots: [Int: Int] = [:]) -> Record {
        var record = Record()
        for version in good {
            record = record.good(Mark(origin: .image(version), number: 1, made: 0), of: "docker_rwlayer")
        }
        for (version, tries) in images {
            for _ in 0..<tries { record = record.trying(Mark(origin: .image(version), number: 0, made: 0), of: "docker_rwlayer") }
        }
        record = record.forgetting(rootsOf: "docker_rwlayer", but: [])
        for (number, tries) in roots {
            for _ in 0..<tries { record = record.trying(Mark(origin: .image("none"), number: number, made: 0), of: "docker_rwlayer") }
        }
        return record
    }
}

extension Facts {
    /// A disk on which nothing was booted yet, and a change to that.
    static func example(_ change: (inout Facts) -> Void = { _ in }) -> Facts {
        var facts = Facts(
            host: Host(kernelRelease: "6.18.44", time: 1_800_000_000),
            wanted: .success(.image("v2")),
            topLayer: TopLayer(
                layers: [Layer(path: "boot_docker", manifest: .none)], state: "sha256:files", extent: Extent(size: 80 << 20, files: 1000),
                isShared: true, notes: []
            ),
            standing: .nothing, kept: [], takenNumbers: [], held: [], heldForOthers: [], templates: [], minted: [], record: Record(),
            missingDirectories: [Layout.home, Layout.layers, Layout.templates, Layout.allRoots, Layout.roots(of: "docker_rwlayer")],
            leftover: .nothing
        )
        change(&facts)
        return facts
    }

    /// A disk with roots 1 and 2 of the image before the wanted one, of which the second stands.
    static func later(_ change: (inout Facts) -> Void = { _ in }) -> Facts {
        example { facts in
            facts.missingDirectories = []
            facts.kept = [.kept(1, "v1")]
            facts.standing = .root(2, "v1")
            facts.held = [.named("chain-v1")]
            change(&facts)
        }
    }
}

/// The plan of the article's command line with something added.
func plan(_ facts: Facts, adding text: String = "") throws -> Plan {
    try Plan(for: try request(adding: text), given: facts)
}

func request(adding text: String = "") throws -> Request {
    guard let request = try Request("\(article) \(text)") else { throw Failure("no request: \(text)") }
    return request
}

/// What a boot gets, and what its person is told.
func decision(_ facts: Facts, adding text: String = "") throws -> Decision {
    try Decision(for: try request(adding: text), given: facts)
}
