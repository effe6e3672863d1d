internal import Basics
internal import Boot
internal import BootEntries
internal import Deployments
internal import Images
internal import Initramfs

/// What is wrong with an image for a disk of some format.
struct DiskCheck {
    private(set) var findings: [ImageFinding]
    /// nil where there is none.
    let kernel: String?
    /// Whether there is a Docker that finds its images on the disk.
    let hasDocker: Bool
    /// Whether systemd-networkd only has to be told what to set up.
    let hasIdleNetworkd: Bool
    /// Whether it brings its own settings of Docker.
    let hasDockerSettings: Bool
    let initSystem: InitSystem
    let hasShell: Bool
    /// Where the kernel is from, if not from the image itself.
    let kernelSource: ImageSource?
    /// What the top layer is to bring.
    private(set) var fixes: [Fix] = []
    /// Of the virtual machine that a rehearsal's disk is for.
    private(set) var controller = DiskController.virtio

    init(_ source: ImageSource, _ choices: DiskChoices, _ format: DiskFormat, _ options: KernelOptions) throws(Failure) {
        let files = source.files
        let own = try InitSystem(of: files, options.initProgram)
        let missing = own == .inittab(isBusybox: true) ? try InitSystem.missingStart(in: files) : nil
        initSystem = missing != nil && choices.isService ? .none : own
        hasShell = try files.target(of: "bin/sh")?.isExecutableFile == true
        kernelSource = try choices.kernelImage.map { name throws(Failure) in
            try ImageSource(name, in: choices.dataRoot, StoreChoice(namespace: choices.namespace))
        }
        // One that is to bring the init would be no more than files beside it.
        let topLayer = try initSystem == .none ? nil : choices.topLayer.map { path throws(Failure) in try Directory(opening: path) }
        let (all, kernel) = try Self.found(source, choices, kernelSource, under: topLayer, options)
        self.kernel = kernel?.release
        // What busybox does, which the top layer brings.
        let ofBusybox: [ImageFinding.Subject] = choices.isService && initSystem == .none ? [.system, .devices, .network] : []
        let found = all.filter { !ofBusybox.contains($0.subject) }
        var hasDocker = false
        for path in ["usr/bin/dockerd", "usr/sbin/dockerd"] as [Path] where try files.target(of: path) != nil { hasDocker = true }
        self.hasDocker = hasDocker
        hasDockerSettings = try files.status(of: "etc/docker/daemon.json") != nil
        hasIdleNetworkd = found.contains { $0.cause == .idleNetworkd }
        let serial = choices.options.map { $0.contains("console=ttyS0") } ?? format.isOfQEMU
        let fixable = initSystem == .none || choices.machine != nil ? [] : try Fix.all(for: files, initSystem, found, serial: serial)
        findings = Self.withRemediesOfCommand(Self.withoutWhatTheDiskBrings(found, choices, fixable), choices)
        if choices.keyFile != nil, try files.target(of: "usr/sbin/sshd") == nil {
            add(.ssh, "--ssh-key is of no use: there is no sshd", "RUN apt-get install --yes openssh-server")
        }
        if choices.isUnified { try checkTools(files) }
        addInitFindings(missing: missing, choices)
        if choices.fixes {
            fixes = fixable
            findings.removeAll { finding in fixable.contains { $0.finding == finding } }
            findings += fixable.compactMap(\.lacks)
        } else {
            for fix in fixable where !findings.contains(fix.finding) { findings.append(fix.finding) }
        }
        if let kernel {
            try checkDrivers(of: kernel.release, in: kernel.files, for: format, choices)
            if initSystem == .none && choices.isService { try checkModules(of: kernel.release, in: kernel.files) }
        }
    }

    /// What is wrong with the image and with its kernel, which may be another image's; and the kernel, with what that is in.
    private static func found(
        _ source: ImageSource, _ choices: DiskChoices, _ kernelSource: ImageSource?, under topLayer: Directory?, _ options: KernelOptions
    ) throws(Failure) -> (findings: [ImageFinding], kernel: (release: String, files: ImageFiles)?) {
        let files = source.files
        let name = source.image.reference.description
        guard let kernelSource else { return try ImageCheck.check(files, under: topLayer, of: name, kernel: choices.kernel, options) }
        let other = kernelSource.image.reference.description
        let own = try ImageKernel.kernels(in: files).map(\.release)
        // The next deployment takes the image's, and no disk of roots is made for the first one alone.
        if choices.plain == nil, !own.isEmpty {
            throw Failure(
                "could not take the kernel of '\(other)' for '\(name)': that has its own, \(own.joined(separator: ", "))",
                hint: "leave --kernel-image out; a disk that is --plain takes it")
        }
        let (found, kernel) = try ImageCheck.check(kernelSource.files, under: nil, of: other, kernel: choices.kernel, options)
        let ofKernel = found.filter { $0.subject.isOfKernel }.map { $0.ofKernelImage(other) }
        let others = try ImageCheck.shortcomings(of: files, under: topLayer, of: name, options).filter { !$0.subject.isOfKernel }
        return (ofKernel + others, kernel)
    }

    /// The disk's top layer has what is taken away at boot, what networkd sets up, and the options of this command somebody who logs in.
    private static func withoutWhatTheDiskBrings(_ found: [ImageFinding], _ choices: DiskChoices, _ fixable: [Fix]) -> [ImageFinding] {
        let mayLogIn = choices.passwordFile != nil || choices.keyFile != nil || choices.topLayer != nil
        var rest = found
        rest.removeAll { finding in
            switch finding.subject {
            case .identity: true
            case .login: choices.passwordFile != nil || mayLogIn && finding.cause != .openRoot
            case .selinux: choices.plain != nil
            case .network:
                finding.cause == .idleNetworkd || finding.cause == .idleIfup && fixable.contains { $0.finding.subject == .network }
            default: false
            }
        }
        return rest
    }

    /// The same findings: where an option of this command mends one, it is named.
    private static func withRemediesOfCommand(_ found: [ImageFinding], _ choices: DiskChoices) -> [ImageFinding] {
        found.map { finding in
            switch finding.subject {
            case .selinux:
                finding.with(
                    remedy: "--options '… docker_mode=persist': the first boot labels them; or SELINUX=disabled in /etc/selinux/config")
            case .login: finding.with(remedy: "--root-password-file FILE" + (finding.cause == .openRoot ? "" : ", or --ssh-key FILE"))
            case .kernel where choices.kernelImage == nil:
                finding.with(remedy: finding.remedy + "; or --kernel-image IMAGE takes that of another image")
            case .system where !choices.isService && finding.cause == .noInit:
                finding.with(remedy: finding.remedy + "; or --service makes a machine of what the image runs")
            default: finding
            }
        }
    }

    /// An init that is none known here, and one that starts what is not there.
    private mutating func addInitFindings(missing: Path?, _ choices: DiskChoices) {
        if initSystem == .other && choices.machine == nil && (choices.isService || choices.plain == nil) {
            add(
                .initSystem,
                "it is none that is known here: nothing marks a boot as good" + (choices.isService ? ", or starts a service" : ""),
                choices.isService
                    ? "a service is started by systemd, OpenRC, runit or an init with an /etc/inittab; where there is no init, by busybox"
                    : "let it run 'docker-btrfs-init --mark-good' when the system is up",
                choices.isService ? .error : .warning)
        }
        if let missing, !choices.isService && choices.machine == nil {
            add(
                .initSystem, "it is to start '\(missing)', which is not there: nothing loads drivers or sets up the network",
                "install it, as Alpine's openrc; or --service makes a machine of what the image runs")
        }
    }

    private mutating func add(
        _ subject: ImageFinding.Subject, _ text: String, _ remedy: String, _ weight: ImageFinding.Weight = .warning
    ) {
        findings.append(ImageFinding(weight: weight, subject: subject, text: text, remedy: remedy))
    }

    /// What `deploy` needs on the disk.
    private mutating func checkTools(_ files: ImageFiles) throws(Failure) {
        var hasBuilder = false
        for name in ["usr/bin/objcopy", "usr/bin/ukify"] as [Path] where try files.target(of: name) != nil { hasBuilder = true }
        let hasStub = try SystemdLoader.hasStub(in: files)
        if hasBuilder && hasStub { return }
        add(
            .uki, "nothing in it makes a unified kernel image, as its next deploy has to",
            "RUN apt-get install --yes --no-install-recommends binutils \(SystemdLoader.package)")
    }

    /// What the initramfs does not load is loaded by the busybox that the top layer brings.
    private mutating func checkModules(of kernel: String, in files: ImageFiles) throws(Failure) {
        guard let list = Path("lib/modules/\(kernel)/modules.dep") else { return }
        let text = String(decoding: try files.contents(of: list, limit: 64 << 20) ?? [], as: UTF8.self)
        if !text.contains(".ko.zst:") { return }
        add(
            .drivers, "the modules of the kernel \(kernel) are compressed by zstd, which busybox does not unpack: there is no network",
            "--kernel-image with another kernel, such as Debian's")
    }

    private static let kernelRemedy = "the distribution's usual kernel has more: \(ImageKernel.remedy)"

    private mutating func checkDrivers(of kernel: String, in files: ImageFiles, for format: DiskFormat, _ choices: DiskChoices)
        throws(Failure)
    {
        let filesystem = choices.plain?.rawValue ?? "btrfs"
        // A kernel for clouds has none of them.
        let metal = ["ahci", "usb_storage", "uas", "xhci_pci"]
        let usual = ["virtio_blk", "virtio_scsi", "ahci", "nvme"]
        let ofHosts = format.host.drivers.flatMap { $0 } + DiskController.allCases.flatMap(\.drivers)
        let asked = Set(usual + metal + [filesystem]).union(ofHosts)
        let names = try files.modules(of: kernel, among: asked)
        if !names.contains(filesystem) {
            return add(
                .drivers, "the kernel \(kernel) has no \(filesystem), which the disk has", Self.kernelRemedy, .error)
        }
        if choices.machine != nil { return try chooseController(for: kernel, with: names) }
        if format.isOfMetal && !choices.isForEmulator && names.isDisjoint(with: metal) {
            add(
                .drivers,
                "a real machine finds it on NVMe at most, and not on a stick: the kernel \(kernel) has none of \(metal.joined(separator: ", "))",
                Self.kernelRemedy)
        }
        let host = format.host
        let lacks = host.drivers.map { group in group.filter { !names.contains($0) } }
        if lacks.contains(where: \.isEmpty) { return }
        let drivers = lacks.map { $0.joined(separator: " and ") }.joined(separator: " or ")
        let others = usual.filter(names.contains)
        let text = "\(host.name) has a .\(format.rawValue) on \(host.controller), and the kernel \(kernel) no \(drivers)"
        if others.isEmpty {
            add(.drivers, text, Self.kernelRemedy, .error)
        } else {
            add(
                .drivers, text,
                "\(Self.kernelRemedy); or choose another controller for it, of \(others.joined(separator: ", "))")
        }
    }

    /// Fails where a kernel drives no disk of a virtual machine, which says nothing of the machine's own one. What is wrong with the image
    /// comes first.
    private mutating func chooseController(for kernel: String, with modules: Set<String>) throws(Failure) {
        if findings.contains(where: { $0.weight == .error }) { return }
        guard let found = DiskController(drivenBy: modules) else {
            let drivers = DiskController.allCases.map { $0.drivers.joined(separator: " and ") }.joined(separator: ", or ")
            throw Failure(
                "could not rehearse: the kernel \(kernel) drives no disk of a virtual machine, which takes \(drivers)",
                hint: Self.kernelRemedy)
        }
        controller = found
    }
}

extension ImageFinding {
    func ofKernelImage(_ name: String) -> ImageFinding { with(text: "'\(name)', of --kernel-image: \(text)") }
}
