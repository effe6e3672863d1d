internal import Basics
internal import Boot
internal import BootEntries
internal import BootRun
internal import CLinux
internal import Linux

/// The btrfs that roots are on.
struct MachineBtrfs {
    /// Subvolume 5.
    let topLevel: Directory
    let device: String
    let volume: BootVolume
    /// Whether it was opened where the running system has it mounted, as a person named it.
    let isMounted: Bool

    /// Whether its device is one of LUKS, LVM, RAID or bcache, and not a disk's or a partition's.
    var isMapped: Bool { Self.isMapped(device) }

    static func isMapped(_ device: String) -> Bool {
        ["/dev/mapper/", "/dev/dm-", "/dev/md", "/dev/bcache"].contains { device.hasPrefix($0) }
    }

    init(topLevel: Directory, device: String, volume: BootVolume) {
        self.topLevel = topLevel
        self.device = device
        self.volume = volume
        isMounted = false
    }

    /// Takes a directory for it, where subvolume 5 is mounted. It is read as a boot has it: nothing is above it, for a running root may be
    /// where it is mounted, and then holds none of it; and no read changes a time, after which a subvolume in it counts as changed.
    init(at path: String) throws(Failure) {
        guard let found = try MachineBtrfs(ifAt: path) else {
            throw Failure(
                "could not use '\(path)': it is not the top level of a btrfs filesystem", hint: "mount it with '-o subvolid=5'"
            )
        }
        self = found
    }

    /// The same; nil where it is another directory.
    init?(ifAt path: String) throws(Failure) {
        let directory = try Directory(opening: path, label: "")
        let place = try MountedFolder(directory)
        guard place.type == "btrfs", place.path.isTop, try directory.subvolume()?.id == 5 else { return nil }
        device = place.device
        volume = try place.volume()
        topLevel = try directory.withoutMounts()
        isMounted = true
    }

    /// Mounts it for this process alone, read-only until something is written.
    init(onDevice device: String) throws(Failure) {
        self.device = device
        topLevel = try .mounting(MountRequest(device: device, filesystemType: "btrfs", options: ["subvolid=5"]), label: "")
        volume = try BootVolume(onDevice: device)
        isMounted = false
    }

    /// The one that was set up, of those that are mounted somewhere; nil where none was. Where several were, it is the one that the system
    /// runs from: others are on a stick, or on a disk of another machine. Fails where it runs from none of them.
    static func withSettings() throws(Failure) -> MachineBtrfs? {
        let (all, failure) = try opened()
        var found: [MachineBtrfs] = []
        for filesystem in all where try filesystem.topLevel.status(of: Layout.settings) != nil { found.append(filesystem) }
        if found.isEmpty, let failure { throw failure }
        if found.count <= 1 { return found.first }
        if let device = try runningRoot()?.device, let own = found.first(where: { $0.device == device }) { return own }
        if let root = try? RunningRoot.current()?.place().topLevel {
            for filesystem in found where try filesystem.topLevel.isSame(as: root) { return filesystem }
        }
        let devices = found.map { "'\($0.device)'" }.joined(separator: ", ")
        throw Failure("could not choose a btrfs: \(devices) were all set up", hint: "name the one with --top-level DIR")
    }

    /// Each btrfs that is mounted in the running system and can be opened, and why one could not be mounted again, as a disk that was pulled out.
    private static func opened() throws(Failure) -> (found: [MachineBtrfs], failure: Failure?) {
        var found: [MachineBtrfs] = []
        var failure: Failure?
        for device in try mountedDevices() {
            do throws(Failure) { found.append(try MachineBtrfs(onDevice: device)) } catch { failure = error }
        }
        return (found, failure)
    }

    /// Where the whole of it is mounted, and every user may enter that. Of a system that runs from there nothing can be closed.
    func openMounts() throws(Failure) -> [String] {
        var places: [String] = []
        for entry in try MachineMounts().entries where entry.type == "btrfs" && entry.source == device && entry.root == "/" {
            guard let path = Path(entry.target), !path.isTop, !places.contains(entry.target) else { continue }
            let way = sequence(first: path) { $0.isTop ? nil : $0.parent }
            let modes = way.map { (try? Directory(opening: $0.description).status(of: .top))?.permissions ?? 0 }
            let isOpen = modes.allSatisfy { $0 & 0o001 != 0 }
            if isOpen { places.append(entry.target) }
        }
        return places
    }

    /// Each btrfs that is mounted in the running system, by one of its devices; but for those that anybody could have brought, with settings
    /// for `deploy` on them.
    static func mountedDevices() throws(Failure) -> [String] {
        var devices: [String] = []
        for entry in try MachineMounts.entriesOfRoot() where entry.type == "btrfs" && !devices.contains(entry.source) {
            devices.append(entry.source)
        }
        return devices
    }
}
