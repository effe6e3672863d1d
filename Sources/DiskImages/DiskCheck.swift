internal import Basics
internal import Boot
internal import Deployments
internal import Images

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

    init(_ source: ImageSource, _ choices: DiskChoices, _ format: DiskFormat) throws(Failure) {
        let files = source.files
        let (found, kernel) = try check(files, of: source.image.reference.description, kernel: choices.kernel)
        self.kernel = kernel
        var hasDocker = false
        for path in ["usr/bin/dockerd", "usr/sbin/dockerd"] as [Path] where try files.target(of: path) != nil { hasDocker = true }
        self.hasDocker = hasDocker
        hasDockerSettings = try files.status(of: "etc/docker/daemon.json") != nil
        hasIdleNetworkd = found.contains(where: \.isOfIdleNetworkd)
        let mayLogIn = choices.passwordFile != nil || choices.keyFile != nil || choices.topLayer != nil
        // The disk's top layer has what is taken away at boot, and the options of this command somebody who logs in.
        findings = found.filter { $0.subject != "identity" && !$0.isOfIdleNetworkd && !($0.subject == "login" && mayLogIn) }.map {
            finding in
            guard finding.subject == "login" else { return finding }
            return ImageFinding(
                weight: finding.weight, subject: finding.subject, text: finding.text, remedy: "--root-password-file FILE, or --ssh-key FILE"
            )
        }
        if choices.keyFile != nil, try files.target(of: "usr/sbin/sshd") == nil {
            add("ssh", "--ssh-key is of no use: there is no sshd", "RUN apt-get install --yes openssh-server")
        }
        try checkContainer(files)
        if let kernel { try checkDrivers(of: kernel, in: files, for: format, choices.plain?.rawValue ?? "btrfs") }
    }

    private mutating func add(_ subject: String, _ text: String, _ remedy: String, _ weight: ImageFinding.Weight = .warning) {
        findings.append(ImageFinding(weight: weight, subject: subject, text: text, remedy: remedy))
    }

    /// What makes init scripts take the machine for a container. The marks themselves are taken away at boot.
    private mutating func checkContainer(_ files: ImageFiles) throws(Failure) {
        guard let content = try files.contents(of: "etc/rc.conf", limit: 1 << 20) else { return }
        for line in String(decoding: content, as: UTF8.self).split(separator: "\n") {
            let line = line.split(separator: "#", omittingEmptySubsequences: false).first ?? ""
            let words = line.split { " \t=\"'".contains($0) }
            if words.count == 2, words[0] == "rc_sys", ["docker", "lxc", "podman"].contains(words[1]) {
                add(
                    "container", "etc/rc.conf says rc_sys=\"\(words[1])\": OpenRC leaves out what a machine needs",
                    "RUN sed -i '/^rc_sys=/d' /etc/rc.conf")
            }
        }
    }

    private mutating func checkDrivers(of kernel: String, in files: ImageFiles, for format: DiskFormat, _ filesystem: String)
        throws(Failure)
    {
        var names: Set<Substring> = []
        for folder in ["lib/modules", "usr/lib/modules"] {
            for file in ["modules.dep", "modules.builtin"] {
                guard let path = Path("\(folder)/\(kernel)/\(file)"), let content = try files.contents(of: path, limit: 64 << 20) else {
                    continue
                }
                for line in String(decoding: content, as: UTF8.self).split(separator: "\n") {
                    let name = line.prefix { $0 != ":" }.split(separator: "/").last ?? ""
                    names.insert(Substring(name.prefix { $0 != "." }.replacing("-", with: "_")))
                }
            }
        }
        if !names.contains(Substring(filesystem)) {
            return add(
                "drivers", "the kernel \(kernel) has no \(filesystem), which the disk has", "RUN apt-get install --yes linux-image-amd64",
                .error)
        }
        let host = format.host
        let lacks = host.drivers.map { group in group.filter { !names.contains(Substring($0)) } }
        if lacks.contains(where: \.isEmpty) { return }
        let drivers = lacks.map { $0.joined(separator: " and ") }.joined(separator: " or ")
        let others = ["virtio_blk", "virtio_scsi", "ahci", "nvme"].filter { names.contains(Substring($0)) }
        let text = "\(host.name) has a .\(format.rawValue) on \(host.controller), and the kernel \(kernel) no \(drivers)"
        if others.isEmpty {
            add("drivers", text, "RUN apt-get install --yes linux-image-amd64", .error)
        } else {
            add(
                "drivers", text,
                "RUN apt-get install --yes linux-image-amd64; or choose another controller for it, of \(others.joined(separator: ", "))")
        }
    }
}
