internal import Basics

/// What builds a system's initramfs.
public enum InitramfsTool: String, CaseIterable, Sendable {
    case mkinitcpio
    case dracut
    case initramfsTools = "initramfs-tools"

    /// Where a system has the program that builds.
    private var programs: [Path] {
        switch self {
        case .mkinitcpio: ["usr/bin/mkinitcpio"]
        case .dracut: ["usr/bin/dracut"]
        case .initramfsTools: ["usr/sbin/update-initramfs", "usr/bin/update-initramfs"]
        }
    }

    /// Whether it is there in a system.
    func isInstalled(in tree: Directory) throws(Failure) -> Bool {
        for program in programs where try tree.target(of: program)?.isExecutableFile == true { return true }
        return false
    }

    /// The framework that a system has; of several, the one that made its initramfs, or that docker-btrfs is installed for.
    static func used(in tree: Directory) async throws(Failure) -> InitramfsTool {
        var found: [InitramfsTool] = []
        for framework in allCases where try framework.isInstalled(in: tree) { found.append(framework) }
        guard let first = found.first else {
            throw Failure(
                "could not find what builds the initramfs in '\(tree.show(.top))': no mkinitcpio, dracut or initramfs-tools is there",
                hint: "--framework NAME lays the files for one out all the same"
            )
        }
        if found.count == 1 { return first }
        if let builder = try await builder(in: tree), found.contains(builder) { return builder }
        if let recorded = try tree.record()?.framework, found.contains(recorded) { return recorded }
        throw Failure(
            "could not tell which of them builds the initramfs: \(found.map(\.rawValue).joined(separator: " and ")) are installed",
            hint: "say which: --framework \(found.map(\.rawValue).joined(separator: " or --framework "))"
        )
    }
}
