internal import Basics
internal import Images
internal import Initramfs

/// What the person who makes a disk may say.
public struct DiskChoices: Sendable {
    public var image: String
    /// What it is called in what is said of it; its name in the store where nil.
    public var title: String?
    public var output: String
    /// Whether a file that is there already is replaced.
    public var replaces = false
    public var firmware = Firmware.both
    /// One filesystem with all files in it, instead of a store and the roots that are made of it.
    public var plain: PlainFilesystem?
    /// Whether what a container of the image would run is a service of the machine.
    public var isService = false
    /// An image whose kernel and modules the machine has, where its own has none.
    public var kernelImage: String?
    /// Whether the top layer brings what the image lacks, as far as it can.
    public var fixes = false
    /// A static busybox, for a service of an image without an init; the usual one where nil.
    public var busybox: String?
    public var loader = DiskLoader.grub
    /// Kernel, initramfs and command line in one file, which systemd-boot starts.
    public var isUnified = false
    /// What the disk addresses by, in bytes: 512 or 4096.
    public var sector = 512
    /// Of the disk, in bytes; nil for what the image needs and room for its successors.
    public var size: Int?
    public var isCompressed = false
    /// A directory that is laid over what the disk's top layer has anyway.
    public var topLayer: String?
    /// What the machine is called; as the image where nil.
    public var hostname: String?
    /// A file with root's password, or with the hash of it.
    public var passwordFile: String?
    /// A file with public keys that root logs in by.
    public var keyFile: String?
    /// Its release, as lib/modules names it; where nil, the only one that there is.
    public var kernel: String?
    /// The kernel's command line beside what docker-btrfs says.
    public var options: String?
    /// Where the image's store is in the running system; looked for where nil.
    public var dataRoot: String?
    /// Of containerd; Docker's where nil.
    public var namespace: String?
    /// GRUB's modules: a folder with i386-pc and x86_64-efi.
    public var grub = Self.usualGrub
    /// systemd-boot and the stub of unified kernel images, where the image has none.
    public var systemd = Self.usualSystemd
    /// Whose top layer, command line and fstab the disk has.
    public var machine: RehearsedMachine?
    /// Whether nobody but QEMU starts it, here and now.
    public var isForEmulator = false
    /// docker-btrfs-init.
    public var program = ""
    /// docker-btrfs.
    public var companion = ""

    public static let usualGrub = "/usr/lib/grub"
    public static let usualSystemd = UnifiedKernelImage.usualStubs

    public init(image: String, output: String) {
        self.image = image
        self.output = output
    }

    /// Whether a store has the image.
    public var findsImage: Bool { (try? ImageSource.find(ImageReference(image), in: dataRoot, StoreChoice(namespace: namespace))) != nil }
}
