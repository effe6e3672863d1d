public import Basics

extension Request {
    /// The key without which nothing is done.
    public static let optIn = "docker_path"

    /// Reads what is asked. nil where the command line has no `docker_path=`: this boot is none of our business. Fails with
    /// the first key that is missing or wrong.
    public init?(_ line: KernelCommandLine, _ configuration: Configuration) throws(Failure) {
        guard let dockerPath = line.last(Self.optIn) else { return nil }
        self.dockerPath = try path(dockerPath.value ?? "", key: Self.optIn, hint: "'docker_path=/' stands for the top level")
        rootDevice = try line.device("root")
        let flags = try rootFlags(line)
        name = flags.name
        rootOptions = flags.options
        try checkFilesystemType(line)
        patience = try line.patience()
        image = try imageReference(line, configuration)
        isImageChosen = line.value("docker_image") != nil
        let layer = try topLayerRequest(line)
        topLayer = layer
        mode = try choice(line, "docker_mode", [("fresh", .fresh), ("persist", .persist)])
        onFailure = try choice(
            line, "docker_onfail", [("previous", .previous), ("stop", .stop), ("reboot", .reboot), ("poweroff", .powerOff)]
        )
        keep = try count(line, "docker_keep", 1)
        tries = max(1, try count(line, "docker_tries", 3))
        let folder = layer?.device == rootDevice ? layer?.path : nil
        bootFolders = kernelFolders(line) + (folder.map { [$0 / "boot"] } ?? [])
        ignoresHibernation = line.last("noresume") != nil
        hostname = line.value("systemd.hostname")
        machineID = line.value("systemd.machine_id")
        initProgram = try line.value("init").map { text throws(Failure) in try path(text, key: "init") }
    }
}

private func path(_ text: String, key: String, hint: String? = nil) throws(Failure) -> Path {
    if text.isEmpty { throw Failure("could not use '\(key)=': it is empty", hint: hint) }
    // Bytes that were no UTF-8 are this character by now, and would lead to another place than the one that was meant.
    if text.unicodeScalars.contains("\u{fffd}") { throw Failure("could not use '\(key)=\(text)': it is not UTF-8") }
    if text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7f }) {
        throw Failure("could not use '\(key)=\(display(text.utf8))': a path must not contain control characters")
    }
    guard let path = Path(text) else { throw Failure("could not use '\(key)=\(text)': a path must not contain '..'") }
    return path
}

/// Several `rootflags=` are joined, as systemd's fstab-generator does. Others mount with the last one alone, which therefore must
/// name the root.
private func rootFlags(_ line: KernelCommandLine) throws(Failure) -> (name: Path, options: [String]) {
    let flags = line.values("rootflags").flatMap { options($0) }
    if let flag = flags.first(where: { $0.hasPrefix("subvolid=") }) {
        throw Failure(
            "could not use '\(flag)' in rootflags=: the root is made anew and has another id at each boot",
            hint: "say rootflags=subvol=NAME on the kernel command line: it replaces what dracut --hostonly wrote to /etc/cmdline.d"
        )
    }
    let names = flags.filter { $0.hasPrefix("subvol=") }.map { String($0.dropFirst("subvol=".utf8.count)) }
    guard let name = names.first else {
        throw Failure(
            "could not find 'subvol=' in rootflags= on the kernel command line: nothing says what the root is to be called",
            hint: "add rootflags=subvol=NAME, for example rootflags=subvol=docker_rwlayer"
        )
    }
    if names.count > 1 {
        throw Failure("could not choose the root: rootflags= has subvol= \(names.count) times: \(names.joined(separator: ", "))")
    }
    let last = line.last("rootflags")?.value ?? ""
    if !options(last).contains("subvol=\(name)") {
        throw Failure(
            "could not use 'rootflags=\(last)': it is the last one and has no subvol=, and most initramfs would mount the root by it alone",
            hint: "write one rootflags= with all options in it"
        )
    }
    let root = try path(name, key: "subvol", hint: "add the root's name, for example rootflags=subvol=docker_rwlayer")
    if root.isTop {
        throw Failure("could not use 'subvol=\(name)': that is the top level of the filesystem, not a root that can be replaced")
    }
    if root.components.first == Layout.home.name && !Layout.isKept(root) {
        throw Failure(
            "could not use 'subvol=\(name)': '\(Layout.home)' is where docker-btrfs keeps things",
            hint: "choose another name, or a root that was kept: docker-btrfs plan shows where they are"
        )
    }
    return (root, flags.filter { !$0.hasPrefix("subvol=") && $0 != "ro" && $0 != "rw" })
}

private func checkFilesystemType(_ line: KernelCommandLine) throws(Failure) {
    guard let type = line.value("rootfstype"), type != "auto" else { return }
    // The kernel takes a list: rootfstype=btrfs,ext4.
    if !options(type).contains("btrfs") {
        throw Failure("could not use 'rootfstype=\(type)': the root of docker-btrfs is on btrfs")
    }
}

/// One of the words that a key may have; the first is the default.
private func choice<Value>(_ line: KernelCommandLine, _ key: String, _ words: [(String, Value)]) throws(Failure) -> Value {
    guard let text = line.value(key) else { return words[0].1 }
    for (word, value) in words where word == text { return value }
    throw Failure("could not use '\(key)=\(text)': it must be one of \(words.map { $0.0 }.joined(separator: ", "))")
}

private func count(_ line: KernelCommandLine, _ key: String, _ usual: Int) throws(Failure) -> Int {
    guard let text = line.value(key) else { return usual }
    guard let number = Int32(text), number >= 0 else { throw Failure("could not use '\(key)=\(text)': it is not a number") }
    return Int(number)
}

/// GRUB says where the kernel was (`BOOT_IMAGE=/boot/vmlinuz`, or `(hd0,gpt2)/boot/vmlinuz`), rEFInd and the EFI stub where the initramfs was
/// (`initrd=\boot\initrd.img`).
private func kernelFolders(_ line: KernelCommandLine) -> [Path] {
    (line.values("BOOT_IMAGE") + line.values("initrd")).compactMap { file in
        let path = file.hasPrefix("(") ? file.utf8.drop { $0 != UInt8(ascii: ")") }.dropFirst() : file.utf8[...]
        return Path(path.map { $0 == UInt8(ascii: "\\") ? UInt8(ascii: "/") : $0 })?.parent
    }
}

private func imageReference(_ line: KernelCommandLine, _ configuration: Configuration) throws(Failure) -> String {
    if let image = line.value("docker_image") ?? configuration.image { return image }
    throw Failure(
        "could not tell which image to boot: neither the kernel command line nor /etc/docker-btrfs.json names one",
        hint: "add docker_image=NAME:TAG to the kernel command line"
    )
}

private func topLayerRequest(_ line: KernelCommandLine) throws(Failure) -> Request.TopLayer? {
    let text = line.value("toplayer_path")
    guard line.value("toplayer") != nil else {
        guard let text else { return nil }
        throw Failure(
            "could not use 'toplayer_path=\(text)': there is no 'toplayer=' on the kernel command line",
            hint: "add toplayer=LABEL=name or another device, the one that holds \(text)"
        )
    }
    return Request.TopLayer(
        device: try line.device("toplayer"),
        path: try text.map { text throws(Failure) in try path(text, key: "toplayer_path") } ?? .top,
        filesystemType: line.value("toplayerfstype").flatMap { $0 == "auto" ? nil : $0 },
        options: line.value("toplayerflags").map { options($0) } ?? []
    )
}
