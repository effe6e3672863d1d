internal import Basics

/// What starts docker-btrfs-init, and what stops the boot when it fails.
func start(in image: InitramfsImage, by framework: Framework) -> [Finding] {
    switch framework {
    case .none: ownStart(in: image)
    case .dracut: [dracutHook(in: image)]
    case .mkinitcpio: [mkinitcpioHook(in: image)]
    case .initramfsTools: [initramfsToolsScript(in: image)]
    case .dracutWithSystemd, .mkinitcpioWithSystemd, .systemd: systemdUnit(in: image)
    }
}

private func ownStart(in image: InitramfsImage) -> [Finding] {
    let path: Path = "init"
    guard let entry = image.target(of: path) else { return [Finding(mark: .missing, subject: "init", text: "there is no \(path)")] }
    let found = program(entry, at: path)
    let missing = (["dev", "proc", "sys", "run", "sysroot", "tmp"] as [Path]).filter { image.target(of: $0)?.kind != .directory }
    if found.mark == .missing || missing.isEmpty { return [Finding(mark: found.mark, subject: "init", text: found.text)] }
    return [Finding(mark: .missing, subject: "init", text: "there is no directory \(missing.map(\.description).joined(separator: ", "))")]
}

private let systemdFolders: [Path] = ["usr/lib/systemd/system", "lib/systemd/system", "etc/systemd/system"]

private func systemdUnit(in image: InitramfsImage) -> [Finding] {
    // What mkinitcpio puts in where the hook stands before 'systemd', and what nothing runs.
    if image.target(of: "hooks/docker-btrfs") != nil && image.target(of: systemdFolders[0] / "docker-btrfs.service") == nil {
        return [Finding(mark: .missing, subject: "unit", text: "'docker-btrfs' stands before 'systemd' in HOOKS")]
    }
    let unit: Path = "docker-btrfs.service"
    let link: Path = "sysroot.mount.requires/docker-btrfs.service"
    let units = systemdFolders.map { $0 / unit }.filter { image.target(of: $0)?.kind == .file }
    let links = systemdFolders.map { $0 / link }.filter { image.target(of: $0)?.kind == .file }
    return [
        units.first.map { Finding(mark: .ok, subject: "unit", text: $0.description) }
            ?? Finding(mark: .missing, subject: "unit", text: "there is no \(systemdFolders[0] / unit)"),
        links.first.map { Finding(mark: .ok, subject: "link", text: "\($0): a failure stops the boot") }
            ?? Finding(
                mark: .missing, subject: "link",
                text: "there is no \(systemdFolders[0] / link): without it, a failure would boot an old root"),
        udevRules(in: image),
    ]
}

private func udevRules(in image: InitramfsImage) -> Finding {
    let paths = (["usr/lib/udev", "lib/udev", "etc/udev"] as [Path]).map { $0 / "rules.d/65-docker-btrfs.rules" }
    let found = paths.first { image.target(of: $0)?.kind == .file }
    let missing = "there is no \(paths[0]): with rootflags=degraded, systemd would wait for missing devices for ever"
    return Finding(mark: found == nil ? .note : .ok, subject: "rules", text: found?.description ?? missing)
}

private func dracutHook(in image: InitramfsImage) -> Finding {
    let found = image.paths.first { path in
        display(path.name).hasSuffix("-docker-btrfs.sh") && path.parent.name.elementsEqual("pre-mount".utf8)
    }
    guard let found else {
        return Finding(mark: .missing, subject: "hook", text: "there is no pre-mount hook 'docker-btrfs.sh'")
    }
    return Finding(mark: .ok, subject: "hook", text: found.description)
}

private func mkinitcpioHook(in image: InitramfsImage) -> Finding {
    let hook: Path = "hooks/docker-btrfs"
    if image.target(of: hook)?.kind != .file { return Finding(mark: .missing, subject: "hook", text: "there is no \(hook)") }
    guard let runtime = image.hooks(by: "config"), runtime.contains("docker-btrfs") else {
        return Finding(mark: .missing, subject: "hook", text: "\(hook) is not among the hooks that /config has run")
    }
    if let later = firstOfTooLate(in: runtime) ?? image.hooks(by: "buildconfig").flatMap({ firstOfTooLate(in: $0) }) {
        return Finding(mark: .missing, subject: "hook", text: "'docker-btrfs' stands before '\(later)' in HOOKS")
    }
    return Finding(mark: .ok, subject: "hook", text: hook.description)
}

/// The first hook after ours that has to be before it: what it needs at boot comes from there.
private func firstOfTooLate(in hooks: [String]) -> String? {
    let earlier: Set<String> = [
        "base", "udev", "systemd", "modconf", "block", "mdadm", "mdadm_udev", "dmraid", "encrypt", "sd-encrypt", "lvm2", "resume",
    ]
    return hooks.drop { $0 != "docker-btrfs" }.first { earlier.contains($0) }
}

extension InitramfsImage {
    /// The hooks that a file of mkinitcpio's names last, as a list. What the shell would have to work out first is passed over.
    fileprivate func hooks(by file: Path) -> [String]? {
        let list = lines(of: file).last { $0.hasPrefix("HOOKS=") && !$0.contains("$") }
        return list?.dropFirst(6).split { " \"'()".contains($0) }.map { String($0) }
    }
}

private func initramfsToolsScript(in image: InitramfsImage) -> Finding {
    let script: Path = "scripts/local-premount/docker-btrfs"
    guard let entry = image.target(of: script), entry.kind == .file else {
        return Finding(mark: .missing, subject: "script", text: "there is no \(script)")
    }
    if entry.permissions & 0o100 == 0 { return Finding(mark: .missing, subject: "script", text: "\(script) cannot be run") }
    let order = image.lines(of: "scripts/local-premount/ORDER")
    if order.contains(where: { $0.contains("/scripts/local-premount/docker-btrfs ") }) {
        return Finding(mark: .ok, subject: "script", text: script.description)
    }
    return Finding(mark: .missing, subject: "script", text: "\(script) is not in \(script.parent)/ORDER, which says what runs")
}
