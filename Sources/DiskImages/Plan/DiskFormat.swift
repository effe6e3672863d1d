public import Basics

/// What a disk's file is, by the ending of its name.
public enum DiskFormat: String, Sendable, CaseIterable {
    case raw, img, qcow2, vdi, vmdk, vhd, vpc, vhdx

    /// Fails on a name without such an ending.
    public init(ofFile name: String) throws(Failure) {
        let ending = name.split(separator: "/").last?.split(separator: ".", omittingEmptySubsequences: false).dropFirst().last ?? ""
        guard let format = Self(rawValue: ending.lowercased()) else {
            let known = Self.allCases.map { ".\($0.rawValue)" }.joined(separator: " ")
            throw Failure("could not tell the format of '\(name)' by its ending", hint: "it is one of \(known)")
        }
        self = format
    }

    /// What qemu-img(1) calls it; nil for the disk's own bytes.
    var converter: String? {
        switch self {
        case .raw, .img: nil
        case .vhd, .vpc: "vpc"
        case .qcow2, .vdi, .vmdk, .vhdx: rawValue
        }
    }

    /// As `qemu-system-x86_64 -drive format=` has it.
    public var emulated: String { converter ?? "raw" }

    /// What qemu-img(1) is told to convert a disk by.
    func conversion(compressed: Bool) -> [String] {
        // Two blocks that a VDI gets at once may write their counts in the wrong order: the next one is then laid over the last. That
        // driver alone has no lock for it, and only qcow2 gains by writes out of order.
        let order = self == .qcow2 ? ["-W"] : []
        let compression = compressed ? ["-c", "-o", "compression_type=zstd"] : []
        // VHD's geometry would change the size.
        let size = converter == "vpc" ? ["-o", "force_size=on"] : []
        return ["-m", "16"] + order + compression + size
    }

    /// The largest disk that such a file can be, in bytes; nil where only the file's filesystem sets a limit. As qemu-img(1) has it, but for
    /// VMDK: its tables have 32 bits for a sector of the file, which qemu-img does not look at.
    var largestDisk: Int? {
        switch self {
        case .raw, .img: nil
        case .qcow2: 2048 << 40
        case .vdi: 512 << 40 - 128 << 20
        case .vmdk: 2 << 40
        case .vhd, .vpc: 2040 << 30
        case .vhdx: 64 << 40
        }
    }

    /// Whether it may be written to a disk as it is, or to a stick.
    var isOfMetal: Bool { converter == nil }

    var isOfQEMU: Bool { host.name == "QEMU" }

    /// Which machine takes such a disk by itself, on which controller, and the drivers that it needs: all of one of these groups.
    var host: (name: String, controller: String, drivers: [[String]]) {
        switch self {
        case .raw, .img, .qcow2: ("QEMU", "virtio", [DiskController.virtio.drivers])
        case .vdi: ("VirtualBox", "SATA", [["ahci"]])
        case .vmdk: ("VMware", "SATA or SCSI", [["ahci"], ["vmw_pvscsi"], ["mptspi"]])
        case .vhd, .vpc: ("Hyper-V", "IDE (generation 1)", [["hv_vmbus", "hv_storvsc"]])
        case .vhdx: ("Hyper-V", "SCSI", [["hv_vmbus", "hv_storvsc"]])
        }
    }
}
