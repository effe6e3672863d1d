internal import Basics
internal import Boot
internal import BootEntries
internal import Images
internal import Initramfs

/// What entries of the boot menu say to the kernel, and what a boot reads in it.
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

    /// The images' store as `docker_path=` takes it.
    var storeArgument: String { storeDevice.map { "\($0):\(store)" } ?? store.description }

    /// What a boot reads in an entry's line.
    func request(_ choice: KernelOptions, on volume: BootVolume) throws(Failure) -> Request {
        let line = KernelCommandLine(try options(of: choice, on: volume).description.utf8)
        if let request = try Request(line, .none) { return request }
        throw Failure("could not read '\(choice)' on a kernel command line")
    }

    /// What a boot reads in the entry of any deployment.
    func request(on volume: BootVolume) throws(Failure) -> Request { try request(Self.anyDeployment, on: volume) }

    static var anyDeployment: KernelOptions {
        get throws(Failure) { try KernelOptions("docker_deployed", String(repeating: "0", count: 64)) }
    }

    /// Which of the stores in its directory a boot reads, if that were to look for an image.
    func storeChoice(on volume: BootVolume) throws(Failure) -> StoreChoice { try request(on: volume).store }
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
