internal import Basics

extension Installer {
    /// What is left to do.
    func next(_ framework: InitramfsTool) -> String {
        let command = "'\(framework.generalCommand)'"
        return switch left {
        case .asked, nil: "next: build the initramfs with \(command)"
        case .otherTree: "next: build the initramfs of '\(tree.show(.top))', with \(command) in it"
        case .container: "this is a container, where it would be built for the machine below; next: \(framework.genericBuild)"
        }
    }
}

extension InitramfsTool {
    /// What builds every initramfs of a system.
    var generalCommand: String {
        switch self {
        case .mkinitcpio: "mkinitcpio -P"
        case .dracut: "dracut --force --regenerate-all"
        case .initramfsTools: "update-initramfs -u -k all"
        }
    }

    /// The same for any machine.
    fileprivate var genericBuild: String {
        switch self {
        case .mkinitcpio: "'mkinitcpio -P' with HOOKS that have no 'autodetect'"
        case .dracut: "'\(generalCommand) --no-hostonly --no-hostonly-cmdline'"
        case .initramfsTools: "'\(generalCommand)' with MODULES=most in /etc/initramfs-tools/initramfs.conf, which it has unless changed"
        }
    }
}
