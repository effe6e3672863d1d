internal import Basics
internal import Boot
internal import BootEntries
internal import Images
internal import Linux
internal import Planning

extension Site {
    /// Fails where the boot of an image would be refused, for what its entry says of this machine or for what is on the disk. It is
    /// planned as that boot will plan it.
    func checkBoot(of image: Image, in store: StoreFilesystem?) throws(Failure) {
        try checkBoot(
            of: KernelOptions("docker_image", image.reference.text) + KernelOptions("docker_path", settings.storeArgument), in: store)
    }

    /// Why the boot of what is deployed would be refused now, as a note; none where it would not be.
    func refusals(of deployment: Deployment) -> [String] {
        do throws(Failure) {
            try checkBoot(of: KernelOptions("docker_deployed", deployment.imageID.digest.hex), in: nil)
            return []
        } catch {
            return ["the boot of \(deployment.title) would be refused: \(error.note)"]
        }
    }

    /// The same of one that options of the kernel name.
    func checkBoot(of choice: KernelOptions, in store: StoreFilesystem?) throws(Failure) {
        let request = try settings.request(choice, on: volume)
        // What is on another device, and which of several machines' layers it takes, the machine alone knows.
        if let layer = request.topLayer {
            if layer.device != request.root.device { return }
            if try topLevel.target(of: layer.path) == nil {
                throw Failure(
                    "could not find the top layer '\(layer.path)': it is not there",
                    hint: "docker-btrfs setup makes a new one; with --top-layer PATH another one is taken")
            }
            if try topLevel.hasLayersByMachine(at: layer.path) { return }
        }
        let host = Facts.Host(kernelRelease: nil, time: secondsNow())
        let tree = try filesystem.detached()
        let facts = Facts(surveying: tree, store: .success(store), topLayer: .success(tree), for: request, on: host)
        _ = try Plan(for: request, given: facts)
    }
}

extension Settings {
    /// The images' store as `docker_path=` takes it.
    var storeArgument: String { storeDevice.map { "\($0):\(store)" } ?? store.description }

    /// What a boot reads in an entry's line.
    fileprivate func request(_ choice: KernelOptions, on volume: BootVolume) throws(Failure) -> Request {
        let line = KernelCommandLine(try options(of: choice, on: volume).description.utf8)
        if let request = try Request(line, .none) { return request }
        throw Failure("could not read '\(choice)' on a kernel command line")
    }

    /// What a boot reads in the entry of any deployment.
    func request(on volume: BootVolume) throws(Failure) -> Request { try request(Self.anyDeployment, on: volume) }

    private static var anyDeployment: KernelOptions {
        get throws(Failure) { try KernelOptions("docker_deployed", String(repeating: "0", count: 64)) }
    }

    /// Which of the stores in its directory a boot reads, if that were to look for an image.
    func storeChoice(on volume: BootVolume) throws(Failure) -> StoreChoice { try request(on: volume).store }

    /// Fails where a person's own options or names would keep every entry from being booted.
    func check(on filesystem: MachineBtrfs) throws(Failure) {
        let request = try request(
            KernelOptions("docker_image", "none") + KernelOptions("docker_path", storeArgument), on: filesystem.volume)
        if request.name != root {
            throw Failure("could not call the root '\(root)': 'rootflags=subvol=' has '\(request.name)' of it", hint: "--name NAME")
        }
        do throws(Failure) {
            try Facts.checkNames(of: request, on: filesystem.detached(), Facts.Host(kernelRelease: nil, time: secondsNow()))
        } catch {
            throw error.ofNameOptions
        }
        try checkTopLayer(on: filesystem)
        try checkMenu(on: filesystem.volume)
    }

    /// Fails where an entry could not say what a person chose.
    private func checkMenu(on volume: BootVolume) throws(Failure) {
        let chosen = try [
            (mountOptions(ofSubvolume: root), "choose another name: --name NAME"),
            (KernelOptions("toplayer_path", display(topLayer.bytes)), "choose another path: --top-layer PATH"),
            (options, "leave it out: --options TEXT"),
        ]
        for (options, hint) in chosen {
            let entry = BootEntry(id: "any", title: "any", kernel: "any", initrds: [], options: options)
            do throws(Failure) { _ = try loader.files(for: BootMenu(volume: volume, entries: [entry])) } catch {
                throw Failure(error.message, hint: hint)
            }
        }
        try options(of: Self.anyDeployment, on: volume).checkLength()
    }

    /// Fails where the top layer is a directory of something else, which would be laid over each root. One that was set up is one.
    private func checkTopLayer(on filesystem: MachineBtrfs) throws(Failure) {
        let topLevel = filesystem.topLevel
        if (try? Settings.current(on: topLevel))?.topLayer == topLayer { return }
        if try topLevel.target(of: topLayer / LayerRules.manifest) != nil { return }
        var reason: String?
        if storeDevice == nil && topLayer.isBelow(store) { reason = "the images' store '\(store)' is there" }
        for entry in try MachineMounts().entries where entry.type == "btrfs" && entry.source == filesystem.device {
            guard let mounted = Path(entry.root), !mounted.isTop, topLayer.isWithin(mounted) else { continue }
            reason = "this system has '\(mounted)' mounted at '\(entry.target)'"
        }
        if reason == nil, try topLevel.target(of: topLayer)?.kind == .directory {
            let names = try topLevel.directory(at: topLayer)?.names() ?? []
            // A person may have made one by hand, for one machine or for several.
            let isOne = if names.contains(Array("etc".utf8)) { true } else { try topLevel.hasLayersByMachine(at: topLayer) }
            if let first = names.first, !isOne { reason = "'\(display(first))' is in it, and no 'etc'" }
            let isSystem = try topLevel.target(of: topLayer / "usr/lib/os-release") != nil
            if isSystem { reason = "it is a system of its own, with '/usr/lib/os-release'" }
        }
        guard let reason else { return }
        throw Failure(
            "could not use '\(topLayer)' as the top layer, whose files go into each root: \(reason)",
            hint: "give --top-layer a directory of its own; a top layer is known by its '.docker-btrfs.json', of which '{}' is enough")
    }
}
