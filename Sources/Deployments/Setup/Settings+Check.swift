internal import Basics
internal import Boot
internal import BootEntries
internal import Linux
internal import Planning

/// What setup does not take.
extension Settings {
    /// Fails where a person's own options or names would keep every entry from being booted.
    func check(on filesystem: MachineBtrfs) throws(Failure) {
        let request = try request(
            KernelOptions("docker_image", "none") + KernelOptions("docker_path", storeArgument), on: filesystem.volume)
        if request.name != root {
            throw Failure("could not call the root '\(root)': 'rootflags=subvol=' has '\(request.name)' of it", hint: "--name NAME")
        }
        do throws(Failure) {
            try Facts.checkNames(of: request, on: filesystem.topLevel, Facts.Host(kernelRelease: nil, time: secondsNow()))
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
