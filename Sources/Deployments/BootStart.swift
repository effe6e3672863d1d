public import Basics
internal import Boot
internal import BootEntries
internal import CLinux
internal import Initramfs

/// What a boot is started with.
public struct BootStart: Sendable {
    /// The kernel command line.
    public let options: String
    /// The kernel's, as `uname -r` says it.
    public let release: String
    /// What should be known of it.
    public var notes: [String] = []

    static let onceNote = "this is the next boot alone (deploy --once); after it the default is booted again"

    /// That of the boot menu's default; nil where nothing is deployed. Where the boot loader was told of another one for the next boot, it
    /// is that; where its partition is not mounted, it is what was deployed last. `given` is where a top level is mounted; nil too where it
    /// is a directory of another kind.
    public static func next(topLevel given: String? = nil) throws(Failure) -> BootStart? {
        let filesystem: MachineBtrfs?
        do throws(Failure) {
            filesystem = if let given { try? MachineBtrfs(at: given) } else { try MachineBtrfs.withSettings() }
        } catch {
            // What only root may look at may be there.
            if geteuid() != 0 { throw error }
            // One that cannot be chosen or opened is not what this system was started from.
            return nil
        }
        guard let filesystem, let settings = try Settings.current(on: filesystem.topLevel) else {
            return nil
        }
        let all = try Deployment.all(on: filesystem.topLevel).deployments
        guard let last = all.first else { return nil }
        let site = try Site(filesystem, settings, boot: nil, nil, .ifFound)
        let (next, isOnce) = try site.nextBoot(among: all) ?? (last, false)
        let options = try settings.options(of: next.imageID, on: filesystem.volume)
        var found = BootStart(options: options.description, release: next.release)
        if isOnce { found.notes.append(onceNote) }
        // What it has instead may boot otherwise.
        if (try? site.difference(toMenuOf: all).isEmpty) == false {
            found.notes.append("the boot menu is not what it should be: docker-btrfs status tells what is to be done")
        }
        return found
    }
}

extension Settings {
    /// The options of the entry of a deployment with that image.
    func options(of image: ImageID, on volume: BootVolume) throws(Failure) -> KernelOptions {
        try options(of: KernelOptions("docker_deployed", image.digest.hex), on: volume)
    }

    /// The options of an entry that boots a subvolume as it is.
    func options(ofSubvolume path: Path, on volume: BootVolume) throws(Failure) -> KernelOptions {
        try KernelOptions("rw") + KernelOptions("root", "UUID=\(volume.uuid)") + mountOptions(ofSubvolume: path) + options
    }

    /// Those of an entry in which `image` says what is booted.
    func options(of image: KernelOptions, on volume: BootVolume) throws(Failure) -> KernelOptions {
        let device = "UUID=\(volume.uuid)"
        return try KernelOptions("rw") + KernelOptions("root", device) + mountOptions(ofSubvolume: root) + image
            + KernelOptions("toplayer", device) + KernelOptions("toplayer_path", display(topLayer.bytes)) + options
    }

    /// In one word: the last of several is all that most initramfs see.
    func mountOptions(ofSubvolume path: Path) throws(Failure) -> KernelOptions {
        try KernelOptions("rootflags", (["subvol=\(display(path.bytes))"] + (rootFlags?.options ?? [])).joined(separator: ","))
    }
}

extension KernelOptions {
    /// Fails where a kernel would not read all of an entry's: what is behind that is not there, and nobody says so.
    func checkLength() throws(Failure) {
        // What boot loaders put beside it: BOOT_IMAGE= or initrd=, with a path.
        let (length, limit, others) = (description.utf8.count, InitramfsImage.longestCommandLine, 64)
        if length + others <= limit { return }
        throw Failure(
            "could not take the kernel command line of an entry: it has \(length) bytes, and a kernel reads \(limit), with up to \(others) of the boot loader's",
            hint: "say less: docker-btrfs setup --options TEXT")
    }
}
