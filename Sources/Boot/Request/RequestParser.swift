public import Basics
internal import Images

extension Request {
    /// The key that asks for docker-btrfs by hand; programs say `docker_deployed=`.
    public static let optIn = KernelCommandLine.Key.dockerPath
    /// What asks for docker-btrfs, for a person.
    public static let optIns = "'docker_path=' or 'docker_deployed='"

    /// Whether a boot is any of our business: one of two keys is there.
    public static func isAsked(by line: KernelCommandLine) -> Bool { line.last(optIn) != nil || line.last(.dockerDeployed) != nil }

    /// Whether the command line says which image is booted, so that no configuration is needed.
    public static func isImageNamed(by line: KernelCommandLine) -> Bool {
        line.value(.dockerImage) != nil || line.last(.dockerDeployed) != nil
    }

    /// Reads what is asked. nil where nothing asks for docker-btrfs. Fails with the first key that is missing or wrong.
    public init?(_ line: KernelCommandLine, _ configuration: Configuration) throws(Failure) {
        if !Self.isAsked(by: line) { return nil }
        let store = try storePlace(line)
        dockerPath = store.path
        self.store = StoreChoice(kind: try storeKind(line), namespace: line.value(.dockerNamespace))
        let root = try RootArguments(line)
        self.root = root
        dockerDevice = store.device == root.device ? nil : store.device
        let flags = try rootFlags(root)
        name = flags.name
        rootOptions = flags.options
        try checkFilesystemType(root)
        kernel = try choice(line, .dockerKernel, [("loader", .loader), ("image", .image), ("started", .started)])
        isImageChosen = line.value(.dockerImage) != nil
        let deployed = isImageChosen ? nil : try deployedImage(line)
        self.deployed = deployed
        image = if let deployed { ImageReference(deployed) } else { try imageReference(line, configuration, kernel) }
        let layer = try TopLayer(line)
        topLayer = layer
        earlierRoot = try earlier(line)
        mode = try choice(line, .dockerMode, [("fresh", .fresh), ("persist", .persist)])
        onFailure = try choice(
            line, .dockerOnFail, [("previous", .previous), ("stop", .stop), ("reboot", .reboot), ("poweroff", .powerOff)]
        )
        keep = try count(line, .dockerKeep, 1)
        // The first boot of a root that goes on may be one that labels its files (SELinux).
        tries = max(mode == .persist ? 2 : 1, try count(line, .dockerTries, 3))
        let folder = layer?.device == root.device ? layer?.path : nil
        bootFolders = kernelFolders(line) + (folder.map { [$0 / "boot"] } ?? [])
        hostname = line.value(.hostname)
        machineID = line.value(.machineID)
        notes = line.strayKeys
        isForRepair = line.asksForRepair
    }
}

/// `docker_path=`: a path, or `DEVICE:/PATH`.
private func storePlace(_ line: KernelCommandLine) throws(Failure) -> (device: DeviceName?, path: Path?) {
    guard let parameter = line.last(Request.optIn) else { return (nil, nil) }
    var bytes = Array((parameter.value ?? "").utf8)[...]
    var device: DeviceName?
    // Devices have colons in their names too: /dev/disk/by-path/pci-0000:00:1f.2-ata-1.
    let colon = bytes.indices.dropLast().first { bytes[$0] == UInt8(ascii: ":") && bytes[$0 + 1] == UInt8(ascii: "/") }
    if let colon, let name = DeviceName(String(decoding: bytes[..<colon], as: UTF8.self)) {
        device = name
        bytes = bytes[(colon + 1)...]
    }
    let text = String(decoding: bytes, as: UTF8.self)
    return (device, try path(text, key: Request.optIn.rawValue, hint: "'docker_path=/' stands for the top level"))
}

private func storeKind(_ line: KernelCommandLine) throws(Failure) -> StoreKind? {
    guard let word = line.value(.dockerStore) else { return nil }
    if let kind = StoreKind(word) { return kind }
    throw Failure(
        "could not use '\(KernelCommandLine.Key.dockerStore)=\(word)': it is not a kind of store",
        hint: "it is one of " + StoreKind.allCases.map { $0.word }.joined(separator: ", ")
    )
}

/// The last `rootflags=` has to name the root, since most initramfs mount by that one alone.
private func rootFlags(_ root: RootArguments) throws(Failure) -> (name: Path, options: [String]) {
    let flags = root.flags
    if let flag = flags.first(where: { $0.utf8.contains { "\"'".utf8.contains($0) } }) {
        throw Failure(
            "could not use '\(flag)': there are quotes inside rootflags=, which systemd takes off and other initramfs do not",
            hint: "leave them out; where there is white space in it, write \"rootflags=subvol=my root\""
        )
    }
    if let flag = flags.first(where: { $0.begins(with: "subvolid=") }) {
        throw Failure(
            "could not use '\(flag)' in rootflags=: the root is made anew and has another id at each boot",
            hint: "say rootflags=subvol=NAME without subvolid= on the kernel command line: it replaces what dracut wrote to /etc/cmdline.d"
        )
    }
    let names = flags.compactMap { $0.after("subvol=") }
    guard let name = names.first else {
        throw Failure(
            "could not find 'subvol=' in rootflags= on the kernel command line: nothing says what the root is to be called",
            hint: "add rootflags=subvol=NAME, for example rootflags=subvol=docker_rwlayer"
        )
    }
    if names.count > 1 {
        throw Failure("could not choose the root: rootflags= has subvol= \(names.count) times: \(names.joined(separator: ", "))")
    }
    if !root.lastFlags.contains("subvol=\(name)") {
        throw Failure(
            "could not use 'rootflags=\(root.lastFlags.joined(separator: ","))': it is the last one and has no subvol=, and most initramfs would mount the root by it alone",
            hint: "write one rootflags= with all options in it"
        )
    }
    let place = try path(name, key: "subvol", hint: "add the root's name, for example rootflags=subvol=docker_rwlayer")
    if place.isTop {
        throw Failure("could not use 'subvol=\(name)': that is the top level of the filesystem, not a root that can be replaced")
    }
    if place.components.first == Layout.home.name && !Layout.isKept(place) {
        throw Failure(
            "could not use 'subvol=\(name)': '\(Layout.home)' is where docker-btrfs keeps things",
            hint: "choose another name, or docker_root=NUMBER for a root that was kept"
        )
    }
    if Layout.roots(of: place).name.count > 255 {
        throw Failure("could not use 'subvol=\(name)': the name is too long to keep roots under it", hint: "choose a shorter name")
    }
    return (place, flags.filter { !$0.begins(with: "subvol=") && $0 != "ro" && $0 != "rw" })
}

private func checkFilesystemType(_ root: RootArguments) throws(Failure) {
    let types = root.filesystemTypes
    if types.isEmpty || types.contains("btrfs") { return }
    throw Failure("could not use 'rootfstype=\(types.joined(separator: ","))': the root of docker-btrfs is on btrfs")
}

private func earlier(_ line: KernelCommandLine) throws(Failure) -> Request.EarlierRoot? {
    guard let text = line.value(.dockerRoot) else { return nil }
    if text == "previous" { return .previous }
    if let number = Layout.number(Array(text.utf8)) { return .number(number) }
    throw Failure("could not use 'docker_root=\(text)': it must be previous or the number of a kept root")
}

/// One of the words that a key may have; the first is the default.
private func choice<Value>(_ line: KernelCommandLine, _ key: KernelCommandLine.Key, _ words: [(String, Value)]) throws(Failure) -> Value {
    guard let text = line.value(key) else { return words[0].1 }
    for (word, value) in words where word == text { return value }
    throw Failure("could not use '\(key)=\(text)': it must be one of \(words.map { $0.0 }.joined(separator: ", "))")
}

private func count(_ line: KernelCommandLine, _ key: KernelCommandLine.Key, _ usual: Int) throws(Failure) -> Int {
    try line.value(key).map { text throws(Failure) in try number(text, key) } ?? usual
}

/// GRUB says where the kernel was (`BOOT_IMAGE=/boot/vmlinuz`, or `(hd0,gpt2)/boot/vmlinuz`), rEFInd and the EFI stub where the initramfs was
/// (`initrd=\boot\initrd.img`).
private func kernelFolders(_ line: KernelCommandLine) -> [Path] {
    (line.values(.bootImage) + line.values(.initrd)).compactMap { file in
        let path = file.begins(with: "(") ? file.utf8.drop { $0 != UInt8(ascii: ")") }.dropFirst() : file.utf8[...]
        return Path(path.map { $0 == UInt8(ascii: "\\") ? UInt8(ascii: "/") : $0 })?.parent
    }
}

private func deployedImage(_ line: KernelCommandLine) throws(Failure) -> ImageID? {
    guard let parameter = line.last(.dockerDeployed) else { return nil }
    let text = parameter.value ?? ""
    if case .id(let id) = try? ImageReference(text).kind { return id }
    throw Failure(
        "could not use 'docker_deployed=\(text)': it is not an image id in full",
        hint: "docker-btrfs deploy writes it; docker_image= takes a name"
    )
}

private func imageReference(
    _ line: KernelCommandLine, _ configuration: Configuration, _ kernel: Request.KernelChoice
) throws(Failure) -> ImageReference {
    if let image = line.value(.dockerImage) ?? configuration.image { return try ImageReference(image) }
    // The root is made, and the image's own initramfs need not name the image: this is the id of none.
    if kernel == .started { return ImageReference(ImageID(Digest.of([]))) }
    throw Failure(
        "could not tell which image to boot: neither the kernel command line nor /etc/docker-btrfs.json names one",
        hint: "add docker_image=NAME:TAG to the kernel command line"
    )
}

extension Request.TopLayer {
    /// nil where the kernel command line has no `toplayer=`. Fails with the first key of it that is wrong.
    public init?(_ line: KernelCommandLine) throws(Failure) {
        let text = line.value(.topLayerPath)
        guard line.value(.topLayer) != nil else {
            let key: KernelCommandLine.Key =
                text != nil ? .topLayerPath : line.value(.topLayerFlags) != nil ? .topLayerFlags : .topLayerFilesystemType
            guard let text = line.value(key) else { return nil }
            throw Failure(
                "could not use '\(key)=\(text)': there is no 'toplayer=' on the kernel command line",
                hint: "add toplayer=LABEL=name or another device, the one that holds the top layer"
            )
        }
        device = try line.device(.topLayer)
        path = try text.map { text throws(Failure) in try Boot.path(text, key: "toplayer_path") } ?? .top
        filesystemType = line.value(.topLayerFilesystemType).flatMap { $0 == "auto" ? nil : $0 }
        options = line.value(.topLayerFlags).map { Boot.options($0) } ?? []
    }
}
