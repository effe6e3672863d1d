internal import Basics
internal import Initramfs

extension Installer {
    /// Without systemd, the unit that marks a boot as good is started by nobody; nil with systemd, and in a tree without an init.
    func goodMarkNote() throws(Failure) -> String? {
        guard let program = try tree.target(of: "sbin/init") else { return nil }
        for path in systemdPrograms {
            if try tree.target(of: path)?.isSameFile(as: program) == true { return nil }
        }
        return "the init here is not systemd: see that '\(goodMarkCommand)' is run when the system is up, which marks a boot as good"
    }

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
