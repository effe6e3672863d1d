internal import Basics
internal import Boot
internal import BootEntries
internal import Files
internal import Initramfs

extension Site {
    /// What hangs on the machine alone, of what check finds: it may come long after an image was deployed, and to all of them at once.
    func mountNotes(of tree: Directory) throws(Failure) -> [String] {
        if disk == nil { return [] }
        let topLayer = try? topLevel.directory(at: settings.topLayer)
        let trees = [topLayer, tree].compactMap { $0 }.map { ImageFiles(of: [$0]) }
        return try ImageFinding.endlessMounts(trees.mounts(), in: trees, on: disk, with: settings.options).map(\.note)
    }

    /// The same of what is held.
    func mountNotes(of deployment: Deployment) throws(Failure) -> [String] {
        try topLevel.held(deployment.chainID).map { tree throws(Failure) in try mountNotes(of: tree) } ?? []
    }
}

extension ImageFinding {
    /// What the fstab of some trees mounts, and this machine does not have, or the trees have nothing that opens: that stops the boot. `roots` is
    /// what the initramfs opens, as it does what the kernel's options name; `find` looks for a device of this machine.
    static func endlessMounts(
        _ mounts: [MountsFile.Line], in trees: [ImageFiles], on roots: MachineDisk?, with options: KernelOptions,
        find: (DeviceName) throws(Failure) -> MachineDisk? = MachineDisk.init(named:)
    ) throws(Failure) -> [ImageFinding] {
        var findings: [ImageFinding] = []
        func add(_ line: MountsFile.Line, _ reason: String, _ remedy: String) {
            let text = "\(display(line.target.utf8)) is on \(display(line.source.utf8)), \(reason)"
            findings.append(ImageFinding(weight: .warning, subject: .fstab, text: text, remedy: remedy))
        }
        for line in mounts {
            guard let name = line.neededDevice, name != roots?.uuid.map({ DeviceName.uuid($0) }) else { continue }
            guard let disk = try find(name) else {
                let (reason, remedy) = MountsFile.Line.absence
                add(line, reason, "'docker-btrfs setup' renews it where setup wrote it; else \(remedy)")
                continue
            }
            let helpers = ["sbin", "usr/sbin", "usr/bin"].map { ($0 as Path).appending("mount.\(line.type)") }
            if line.type == "ntfs-3g" || line.type.hasPrefix("fuse."), try !trees.have(oneOf: helpers) {
                add(
                    line, "whose \(line.type) the image has no mount.\(line.type) for: the boot stops there",
                    "install it in the Dockerfile (ntfs-3g, for example); or add 'nofail' to that line")
            }
            for opener in disk.openers(besides: roots) {
                if try !trees.have(oneOf: opener.programs) {
                    add(
                        line, "which \(opener) opens, and the image has none: the boot stops there",
                        "install it in the Dockerfile: \(opener.packages); or add 'nofail' to that line")
                } else if opener == .cryptsetup, try !namesEncrypted(trees), !namesEncryptedDevices(options.words) {
                    add(
                        line, "which is encrypted, and etc/crypttab names nothing: the boot stops there",
                        "docker-btrfs setup brings this system's; or add 'nofail' to that line")
                }
            }
        }
        return findings
    }

    private static func namesEncrypted(_ trees: [ImageFiles]) throws(Failure) -> Bool {
        let crypttab = String(decoding: try trees.contents(of: "etc/crypttab") ?? [], as: UTF8.self)
        if namesEncryptedDevices(crypttab: crypttab.split(separator: "\n")) { return true }
        // OpenRC has a file of its own.
        return try trees.have(oneOf: ["etc/conf.d/dmcrypt"])
    }
}
