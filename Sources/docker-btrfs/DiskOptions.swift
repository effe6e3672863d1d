public import ArgumentParser
import Basics
public import DiskImages

/// What a disk is made with.
struct DiskOptions: ParsableArguments {
    @Option(help: "What starts the disk: both, uefi or bios; uefi alone where nothing else can.")
    var firmware: Firmware?

    @Option(help: "What shows the boot menu: grub, or systemd-boot, which UEFI starts.")
    var loader: DiskLoader?

    @Flag(help: "Kernel, initramfs and command line in one unified kernel image, by systemd-boot.")
    var uki = false

    @Option(help: ArgumentHelp("What the disk addresses by: 512, or 4096, which UEFI alone starts.", valueName: "bytes"))
    var sectorSize = 512

    @Option(help: "One filesystem with all files and nothing of docker-btrfs: ext4, xfs or btrfs. It updates itself, not from images.")
    var plain: PlainFilesystem?

    @Flag(help: "What a container of the image would run is a service; with no init in it, busybox is that.")
    var service = false

    @Flag(help: "The top layer brings what the image lacks and it can: a login on the serial port, a network, an end of being a container.")
    var fix = false

    @Option(
        help: ArgumentHelp("An image whose kernel and modules are taken, where this one has none.", valueName: "image"),
        completion: .names(.images))
    var kernelImage: String?

    @Option(
        help: ArgumentHelp("A static busybox, for --service of an image without an init; /bin/busybox unless given.", valueName: "file"),
        completion: .file())
    var busybox: String?

    @Option(
        help: ArgumentHelp("How large the disk is, as 20G; its file takes what is used of it.", valueName: "size"),
        transform: { try DiskSize($0) })
    var size: DiskSize?

    @Option(help: ArgumentHelp("A directory whose files the machine has in each root.", valueName: "dir"), completion: .directory)
    var topLayer: String?

    @Option(help: ArgumentHelp("What the machine is called; as the image unless given.", valueName: "name"))
    var hostname: String?

    @Option(help: ArgumentHelp("A file whose first line is root's password, or the hash of it.", valueName: "file"), completion: .file())
    var rootPasswordFile: String?

    @Option(help: ArgumentHelp("A file with public keys that root logs in by.", valueName: "file"), completion: .file())
    var sshKey: String?

    @Option(help: ArgumentHelp("The kernel, as lib/modules names it, where the image has several.", valueName: "version"))
    var kernel: String?

    @Option(
        help: ArgumentHelp("What the kernel is told beside what docker-btrfs says; where its console is unless given.", valueName: "text"))
    var options: String?

    @Option(help: ArgumentHelp("Docker's data-root, containerd's root or Podman's graphroot.", valueName: "dir"), completion: .directory)
    var dataRoot: String?

    @Option(help: ArgumentHelp("The namespace of containerd that has the image; Docker's, 'moby', unless given.", valueName: "name"))
    var namespace: String?

    @Option(help: ArgumentHelp("Where GRUB's modules are.", valueName: "dir"), completion: .directory)
    var grub = DiskChoices.usualGrub

    @Option(
        help: ArgumentHelp("Where systemd-boot is, and the stub for --uki, if not in the image.", valueName: "dir"), completion: .directory)
    var systemd = DiskChoices.usualSystemd

    @OptionGroup var initProgram: InitProgram

    func validate() throws {
        if let hostname, !isHostname(hostname) {
            throw ValidationError(
                "--hostname takes up to 64 letters, digits, hyphens and dots; a letter or digit is first and last of each part between dots"
            )
        }
        if ![512, 4096].contains(sectorSize) { throw ValidationError("--sector-size takes 512 or 4096") }
        if uki && loader == .grub { throw ValidationError("--uki goes with --loader systemd-boot, which starts such an image") }
        if plain != nil && (hasSystemdBoot || sectorSize != 512) {
            throw ValidationError("--plain goes with GRUB and sectors of 512 bytes")
        }
        if busybox != nil && !service { throw ValidationError("--busybox goes with --service, which needs it where an image has no init") }
        if let firmware, let reason = reasonForUEFI, firmware != .uefi {
            throw ValidationError("--firmware \(firmware.rawValue) cannot start this disk: \(reason)")
        }
    }

    /// What starts the disk, by what it is.
    var starts: Firmware { firmware ?? (reasonForUEFI == nil ? .both : .uefi) }

    /// Whether somebody said which of the two starts a disk that is made already; else that disk says it.
    var hasChosenFirmware: Bool { hasSystemdBoot || (firmware ?? .both) != .both }

    private var hasSystemdBoot: Bool { loader == .systemdBoot || uki }

    /// Why a BIOS cannot.
    private var reasonForUEFI: String? {
        hasSystemdBoot ? "systemd-boot is a program of UEFI" : sectorSize != 512 ? "a BIOS reads sectors of 512 bytes alone" : nil
    }

    /// The first option that is given and means nothing for a disk that is made already.
    var firstOfMaking: String? {
        let options: [(name: String, isGiven: Bool)] = [
            ("plain", plain != nil), ("service", service), ("fix", fix), ("kernel-image", kernelImage != nil),
            ("busybox", busybox != nil), ("size", size != nil), ("top-layer", topLayer != nil),
            ("hostname", hostname != nil), ("root-password-file", rootPasswordFile != nil), ("ssh-key", sshKey != nil),
            ("kernel", kernel != nil), ("options", options != nil), ("data-root", dataRoot != nil), ("namespace", namespace != nil),
            ("grub", grub != DiskChoices.usualGrub), ("systemd", systemd != DiskChoices.usualSystemd), ("init", initProgram.path != nil),
        ]
        return options.first(where: \.isGiven).map { "--\($0.name)" }
    }

    func choices(of image: String, output: String) throws(Failure) -> DiskChoices {
        var choices = DiskChoices(image: image, output: output)
        choices.firmware = starts
        choices.loader = hasSystemdBoot ? .systemdBoot : .grub
        choices.isUnified = uki
        choices.sector = sectorSize
        choices.systemd = systemd
        choices.plain = plain
        choices.isService = service
        choices.fixes = fix
        choices.kernelImage = kernelImage
        choices.busybox = busybox
        choices.size = size?.bytes
        choices.topLayer = topLayer
        choices.hostname = hostname
        choices.passwordFile = rootPasswordFile
        choices.keyFile = sshKey
        choices.kernel = kernel
        choices.options = options
        choices.dataRoot = dataRoot
        choices.namespace = namespace
        choices.grub = grub
        choices.program = try initProgram.found()
        choices.companion = try thisProgram()
        return choices
    }
}

/// Linux takes 64 bytes.
private func isHostname(_ text: String) -> Bool {
    let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    return text.utf8.count <= 64
        && parts.allSatisfy { part in
            guard let first = part.first, let last = part.last else { return false }
            return isAlphanumeric(first) && isAlphanumeric(last) && part.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") }
        }
}

extension Firmware: ExpressibleByArgument {}
extension PlainFilesystem: ExpressibleByArgument {}
extension DiskLoader: ExpressibleByArgument {}
