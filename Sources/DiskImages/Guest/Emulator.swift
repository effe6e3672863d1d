public import Basics
internal import CDisk
internal import CLinux
internal import Files
internal import Programs

/// A disk in QEMU, which keeps nothing of what is written to it unless that is asked for.
public struct Emulator: Sendable {
    public var file: String
    public var format: DiskFormat
    public var isUEFI = false
    /// What the disk addresses by, in bytes.
    public var sector = 512
    var controller = DiskController.virtio
    public var hasDisplay = false
    /// A disk that is thrown away itself needs no other file for that.
    public var keepsWrites = false
    /// None for a machine that has the name and the keys of another one.
    var hasNetwork = true
    /// Ports of this machine that lead to ports of the guest's.
    public var ports: [(host: Int, guest: Int)] = []
    /// In MiB.
    public var memory = Self.usualMemory
    /// What is started without a firmware, on an overlay over a disk of this machine.
    var direct: DirectStart?

    /// The disk of a file that somebody gave: whatever has its name by then, QEMU opens this one.
    private var held: DiskFile?

    /// Where it listens for questions.
    var monitor: String?

    struct DirectStart {
        let disk: WholeDisk
        let kernel: String
        let initrd: String?
        let options: String
    }

    public init(file: String) throws(Failure) {
        self.file = file
        format = try DiskFormat(ofFile: file)
    }

    /// In MiB.
    public static let usualMemory = 2048

    private static let program = "qemu-system-x86_64"

    /// Of Debian, Arch and openSUSE: those that are whole, with the place of their variables, as -bios takes them. Fedora's are in two parts.
    private static let firmwares = [
        "/usr/share/ovmf/OVMF.fd", "/usr/share/edk2/x64/OVMF.4m.fd", "/usr/share/qemu/ovmf-x86_64.bin",
    ]
    static var firmware: String { Tools.first(of: firmwares) { access($0, F_OK) == 0 } }

    /// The disk, as `-device` has it.
    static func device(on controller: DiskController = .virtio, _ sector: Int) -> String {
        controller.device + (sector == 512 ? "" : ",logical_block_size=\(sector),physical_block_size=\(sector)")
    }

    /// A file's name as a value of QEMU's options: a comma ends the value unless it is doubled, and what is before a colon is a protocol
    /// unless a slash comes first.
    static func value(_ file: String) -> String {
        let isProtocol = file.parts(at: "/", omittingEmpty: false)[0].has(":")
        return (isProtocol ? "./" : "") + file.escaping(",", as: ",,")
    }

    /// `withKVM`: whether the processor runs the guest itself.
    public func command(withKVM: Bool) -> [String] { command(withKVM: withKVM, on: file) }

    private func command(withKVM: Bool, on file: String) -> [String] {
        let name = Self.value(file)
        let throwAway = keepsWrites ? "" : ",snapshot=on"
        // Without room for what it writes, it would stand still: whoever looks at it is to see why.
        let disk = Self.device(on: controller, sector) + (monitor == nil ? ",werror=report" : "")
        let forward = ports.map { ",hostfwd=tcp:127.0.0.1:\($0.host)-:\($0.guest)" }.joined()
        return [
            Self.program, "-machine", "q35", "-accel", withKVM ? "kvm" : "tcg,thread=multi", "-cpu", Self.processor(withKVM: withKVM),
            "-smp",
            withKVM ? "2" : "1", "-m", "\(memory)", "-nic", hasNetwork ? "user,model=virtio-net-pci\(forward)" : "none",
            "-device", "virtio-rng-pci", "-no-reboot",
        ]
            + (direct.map { start(from: $0, name) } ?? [
                "-drive", "file=\(name),format=\(format.emulated),if=none,id=disk\(throwAway),cache=unsafe", "-device", disk,
            ]) + (isUEFI ? ["-bios", Self.firmware] : [])
            + (monitor.map { ["-qmp", "unix:\(Self.value($0)),server=on,wait=off"] } ?? [])
            + (hasDisplay ? ["-serial", "mon:stdio"] : ["-nographic"])
    }

    /// The disk below is read past the cache, as the filesystem that is mounted there writes it, and only read.
    private func start(from direct: DirectStart, _ overlay: String) -> [String] {
        let disk = Self.value(direct.disk.path)
        let below = "backing.driver=raw,backing.read-only=on,backing.file.driver=host_device,backing.file.filename=\(disk)"
        let node =
            "driver=qcow2,node-name=disk,file.driver=file,file.filename=\(overlay),cache.no-flush=on,\(below),backing.file.cache.direct=on"
        return ["-blockdev", node, "-device", direct.disk.emulated, "-kernel", direct.kernel, "-append", direct.options]
            + (direct.initrd.map { ["-initrd", $0] } ?? [])
    }

    /// The same with the file of the disk, made by whomever, open. Fails where it would have QEMU open others, also by what may be written to
    /// it after this look.
    public func holdingFile() throws(Failure) -> Emulator {
        let held = try DiskFile(file)
        try format.checkNamesNoOther(file, held.descriptor)
        var found = stat()
        if fstat(held.descriptor, &found) != 0 { throw .system("look at '\(file)'") }
        let isWrittenByOthers = Caller.sharesWriting(found.st_mode, group: found.st_gid, held.descriptor)
        if format.mayNameOthers && (isWrittenByOthers || !Caller.isOwn(user: found.st_uid)) {
            let reason = isWrittenByOthers ? "others can write to it, and" : "it belongs to \(Caller.title(ofUser: found.st_uid)), who can"
            throw Failure(
                "could not run '\(file)': \(reason) have it name any file of this machine",
                hint: "run a copy that is yours alone")
        }
        var emulator = self
        // Where others may not read this program, what it has open is root's. A file of an ordinary user's own nobody else replaces.
        if geteuid() == 0 { emulator.held = held }
        return emulator
    }

    /// Fails where a program or a firmware is not there, or a port of this machine is taken.
    public func check() throws(Failure) {
        for (port, _) in ports where disk_listens(Int32(port)) != 0 {
            throw Failure("could not publish on port \(port): \(String(cString: strerror(linux_errno())))", hint: "name another port")
        }
        let lacksFirmware = isUEFI && access(Self.firmware, F_OK) != 0
        try Tools.check([Self.program], also: lacksFirmware ? ["ovmf"] : [], of: "the files of UEFI", to: "start the machine")
    }

    /// Fails where the guest would have more memory than there is. `option` says how much it has.
    public func checkMemory(option: String) throws(Failure) {
        let most = Self.memoryLimit(fileText("/proc/meminfo"), overcommit: fileText("/proc/sys/vm/overcommit_memory"))
        try checkMemory(option: option, most: most)
    }

    func checkMemory(option: String, most: Int?) throws(Failure) {
        guard let most, memory > most else { return }
        throw Failure(
            "could not start the machine with \(memory) MiB of memory: this one has \(most) MiB, with its swap",
            hint: "take a smaller number with \(option)")
    }

    /// In MiB, by two files of /proc: what the machine has, with its swap. Linux gives nobody more, unless it is set up to give whatever is
    /// asked for. nil then, and where that cannot be told.
    static func memoryLimit(_ memory: String, overcommit: String) -> Int? {
        let sizes = memory.parts(at: "\n").compactMap { line -> Int? in
            let words = line.parts(at: " ")
            return words.count > 1 && ["MemTotal:", "SwapTotal:"].contains(words[0]) ? Int(words[1]) : nil
        }
        return sizes.isEmpty || overcommit == "1\n" ? nil : sizes.reduce(0, +) >> 10
    }

    /// Lets it start the way that its disk is made for. Returns what a person would not expect of that; nil where there is nothing, or the
    /// disk does not tell. `hasChosenFirmware`: somebody chose one, which stays.
    public mutating func adaptToDisk(hasChosenFirmware: Bool) async throws(Failure) -> String? {
        guard let start = try await DiskStart(of: firstBytes()) else { return nil }
        let before = (isUEFI: isUEFI, sector: sector)
        sector = start.sector
        if !hasChosenFirmware { isUEFI = !start.hasBIOS }
        if isUEFI != before.isUEFI { try check() }
        let isSector = sector != 512 || sector != before.sector
        let found = isSector ? "the disk has sectors of \(sector) bytes" : "the disk has no loader for a BIOS"
        if !isUEFI && !start.hasBIOS { return "\(found): no BIOS will start it" }
        if isUEFI != before.isUEFI { return "\(found): \(isUEFI ? "UEFI" : "a BIOS") starts it" }
        return sector == before.sector ? nil : found
    }

    /// Of the disk, as a guest reads it; none where they cannot be had.
    func firstBytes() async throws(Failure) -> [UInt8] {
        guard let converter = format.converter else {
            let disk = if let held { held } else { try DiskFile(file) }
            return disk.read(at: 0, DiskStart.size) ?? []
        }
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        // A name with a colon is no protocol then.
        let name = fileForQEMU.begins(with: "/") ? fileForQEMU : "./\(fileForQEMU)"
        let copy = folder.file("start")
        let outcome = try await runProgram([
            "qemu-img", "dd", "-U", "-f", converter, "-O", "raw", "bs=\(DiskStart.size)", "count=1", "if=\(name)", "of=\(copy)",
        ])
        if outcome?.status != 0 { return [] }
        return try fileContents(copy) ?? []
    }

    private var fileForQEMU: String { held.map { pathForPrograms(of: $0.descriptor) } ?? file }

    /// What becomes QEMU, which is to end with this program, however that ends.
    func process(withKVM: Bool) -> [String] {
        ["setpriv", "--pdeathsig", "KILL"] + command(withKVM: withKVM, on: fileForQEMU)
    }

    /// Runs it on this terminal until it ends.
    public func run(withKVM: Bool) async throws(Failure) {
        defer { withExtendedLifetime(held) {} }
        try await execute(process(withKVM: withKVM), to: "run '\(file)' in QEMU")
    }

    /// Whether a guest gets to run: /dev/kvm may be there and not work, in a virtual machine. A first sector that answers is one.
    public static func hasKVM() async throws(Failure) -> Bool {
        if access("/dev/kvm", R_OK | W_OK) != 0 { return false }
        return try await answers(with: "kvm")
    }

    /// Whether there is a /dev/kvm and no processor that has what it needs: another hypervisor emulates that, and kernels may stand still in it.
    static var hasEmulatedKVM: Bool {
        if access("/dev/kvm", F_OK) != 0 { return false }
        let flags = fileText("/proc/cpuinfo").parts(at: "\n").first { $0.hasPrefix("flags") }?.parts(at: " ") ?? []
        return !flags.contains("vmx") && !flags.contains("svm")
    }

    private static func processor(withKVM: Bool) -> String { withKVM ? "host" : "max" }

    static func answers(with accelerator: String) async throws(Failure) -> Bool {
        let folder = try TemporaryFolder()
        // SeaBIOS starts no disk of a few sectors.
        let disk = TrialSector.bytes + [UInt8](repeating: 0, count: (1 << 20) - TrialSector.bytes.count)
        try Directory(opening: folder.path).write(disk, mode: 0o600, to: "disk")
        let command = [
            "timeout", "2", program, "-machine", "q35", "-accel", accelerator, "-cpu", processor(withKVM: accelerator == "kvm"),
            "-nodefaults", "-display", "none", "-device",
            "isa-debug-exit,iobase=0xf4,iosize=4", "-device", "virtio-blk-pci,drive=probe,bootindex=0", "-drive",
            "file=\(value(folder.file("disk"))),format=raw,if=none,id=probe,readonly=on",
        ]
        return try await runProgram(command)?.status == TrialSector.status
    }
}
