internal import Programs

extension DiskPlan {
    /// How the disk is started.
    public var start: [String] {
        let file = choices.output
        let drive = "file=\(Emulator.value(file)),format=\(format.emulated)"
        let bytes =
            choices.sector == 512
            ? "-drive \(typedWord(drive + ",if=virtio"))"
            : "-drive \(typedWord(drive + ",if=none,id=disk")) -device \(Emulator.device(choices.sector))"
        let uefi = choices.firmware.hasBIOS ? "" : " -bios \(Emulator.firmware)"
        let kvm = Emulator.hasEmulatedKVM ? "" : " -accel kvm"
        let machine = "-accel tcg -cpu max -m \(Emulator.usualMemory) -nic user,model=virtio-net-pci"
        let line = "qemu-system-x86_64\(kvm) \(machine)\(uefi) \(bytes) -nographic"
        return format.isOfQEMU
            ? ["start it: \(line)"]
            : ["start it: a machine of \(format.host.name) with '\(file)' on \(format.host.controller), or", "    \(line)"]
    }
}
