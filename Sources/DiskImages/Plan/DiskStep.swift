internal import Basics
internal import Deployments
internal import Images

/// Everything that making a disk can do, in a folder beside its file, and on the filesystem of the image's store, where layers are held as
/// long as they are read. Its description is the line of a dry run, what is said before it is done, and, after `could not`, the error.
enum DiskStep {
    case makeDisk(DiskLayout)
    case formatSystem(DiskLayout)
    case formatRoot(DiskLayout)
    /// Layers of Docker's btrfs driver, from the lowest on, each to a subvolume that shares what the one below has.
    case sendLayers([DockerLayer])
    case mergeLayers(to: Path)
    case writeRecord(DockerLayerKind)
    /// The settings and the top layer that `setup` makes.
    case setUp
    /// A file of the top layer, and what it is for.
    case write(Path, [UInt8], mode: UInt32, about: String)
    case link(Path, to: String)
    /// Root's password in a file of the top layer, with its other lines.
    case writePassword(GivenPassword, Path, besides: [UInt8])
    /// A file of the top layer, whose mode says what its members may do.
    case give(Path, toGroup: UInt32)
    /// The kernel and its modules, from another image.
    case copyKernel(String, from: ImageSource)
    /// The files of a directory, which is called so.
    case copyTopLayer(from: String, called: String)
    /// What the top layer's fstab mounts of the disk's btrfs.
    case makeSubvolumes([Path])
    /// What of GRUB takes a while is made while the steps before wait for disks.
    case addLoader(DiskLoader)
    case deploy(String, kernel: String)
    case finish
    /// The rest is of a disk with one filesystem that has all files. First what an image and a top layer are together.
    case layTree
    case setPassword(GivenPassword)
    case addPlainKernel(String)
    case fillRoot(PlainFilesystem, DiskLayout)
    case fillSystem
    case embedLoader(DiskLayout)
    case convert(DiskFormat, isCompressed: Bool)
    case rename(to: String)
}

/// Where the record of the layers comes from.
enum DockerLayerKind {
    case copied([DockerLayer])
    case merged(Path)
}

extension DiskStep: CustomStringConvertible {
    var description: String {
        switch self {
        case .makeDisk(let layout):
            "make a disk of \(layout.size >> 20) MiB\(layout.sector == 512 ? "" : " with sectors of \(layout.sector) bytes"): GPT, a partition for a BIOS's loader, one for the boot menu, one for the root"
        case .formatSystem(let layout): "make the FAT of the boot menu, \(layout.systemUUID)"
        case .formatRoot(let layout): "make the btrfs \(layout.rootUUID)"
        case .sendLayers(let layers):
            "send \(counted(layers.count, "layer")) to '/docker/btrfs/subvolumes', the topmost from '\(layers.last?.folder ?? .top)'"
        case .mergeLayers(let cache): "merge the layers to '/docker/btrfs/subvolumes\(cache)'"
        case .writeRecord(.copied(let layers)):
            "record the image and its \(counted(layers.count, "layer")) in '/docker/image/btrfs'"
        case .writeRecord(.merged): "record the image with one layer in '/docker/image/btrfs'"
        case .setUp: "make the top layer '/boot_docker'"
        case .write(let path, _, _, let about): "write '\(path)' of the top layer: \(about)"
        case .writePassword(let password, let path, _): "write '\(path)' of the top layer: root's password of '\(password.file)'"
        case .link(let path, let target): "link '\(path)' of the top layer to '\(target)'"
        case .give(let path, let group): "give '\(path)' of the top layer to the group \(group)"
        case .copyKernel(let kernel, let source): "copy the kernel \(kernel) of '\(source.image.reference)' into the top layer"
        case .copyTopLayer(_, let name): "copy \(name) into the top layer"
        case .makeSubvolumes(let paths): "make the subvolumes \(paths.map { "'\($0)'" }.joined(separator: ", ")) for the top layer's fstab"
        case .addLoader(.grub): "make GRUB, and write its configuration"
        case .addLoader(.systemdBoot): "write systemd-boot and its configuration"
        case .deploy(let image, let kernel): "deploy \(image) with kernel \(kernel)"
        case .finish: "copy kernel, menu and loader to their partition, and write all of the btrfs"
        case .layTree: "lay the top layer over the image"
        case .setPassword(let password): "give root the password in '\(password.file)'"
        case .addPlainKernel(let kernel): "take the kernel \(kernel), and build the initramfs for it"
        case .fillRoot(let filesystem, let layout): "make the \(filesystem) \(layout.rootUUID) of all files"
        case .fillSystem: "copy kernel, menu and loader to their partition"
        case .embedLoader: "embed GRUB for a BIOS"
        case .convert(let format, let isCompressed): "convert the disk to \(format.rawValue)\(isCompressed ? ", compressed by zstd" : "")"
        case .rename(let output): "call it '\(output)'"
        }
    }
}
