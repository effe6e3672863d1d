/// The drivers that an initramfs is given.
enum DriverList {
    /// For any machine: what disks are attached with. docs/initramfs.md has this list too.
    static let generic = [
        // SATA and IDE
        "ahci", "ata_piix", "ata_generic", "sata_nv", "sata_sil", "sata_via",
        // SCSI and RAID controllers
        "sd_mod", "sr_mod", "aacraid", "hpsa", "megaraid_sas", "mpt3sas", "mptsas", "mptspi", "smartpqi", "sym53c8xx",
        // NVMe, UFS
        "nvme", "vmd", "ufshcd_pci",
        // USB
        "xhci_pci", "ehci_pci", "ohci_pci", "uhci_hcd", "usb_storage", "uas",
        // Cards and eMMC
        "mmc_block", "sdhci_pci", "sdhci_acpi", "rtsx_pci_sdmmc",
        // Virtual machines
        "virtio_pci", "virtio_blk", "virtio_scsi", "hv_vmbus", "hv_storvsc", "pci_hyperv", "vmw_pvscsi", "xen_blkfront",
    ]

    /// For a top layer that has a filesystem of its own, with what vfat needs for names.
    static let filesystems = ["ext4", "xfs", "f2fs", "vfat"] + encodings
    static let encodings = ["nls_cp437", "nls_ascii", "nls_iso8859_1", "nls_utf8"]

    /// For a shell.
    static let keyboards = ["i8042", "atkbd", "usbhid", "hid_generic"]

    /// Of the drivers that this machine's devices ask for, those that a disk can depend on.
    static func leadsToDisks(_ file: String) -> Bool {
        guard let drivers = file.firstRange(of: "drivers/") else { return false }
        return folders.contains { file[drivers.upperBound...].hasPrefix($0 + "/") }
    }

    private static let folders = [
        "ata", "block", "dax", "firewire", "hv", "message", "misc/cardreader", "mmc", "nvdimm", "nvme", "pci", "phy", "scsi", "thunderbolt",
        "ufs", "usb/core", "usb/dwc3", "usb/host", "usb/storage", "virtio", "xen",
    ]
}
