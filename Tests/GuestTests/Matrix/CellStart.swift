import TestSupport

/// How a cell's machine comes to its kernel and its initramfs.
extension Cell {
    /// The options of the lab's script `boot`, and QEMU's own.
    func start(_ machine: Machine, _ line: String) async throws -> (options: [String], qemu: [String]) {
        switch row {
        case .unified: (["--uefi"], try await systemPartition(machine, line))
        default:
            (["--kernel", row.kernel, "--initrd", try await initramfs(machine), "--append", line], [])
        }
    }

    /// The first disk that the firmware looks at, with a unified kernel image for this kernel command line.
    private func systemPartition(_ machine: Machine, _ line: String) async throws -> [String] {
        let file = "\(machine.folder)/esp.img"
        try await output(of: Lab.command("matrix-uki", [file, line]))
        return ["-drive", "file=\(file),format=raw,if=none,id=esp,readonly=on", "-device", "virtio-blk-pci,drive=esp,bootindex=0"]
    }

    /// The framework's; where a device is encrypted, with its key.
    private func initramfs(_ machine: Machine) async throws -> String {
        guard column == .encrypted else { return row.file }
        let both = "\(machine.folder)/initrd.img"
        try await output(of: ["bash", "-euc", #"cat "$1" "$2" > "$3""#, "bash", row.file, "\(row.disks)/luks.cpio", both])
        return both
    }
}
