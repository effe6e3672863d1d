internal import Basics
internal import CLinux
internal import Files

/// GRUB for one firmware. It is made from its modules, as grub-install does, and nothing is installed on the machine that makes it.
struct GrubLoader {
    /// As grub-mkimage(1) calls it.
    let platform: String
    /// The Debian package with its modules.
    let package: String
    private let modules: [String]
    /// The files without which it cannot be made, beside its modules.
    private let parts: [String]

    static let bios = GrubLoader(
        platform: "i386-pc", package: "grub-pc-bin", modules: ["biosdisk"],
        parts: ["kernel.img", "boot.img", "diskboot.img", "lzma_decompress.img"])
    static let uefi = GrubLoader(platform: "x86_64-efi", package: "grub-efi-amd64-bin", modules: ["efi_gop"], parts: ["kernel.img"])

    static func all(for firmware: Firmware) -> [GrubLoader] { (firmware.hasBIOS ? [bios] : []) + (firmware.hasUEFI ? [uefi] : []) }

    /// All that a menu of `BootEntries` may ask for: there are no module files on the disk.
    private static let common = [
        "part_gpt", "part_msdos", "fat", "btrfs", "ext2", "normal", "configfile", "linux", "search", "search_fs_uuid", "search_label",
        "echo", "test", "loadenv", "serial", "terminal", "ls", "cat", "sleep", "halt", "reboot",
    ]

    /// Whether a folder has all that `make` asks for: also the modules that its modules need, which moddep.lst tells.
    func isThere(in folder: String) throws(Failure) -> Bool {
        guard let table = try fileContents("\(folder)/\(platform)/moddep.lst") else { return false }
        var needs: [String: [String]] = [:]
        for line in String(decoding: table, as: UTF8.self).parts(at: "\n") {
            let fields = line.parts(at: ":", maxSplits: 1)
            if fields.count == 2 { needs[fields[0]] = fields[1].parts(at: " ") }
        }
        var left = modules + Self.common
        var names: Set<String> = []
        while let name = left.popLast() {
            if names.insert(name).inserted { left += needs[name] ?? [] }
        }
        return (parts + names.map { "\($0).mod" }).allSatisfy { access("\(folder)/\(platform)/\($0)", F_OK) == 0 }
    }

    /// How the programs are made, each where it is wanted.
    struct Making {
        private let core: String?
        private let program: String?
        private let folder: String
        private let early: String

        /// The files to write, from the modules in `folder`; their menu is `/grub/grub.cfg` of the filesystem `system`.
        init(bios core: String?, uefi program: String?, from folder: String, system: String, in scratch: String) throws(Failure) {
            (self.core, self.program, self.folder) = (core, program, folder)
            early = "\(scratch)/early.cfg"
            let text = "search --no-floppy --fs-uuid --set=root \(system)\nset prefix=($root)/grub\n"
            try Directory(opening: scratch, label: "").write(Array(text.utf8), mode: 0o600, to: "early.cfg")
        }

        /// Makes them; why that was not possible.
        func failureOfMaking() async -> Failure? {
            // On two processors both take as long as one.
            async let first = GrubLoader.bios.failure(making: core, from: folder, early)
            async let second = GrubLoader.uefi.failure(making: program, from: folder, early)
            return await [first, second].compactMap { $0 }.first
        }
    }

    /// Why it could not be made; nil also where it is wanted nowhere.
    private func failure(making output: String?, from folder: String, _ early: String) async -> Failure? {
        guard let output else { return nil }
        let command = [
            Tools.grubImage, "--directory", "\(folder)/\(platform)", "--format", platform, "--prefix", "(,gpt2)/grub",
            "--config", early, "--output", output,
        ]
        do throws(Failure) {
            try await Tools.run(command + modules + Self.common, to: "make GRUB for \(platform)")
            return nil
        } catch {
            return error
        }
    }

    /// The menu's beginning. Entries are in files of their own, which `docker-btrfs deploy` replaces.
    static let configuration = """
        # Written once by docker-btrfs, when this disk was made. It is yours to change: the entries are in docker-btrfs.cfg.
        set timeout=2
        set default=0
        if [ -s $prefix/grubenv ]; then load_env; fi
        if [ "${next_entry}" ]; then
            set default="${next_entry}"
            set next_entry=
            save_env next_entry
            set boot_once=true
        fi
        # A firmware of UEFI has its console on the serial port by itself.
        if [ "${grub_platform}" = pc ]; then
            if serial --unit=0 --speed=115200; then
                terminal_input console serial
                terminal_output console serial
            fi
        fi
        source $prefix/custom.cfg

        """

    /// Writes GRUB where a BIOS looks for it: the code of the first sector, which loads the core from its partition. grub-bios-setup does
    /// the same, and wants a device.
    static func embed(boot: [UInt8], core: [UInt8], in disk: Int32, _ layout: DiskLayout) throws(Failure) {
        func put(_ number: UInt64, _ bytes: inout [UInt8], at offset: Int) {
            for index in 0..<8 { bytes[offset + index] = UInt8(truncatingIfNeeded: number >> (8 * UInt64(index))) }
        }
        var (boot, core) = (boot, core)
        guard boot.count == 512, core.count > 512, core.count <= layout.loader.count else {
            throw Failure("GRUB's boot.img has \(boot.count) bytes and its core \(core.count)")
        }
        // GRUB_BOOT_MACHINE_KERNEL_SECTOR of boot.S, and the only blocklist of diskboot.S.
        put(UInt64(layout.loaderStart), &boot, at: 0x5c)
        put(UInt64(layout.loaderStart) + 1, &core, at: 0x1f4)
        // Behind the code is the partition table of the first sector.
        let code = Array(boot[..<440])
        if pwrite(disk, code, code.count, 0) != code.count || pwrite(disk, core, core.count, off_t(layout.loader.lowerBound)) != core.count
        {
            throw .reason()
        }
    }
}
