package import Basics
package import Images
internal import Planning

/// Looks for what images give.
struct SourceSurvey {
    let request: Request
    let images: ImageSurvey
    /// Why the filesystem of the store cannot be had.
    let missing: Failure?

    private var topLevel: Directory { images.topLevel }

    /// What the request's image gives. For one that was deployed no store is read: its layer is held. Where the store has an image
    /// no more and a root of ours was made from one of that reference, it is the layer that was held then.
    func wanted(roots: [Facts.Root]) throws(Failure) -> Facts.Source {
        if let source = try deployed() { return source }
        if let missing { return try held(without: missing, roots) }
        let stores = try stores()
        let image: Image
        let notes: [String]
        do throws(Failure) {
            (image, notes) = try stores.image(request.image)
        } catch {
            return try held(without: error, roots)
        }
        var source = try images.stored(image, as: request.image)
        if !notes.isEmpty { source.note = notes.joined(separator: "; ") }
        return source
    }

    /// The layer that was held when an image of that reference was booted. Fails with what failed before where there is none.
    private func held(without failure: Failure, _ roots: [Facts.Root]) throws(Failure) -> Facts.Source {
        let origin = roots.map { $0.mark.origin }.last { request.image.means($0.imageID, foundAs: $0.reference) }
        guard let origin, var source = try images.held(origin.chainID, origin.imageID, origin.reference) else { throw failure }
        source.note = "\(failure.message); taking the layer that was held when it was booted"
        return source
    }

    /// What was deployed: the image that a program chose, or, where no store is named, one that a person did. nil where that is
    /// not there and the store may have it.
    private func deployed() throws(Failure) -> Facts.Source? {
        if request.deployed == nil && request.dockerPath != nil { return nil }
        let all = try Deployment.all(on: topLevel).deployments
        let one = all.first { request.image.means($0.imageID, foundAs: $0.reference) }
        if let one, let source = try images.held(one.chainID, one.imageID, one.reference) { return source }
        if request.dockerPath != nil { return nil }
        let names = all.map { "\($0.reference.text) (\($0.imageID))" }.joined(separator: ", ")
        throw Failure(
            "could not find the deployed image '\(request.image.text)': \(one == nil ? "it is not among the deployments" : "its layer is not held any more")",
            hint: all.isEmpty ? "docker-btrfs deploy makes a deployment" : "deployed are \(names)"
        )
    }

    private func stores() throws(Failure) -> ImageStores {
        guard let path = request.dockerPath else {
            throw Failure("could not look for an image: there is no '\(Request.optIn)=' on the kernel command line")
        }
        let filesystem = images.store?.top ?? topLevel
        if let stores = try ImageStores(in: filesystem, at: path, request.store) { return stores }
        throw try filesystem.absent(path, as: "the image store", key: Request.optIn.rawValue)
    }

    /// An image that was booted before: from the store, or its layer that was held.
    func recorded(_ image: Record.Image) throws(Failure) -> Facts.Source? {
        do throws(Failure) {
            if let missing { throw missing }
            return try images.stored(stores().image(ImageReference(image.id)).image, as: image.reference)
        } catch {
            return try images.held(image.chainID, image.id, image.reference)
        }
    }
}

package func checkPlatform(_ image: Image) throws(Failure) {
    if isForThisMachine(os: image.os, architecture: image.architecture) { return }
    let os = image.os.isEmpty ? "linux" : image.os
    let platform = display("\(os)/\(image.architecture.isEmpty ? hostArchitecture : image.architecture)".utf8)
    throw Failure(
        "could not use the image '\(image.reference.text)': it is for \(platform), and this machine is linux/\(hostArchitecture)",
        hint: "build or pull it with --platform linux/\(hostArchitecture)"
    )
}

extension Facts.Contents {
    /// Fails where no init is there, or no os-release, without which systemd's switch-root takes no root. The top layer may
    /// bring either.
    package init(
        of image: ImageFiles, under topLayer: [Directory], of name: String, initProgram: Path?, _ host: Facts.Host
    ) throws(Failure) {
        let topLayer = topLayer.map { ImageFiles(of: [$0]) }
        let layers = topLayer + [image]
        let program = try Self.program(of: layers, of: name, initProgram)
        missingDirectories = []
        for directory: Path in ["proc", "sys", "dev", "run", "tmp"] where try image.status(of: directory) == nil {
            missingDirectories.append(directory)
        }
        placeholders = try image.only.map(Self.placeholders) ?? []
        leftovers = try image.containerLeftovers()
        modules = try Facts.Modules(of: layers, host)
        for layer in layers {
            guard let uses = layer.usesSELinux() else { continue }
            usesSELinux = uses
            break
        }
        let top = try image.status(of: .top)
        owner = top?.owner ?? 0
        permissions = top?.permissions ?? 0o755
        let usual = try Self.first(of: usualInits, in: layers, where: { $0.isExecutableFile })
        startsOther = usual.map { !$0.isSameFile(as: program) } ?? false
        let systemd = try Self.first(of: ["lib/systemd/systemd", "usr/lib/systemd/systemd"], in: layers, where: { $0.isExecutableFile })
        let hasMachineID = try Self.has(["etc/machine-id"], in: layers) { _ in true }
        lacksMachineID = !hasMachineID && systemd?.isSameFile(as: program) == true
        identity = []
        var found: [Path] = []
        do throws(Failure) { try image.addIdentityFiles(to: &found) } catch {
            notes.append("\(error.message); whether image '\(name)' brings what only one machine should have is not known")
        }
        for file in found where try !Self.isCovered(file, by: topLayer) { identity.append(file) }
    }

    /// Fails where the image alone has no init, or no os-release.
    package static func checkInit(of image: ImageFiles, of name: String) throws(Failure) {
        _ = try program(of: [image], of: name, nil)
    }

    /// The init that is started. Fails where it or os-release is in none of these.
    static func program(of layers: [ImageFiles], of name: String, _ asked: Path?) throws(Failure) -> Status {
        let inits = asked.map { [$0] } ?? usualInits
        guard let program = try first(of: inits, in: layers, where: { $0.isExecutableFile }) else {
            throw Failure(
                "could not use the image '\(name)': it has no init: there is no program '\(inits[0])'",
                hint: "install systemd-sysv or another init in the Dockerfile, or say init=PATH on the kernel command line"
            )
        }
        if try has(["etc/os-release", "usr/lib/os-release"], in: layers, where: { $0.kind == .file }) { return program }
        throw Failure(
            "could not use the image '\(name)': it has neither '/etc/os-release' nor '/usr/lib/os-release', and systemd starts no root without",
            hint: "add an /etc/os-release in the Dockerfile or in the top layer"
        )
    }

    private static func has(_ paths: [Path], in layers: [ImageFiles], where fits: (Status) -> Bool) throws(Failure) -> Bool {
        try first(of: paths, in: layers, where: fits) != nil
    }

    private static func first(
        of paths: [Path], in layers: [ImageFiles], where fits: (Status) -> Bool
    ) throws(Failure) -> Status? {
        for path in paths {
            for (place, layer) in layers.enumerated() {
                if let found = try layer.target(of: path), fits(found) { return found }
                // The last one is the image, or has none below it.
                if place + 1 < layers.count, try layer.only?.takesAway(path) == true { break }
            }
        }
        return nil
    }

    /// Whether layers replace or take away what an image has at a path.
    private static func isCovered(_ path: Path, by layers: [ImageFiles]) throws(Failure) -> Bool {
        for layer in layers {
            if try layer.target(of: path) != nil { return true }
            if try layer.only?.takesAway(path) == true { return true }
        }
        return false
    }

    /// The subvolumes that are nested in the layer, and where it has such an empty place itself (inode 2) in the directories
    /// for which systemd-tmpfiles makes subvolumes while an image is built.
    private static func placeholders(in image: Directory) throws(Failure) -> [Path] {
        // What is nested in one of these is not in the snapshot at all.
        var found = outermost(try image.nestedSubvolumes())
        for parent: Path in [.top, "var", "var/lib"] {
            var places: [Path] = []
            try image.directory(at: parent)?.search { (name, kind) throws(Failure) in
                if let kind, kind != .directory { return false }
                let path = parent.appending(name: name.dropLast().map { UInt8(bitPattern: $0) })
                if try image.status(of: path)?.inode == 2 { places.append(path) }
                return false
            }
            found += places.sortedByBytes { $0.bytes }
        }
        return found
    }
}

extension Directory {
    /// Whether this layer takes away what those below it have at a path: by a whiteout of it, or of a directory above it.
    fileprivate func takesAway(_ path: Path) throws(Failure) -> Bool {
        for place in sequence(first: path, next: { $0.parent.isTop ? nil : $0.parent }) {
            for whiteout in [LayerName.whiteout(of: place), place.parent.appending(name: LayerName.opaqueName)] {
                if try status(of: whiteout) == nil { continue }
                if try !LayerManifest(of: self).rules.ignores(whiteout.name, in: whiteout.parent) { return true }
            }
        }
        return false
    }
}
