/// The drivers that an initramfs is given.
enum DriverList {
    /// For any machine: what disks are attached with. docs/initramfs.md has this list too.
    static let generic = [
        // SATA and IDE
        "ahci", "ata_piix", "ata_generic", "sata_mv", "sata_nv", "sata_sil", "sata_sil24", "sata_via",
        // SCSI and RAID controllers
        "sd_mod", "sr_mod", "aacraid", "hpsa", "megaraid_sas", "mpi3mr", "mpt3sas", "mptsas", "mptspi", "smartpqi", "sym53c8xx",
        // NVMe, UFS
        "nvme", "vmd", "ufshcd_pci",
        // USB
        "xhci_pci", "xhci_pci_renesas", "ehci_pci", "ohci_pci", "uhci_hcd", "usb_storage", "uas",
        // Cards and eMMC
        "mmc_block", "sdhci_pci", "sdhci_acpi", "rtsx_pci_sdmmc", "rtsx_usb_sdmmc",
        // Virtual machines
        "virtio_pci", "virtio_mmio", "virtio_blk", "virtio_scsi", "hv_vmbus", "hv_storvsc", "pci_hyperv", "vmw_pvscsi", "xen_blkfront",
    ]

    /// For a top layer that has a filesystem of its own, with what vfat needs for names.
    static let filesystems = ["ext4", "xfs", "f2fs", "vfat"] + encodings
    static let encodings = ["nls_cp437", "nls_ascii", "nls_iso8859_1", "nls_utf8"]

    /// For the screen of a boot that failed: Ctrl-Alt-Del, or a shell.
    static let keyboards = ["i8042", "atkbd", "usbhid", "hid_generic", "hyperv_keyboard"]

    /// Of the drivers that this machine's devices ask for, those that a disk can depend on.
    static func leadsToDisks(_ file: String, for device: String) -> Bool {
        let drivers = file.firstRange(of: "drivers/").map { file[$0.upperBound...] } ?? ""
        if folders.contains(where: { drivers.hasPrefix($0 + "/") }) { return true }
        // `updates/dkms/…`, `extra/…`: they lie together, a graphics card's beside a disk's.
        return !file.hasPrefix("kernel/") && classes.contains { device.contains($0) }
    }

    /// As modaliases have them: storage, what SD cards are in, USB, Fibre Channel; storage on USB.
    private static let classes = ["bc01", "bc08sc05", "bc0Csc03", "bc0Csc04", "ic08"]

    private static let folders = [
        "ata", "block", "dax", "firewire", "hv", "message", "misc/cardreader", "mmc", "nvdimm", "nvme", "pci", "phy", "scsi", "thunderbolt",
        "ufs", "usb/core", "usb/dwc3", "usb/host", "usb/storage", "virtio", "xen",
    ]
}
