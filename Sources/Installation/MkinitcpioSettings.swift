internal import Basics
internal import CLinux
internal import Files
internal import Programs

extension InitramfsTool {
    /// Why the initramfs may lack the hook of ours in spite of our files; nil where nothing of the kind is seen.
    func overridden(in tree: Directory) async throws(Failure) -> String? {
        guard self == .mkinitcpio else { return nil }
        let script = """
            shopt -s nullglob
            cd "$1/etc/mkinitcpio.conf.d" 2> /dev/null || exit 0
            # In mkinitcpio's order. Nothing is sourced: this may be another system's tree.
            printf '%s\\n' "$2" *.conf | LC_ALL=C.UTF-8 sort -Vu | while IFS= read -r name; do
                if [[ $name == "$2" ]]; then ours=1; continue; fi
                [[ ${ours-} && -f $name ]] || continue
                ! grep -E '^[[:space:]]*HOOKS=' -- "$name" | grep -qvE 'docker-btrfs|\\$\\{?HOOKS' || printf '%s\\n' "$name"
            done
            """
        let name = String(decoding: mkinitcpioDropIn.name, as: UTF8.self)
        let later = try await lines(ofBash: script, tree.pathForPrograms, name).filter { !$0.isEmpty }
        guard let culprit = later.last.flatMap({ Path("etc/mkinitcpio.conf.d/\($0)") }) else { return nil }
        return "'\(tree.show(culprit))' sets HOOKS anew"
    }

    /// What to do where the framework left out what it was told to put in.
    var omissionHint: String {
        switch self {
        case .mkinitcpio: "put 'docker-btrfs' before 'filesystems' where HOOKS is set last, and run this again"
        case .dracut: "look for 'omit_dracutmodules' in /etc/dracut.conf and /etc/dracut.conf.d, and run this again"
        case .initramfsTools: "look at what 'update-initramfs' said above"
        }
    }
}

/// The file for mkinitcpio that is read last of all, unless somebody goes to lengths.
let mkinitcpioDropIn: Path = "etc/mkinitcpio.conf.d/zz-docker-btrfs.conf"
