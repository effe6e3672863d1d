internal import Basics

/// What an initramfs needs beside docker-btrfs-init to get to the new root: what the kernel starts, and what switches the root.
func passage(in image: InitramfsImage, of framework: Framework) -> [Finding] {
    switch framework {
    // The program is both.
    case .none: []
    case .dracut, .mkinitcpio: [first(in: image), program(among: ["switch_root"], in: image)]
    case .initramfsTools: [first(in: image), program(among: ["run-init", "switch_root"], in: image)]
    case .dracutWithSystemd, .mkinitcpioWithSystemd, .systemd: [first(in: image), program(among: ["systemctl"], in: image)]
    }
}

private func first(in image: InitramfsImage) -> Finding {
    let path: Path = "init"
    guard let entry = image.target(of: path), entry.kind == .file else {
        return Finding(mark: .missing, subject: "init", text: "there is no \(path), which the kernel starts")
    }
    if entry.permissions & 0o111 == 0 { return Finding(mark: .missing, subject: "init", text: "\(path) cannot be run") }
    // Where it leads: with systemd it is a link.
    return Finding(mark: .ok, subject: "init", text: entry.path.description)
}

/// Looked for where the frameworks' own scripts do.
private func program(among names: [String], in image: InitramfsImage) -> Finding {
    for folder in ["usr/sbin", "usr/bin", "sbin", "bin"] as [Path] {
        for name in names {
            let path = folder.appending(name)
            if let entry = image.target(of: path), entry.kind == .file, entry.permissions & 0o111 != 0 {
                return Finding(mark: .ok, subject: "switch", text: path.description)
            }
        }
    }
    return Finding(
        mark: .missing, subject: "switch", text: "there is no program '\(names.joined(separator: "' or '"))', which starts the new root")
}
