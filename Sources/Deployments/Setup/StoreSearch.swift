internal import Basics
internal import Boot
internal import BootEntries
internal import Images

/// The images' store of the running system, and the btrfs for its roots.
extension FoundMachine {
    /// Where the images' store is, and the engines' roots where it was found among them.
    static func storePlace(
        _ choices: SetupChoices, in system: Directory, _ notes: inout [String]
    ) throws(Failure) -> (roots: EngineRoots?, dataRoot: String) {
        if let chosen = choices.dataRoot { return (nil, chosen) }
        let found = try EngineRoots(in: system)
        let before = Result { () throws(Failure) in try earlierStore(on: choices.topLevel) }
        if let store = firstStore(of: found, choices.namespace, try? before.get(), &notes) { return (found, store) }
        if let chosen = try before.get() { return (nil, chosen) }
        return (found, emptyStore(of: found))
    }

    /// The one that was set up with this data-root, or the data-root's own, or where that is none that can be booted from, one that was set
    /// up or the only btrfs that is mounted.
    static func filesystem(for dataRoot: MountedFolder) throws(Failure) -> MachineBtrfs {
        // Which of several it was, nobody knows.
        let known = try? MachineBtrfs.withSettings()
        if let known, dataRoot.type != "btrfs" { return known }
        if let known, let before = try? Settings.current(on: known.topLevel), let device = before.storeDevice,
            before.store == dataRoot.path, try device == .uuid(dataRoot.volume().uuid)
        {
            return known
        }
        if dataRoot.type == "btrfs" { return try MachineBtrfs(onDevice: dataRoot.device) }
        let devices = try MachineBtrfs.mountedDevices()
        if devices.count == 1 { return try MachineBtrfs(onDevice: devices[0]) }
        throw Failure(
            """
            could not choose a btrfs: Docker's data-root '\(dataRoot.place)' is on \(dataRoot.type), \
            and \(devices.isEmpty ? "no btrfs is" : devices.map { "'\($0)'" }.joined(separator: ", ") + " are") mounted
            """,
            hint: "images are booted from btrfs: name the one for the roots with --top-level DIR; docs/by-hand.md, step 1, makes one"
        )
    }

    /// Where the engine of a store looks for it, and where all of them look: what was named with --data-root may be another path to it.
    static func enginePlaces(of store: Directory, at place: String, _ system: Directory) -> (String, [String]) {
        guard let roots = try? EngineRoots(in: system), let status = try? store.status(of: .top) else { return (place, [place]) }
        let all = [roots.docker, roots.containerd, roots.podman]
        if all.contains(where: { (try? Directory(opening: $0).status(of: .top))?.isSameFile(as: status) == true }) {
            return (place, all + [place])
        }
        func has(_ name: Path) -> Bool { (try? store.status(of: name)) != nil }
        return (has("io.containerd.metadata.v1.bolt") ? roots.containerd : has("storage.lock") ? roots.podman : roots.docker, all)
    }

    /// Those of the engines' roots that are on a device, and not in a root that docker-btrfs made: what is in that goes with it.
    static func folders(_ roots: [String], on device: String) throws(Failure) -> [MountedFolder] {
        let isInRoot = try BootedRoot.current() != nil
        var found: [MountedFolder] = []
        for root in roots {
            guard let directory = try? Directory(opening: root) else { continue }
            let folder = try MountedFolder(directory)
            if folder.device == device && !(isInRoot && folder.mountPoint == "/") { found.append(folder) }
        }
        return found
    }

    static let whereStoresAre = "say where Docker's data-root, containerd's root or Podman's graphroot is"

    /// Fails where a directory that was named has files, and none of an engine's: that another one was meant is told before it is what the
    /// engine finds for its own.
    static func checkMayBeStore(_ folder: Directory, _ place: String) throws(Failure) {
        let names = try folder.names().filter { !$0.elementsEqual("lost+found".utf8) }
        if names.isEmpty || isOfEngine(names) { return }
        var stores: [String] = []
        for name in names.map({ display($0) }).sorted() {
            guard let path = Path(name), let inside = try? folder.directory(at: path)?.names(), isOfEngine(inside) else { continue }
            stores.append("'\(place)\(place.hasSuffix("/") ? "" : "/")\(name)'")
        }
        throw Failure(
            "could not take '\(place)' for where the images are: it has files, and none that Docker, containerd or Podman keeps them by",
            hint: stores.isEmpty ? whereStoresAre : "there is \(stores.joined(separator: ", "))")
    }

    private static func isOfEngine(_ names: [[UInt8]]) -> Bool {
        names.contains { name in
            let name = display(name)
            return ["image", "engine-id", "storage.lock"].contains(name) || name.hasPrefix("io.containerd.") || name.hasSuffix("-images")
        }
    }

    /// Of the engines' roots the one that got an image last: a data-root that was moved may have old images, and containerd's root new ones;
    /// where none has an image, the first in which there is a store; nil where there is none yet. Who took Podman's, or another's than that, at
    /// the set-up `before`, goes on with it, whatever else was pulled since.
    private static func firstStore(
        of roots: EngineRoots, _ namespace: String?, _ before: String?, _ notes: inout [String]
    ) -> String? {
        func changed(_ root: String) -> Int? {
            // Why it is none, the one that is asked for tells.
            guard let directory = try? Directory(opening: root),
                let stores = try? ImageStores(in: directory, at: .top, StoreChoice(namespace: namespace))
            else { return nil }
            return (try? stores.changed()) ?? 0
        }
        var found: [(root: String, changed: Int)] = []
        if let docker = changed(roots.docker) { found.append((roots.docker, docker)) }
        if let containerd = changed(roots.containerd) {
            if let docker = found.first, isBeside(docker.root, roots.containerd) {
                found[0].changed = max(docker.changed, containerd)
            } else {
                found.append((roots.containerd, containerd))
            }
        }
        if let podman = changed(roots.podman) { found.append((roots.podman, podman)) }
        let standing = found.first { isSame($0.root, before) }?.root
        let eligible = found.filter { standing == nil || ($0.root == roots.podman) == (standing == roots.podman) }
        guard let last = eligible.map({ $0.changed }).max(), let taken = eligible.first(where: { $0.changed == last })?.root else {
            return nil
        }
        let isLast = !found.contains { $0.changed > last }
        let reason = isLast || taken != standing ? "got one last, and is taken" : "is what was set up"
        for (other, changed) in found where other != taken && changed > 0 {
            notes.append("'\(other)' has images too: '\(taken)' \(reason); --data-root \(other) takes the other")
        }
        return taken
    }

    /// Whether two paths lead to one directory, and there is one.
    private static func isSame(_ path: String, _ other: String?) -> Bool {
        guard let other, let one = try? Directory(opening: path).status(of: .top), let two = try? Directory(opening: other).status(of: .top)
        else { return false }
        return one.isSameFile(as: two)
    }

    /// Whether a boot that looks for a data-root sees containerd's root too.
    private static func isBeside(_ docker: String, _ containerd: String) -> Bool {
        guard let docker = try? MountedFolder(Directory(opening: docker)),
            let containerd = try? MountedFolder(Directory(opening: containerd))
        else { return false }
        return docker.device == containerd.device && docker.path.parent / "containerd" == containerd.path
    }

    /// Where the first image will be: Podman's is taken where there is nothing of another engine.
    private static func emptyStore(of roots: EngineRoots) -> String {
        if (try? Directory(opening: roots.docker)) != nil || otherNamespace(of: roots) != nil { return roots.docker }
        return (try? Directory(opening: roots.podman)) == nil ? roots.docker : roots.podman
    }

    /// What to say where containerd has images, and none of Docker's.
    static func otherNamespace(of roots: EngineRoots) -> Failure? {
        do throws(Failure) {
            _ = try ImageStores(in: Directory(opening: roots.containerd), at: .top)
            return nil
        } catch {
            return error.hint?.contains("docker_namespace=") == true ? error.ofStoreOptions : nil
        }
    }

    /// Where the store is that an earlier setup was told of; nil where none was, or it is not to be seen.
    private static func earlierStore(on topLevel: String?) throws(Failure) -> String? {
        let filesystem: MachineBtrfs? = if let topLevel { try MachineBtrfs(at: topLevel) } else { try? MachineBtrfs.withSettings() }
        guard let filesystem, let before = try? Settings.current(on: filesystem.topLevel) else { return nil }
        guard let device = before.storeDevice else { return try filesystem.topLevel.mountedPlace(of: before.store) }
        // Its disk may be gone, and another store be meant from now on.
        return try (try? StoreFilesystem(inRunningSystem: device))?.top.mountedPlace(of: before.store)
    }
}
