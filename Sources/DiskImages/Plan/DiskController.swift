/// What a disk of QEMU's is attached to, the usual one first.
enum DiskController: CaseIterable {
    case virtio, sata, nvme

    /// The first that is driven by the modules of a kernel, or by what is built into it; nil where none is.
    init?(drivenBy modules: Set<String>) {
        for controller in Self.allCases where controller.drivers.allSatisfy(modules.contains) {
            self = controller
            return
        }
        return nil
    }

    /// What a kernel needs for it.
    var drivers: [String] {
        switch self {
        case .virtio: ["virtio_pci", "virtio_blk"]
        case .sata: ["ahci", "sd_mod"]
        case .nvme: ["nvme"]
        }
    }

    /// The disk with the name `disk`.
    var device: String {
        switch self {
        case .virtio: "virtio-blk-pci,drive=disk"
        case .sata: "ide-hd,drive=disk"
        case .nvme: "nvme,drive=disk,serial=rehearsal"
        }
    }
}
