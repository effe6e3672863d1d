internal import Basics
internal import Boot
internal import Linux

/// The filesystems that a boot is about, open for reading.
struct Filesystems {
    /// Subvolume 5 of the root's filesystem.
    let topLevel: Directory
    /// The filesystem of `toplayer=`, or why it cannot be had: a root that was kept needs none.
    let topLayer: Result<Directory?, Failure>
    /// That of `docker_path=` where it names another one than the root's, or why it cannot be had: what is held needs none.
    let store: Result<StoreFilesystem?, Failure>
    /// What the person at the machine must know of the devices.
    private(set) var notes: [String] = []

    /// What a mount may do to a disk before anything is planned.
    enum Care: Sendable {
        /// Recover a journal that a power cut left, as every mount does.
        case recovering
        /// Change nothing at all, not even that.
        case untouched
    }

    /// Waits for the request's devices and mounts them, read-only and seen by nobody else. Fails where a mount could change what a
    /// hibernated system holds.
    init(mounting request: Request, _ care: Care, _ tell: (String) -> Void = { _ in }) throws(Failure) {
        // Whoever cannot mount cannot look into devices either, and would wait for them in vain.
        if !isRunByRoot() {
            throw Failure(
                "could not plan a boot: only root can mount what root= names",
                hint: "run it as root, or name a directory where the top level of that filesystem is mounted: --top-level DIR")
        }
        var devices = try BlockDevices()
        let root = try devices.waiting(
            for: request.root.device, key: "root",
            seconds: request.root.patience.seconds, degraded: request.rootOptions.contains("degraded"), tell)
        try root.checkIsOpen(key: "root")
        if let type = root.filesystemType, type != "btrfs" {
            throw Failure("could not use '\(root.path)' (root=): it has \(type) on it, and the root of docker-btrfs is on btrfs")
        }
        // Not before the wait: the swap partition may be on the disk that comes late.
        if care == .recovering && !request.root.ignoresHibernation { try devices.checkHibernation() }
        let own = ["subvolid=5"] + care.options(for: "btrfs")
        topLevel = try .mounting(
            MountRequest(root, key: "root", filesystemType: "btrfs", options: request.rootOptions, adding: own), label: "")
        notes += [devices.rivalNote(of: root, request.root.device, key: "root")].compactMap { $0 }
        do throws(Failure) {
            topLayer = .success(try Self.mountTopLayer(request, care, root, among: &devices, &notes, tell))
        } catch {
            topLayer = .failure(error)
        }
        do throws(Failure) {
            store = .success(try Self.mountStore(request, care, root, among: &devices, &notes, tell))
        } catch {
            store = .failure(error)
        }
    }

    /// Takes directories in their place. Without one for the top layer it is `topLevel`, if both are the same device.
    init(topLevel: String, topLayer: String?, for request: Request) throws(Failure) {
        self.topLevel = try Directory(opening: topLevel, label: "")
        if let device = request.dockerDevice {
            throw Failure("could not look at the store: it is on \(device)", hint: "leave --top-level out: then it is mounted")
        }
        store = .success(nil)
        guard let layer = request.topLayer else {
            self.topLayer = .success(nil)
            return
        }
        if topLayer == nil && layer.device != request.root.device {
            throw Failure("could not look at the top layer: it is on \(layer.device)", hint: "give --top-layer DIR as well")
        }
        self.topLayer = .success(try Directory(opening: topLayer ?? topLevel, label: "\(layer.device):"))
    }

    /// Seconds.
    private static let patienceBesideRoot = 10

    private static func mountTopLayer(
        _ request: Request, _ care: Care, _ root: BlockDevice, among devices: inout BlockDevices, _ notes: inout [String],
        _ tell: (String) -> Void
    ) throws(Failure) -> Directory? {
        guard let layer = request.topLayer else { return nil }
        // Not for ever, as rootwait may say: the root of the last boot, which is there, needs none.
        let seconds = request.root.patience.seconds ?? patienceBesideRoot
        let device =
            layer.device == request.root.device
            ? root
            : try find(
                layer.device, "toplayer", seconds: seconds, degraded: layer.options.contains("degraded"),
                among: &devices, &notes, tell)
        return try mount(device, layer.device, "toplayer", layer.filesystemType, layer.options, care)
    }

    private static func mountStore(
        _ request: Request, _ care: Care, _ root: BlockDevice, among devices: inout BlockDevices, _ notes: inout [String],
        _ tell: (String) -> Void
    ) throws(Failure) -> StoreFilesystem? {
        guard let name = request.dockerDevice else { return nil }
        let key = Request.optIn.rawValue
        // Not for ever, as rootwait may say: an image that was booted before is held, and needs no store.
        let seconds = request.root.patience.seconds ?? patienceBesideRoot
        let device = try find(name, key, seconds: seconds, degraded: false, among: &devices, &notes, tell)
        // The root's filesystem by another of its names: then nothing has to be copied.
        if device.hasFilesystem(of: root) { return nil }
        return StoreFilesystem(device: name, top: try mount(device, name, key, nil, [], care))
    }

    private static func find(
        _ name: DeviceName, _ key: String, seconds: Int?, degraded: Bool, among devices: inout BlockDevices, _ notes: inout [String],
        _ tell: (String) -> Void
    ) throws(Failure) -> BlockDevice {
        let device = try devices.waiting(for: name, key: key, seconds: seconds, degraded: degraded, tell)
        notes += [devices.rivalNote(of: device, name, key: key)].compactMap { $0 }
        return device
    }

    private static func mount(
        _ device: BlockDevice, _ name: DeviceName, _ key: String, _ type: String?, _ options: [String], _ care: Care
    ) throws(Failure) -> Directory {
        if type == nil { try device.checkIsOpen(key: key) }
        guard let type = type ?? device.filesystemType else {
            throw Failure(
                "could not mount '\(device.path)' (\(key)=): no filesystem was recognised on it",
                hint: key == "toplayer" ? "say toplayerfstype=TYPE if there is one" : nil
            )
        }
        var own = care.options(for: type)
        // Paths go from the top of the filesystem, whatever its default subvolume is.
        if type == "btrfs" && !options.contains(where: { $0.begins(with: "subvol") }) { own.insert("subvolid=5", at: 0) }
        let mount = MountRequest(device, key: key, filesystemType: type, options: options, adding: own)
        return try .mounting(mount, label: "\(name):")
    }
}

extension Filesystems.Care {
    fileprivate func options(for type: String) -> [String] {
        switch (self, type) {
        case (.untouched, "btrfs"): ["rescue=nologreplay"]
        case (.untouched, "ext3"), (.untouched, "ext4"): ["noload"]
        case (.untouched, "xfs"): ["norecovery"]
        default: []
        }
    }
}
