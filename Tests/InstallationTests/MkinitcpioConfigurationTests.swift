import Basics
import TestSupport
import Testing

@testable import Installation

/// The file that mkinitcpio reads after mkinitcpio.conf.
struct MkinitcpioConfigurationTests {
    /// As mkinitcpio has it: the files are joined into one, and arrays are made at the end.
    private func hooks(_ configuration: String, strictly: Bool = true) async throws -> [String] {
        let script = """
            source <(printf '%s' "$2"; cat -- "$1")
            [[ ${HOOKS@a} == *a* ]] || IFS=' ' read -r -a HOOKS <<< "$HOOKS"
            [[ ${MODULES@a} == *a* ]] || IFS=' ' read -r -a MODULES <<< "$MODULES"
            printf '%s\\n' "${MODULES[*]}" "${HOOKS[*]}"
            compgen -v docker_btrfs || true
            """
        let file = Repository.path("install/mkinitcpio/docker-btrfs.conf")
        let text = try await output(of: ["bash", strictly ? "-euc" : "-c", script, "bash", file, configuration])
        return text.split(separator: "\n", omittingEmptySubsequences: false).map { String($0) }
    }

    @Test(arguments: [
        // mkinitcpio's own default, before version 40 and since.
        (
            "base udev autodetect microcode modconf kms keyboard keymap consolefont block filesystems fsck",
            "base udev autodetect microcode modconf kms keyboard keymap consolefont block docker-btrfs filesystems fsck"
        ),
        (
            "base systemd autodetect microcode modconf kms keyboard sd-vconsole block filesystems fsck",
            "base systemd autodetect microcode modconf kms keyboard sd-vconsole block docker-btrfs filesystems fsck"
        ),
        (
            "base udev block encrypt lvm2 resume filesystems fsck",
            "base udev block encrypt lvm2 resume docker-btrfs filesystems fsck"
        ),
        // Hooks that come last all the same: a root must not be mounted before a system has resumed.
        ("base udev block filesystems resume fsck", "base udev block filesystems resume docker-btrfs fsck"),
        ("base udev block filesystems fsck encrypt lvm2", "base udev block filesystems fsck encrypt lvm2 docker-btrfs"),
        ("base udev block", "base udev block docker-btrfs"),
        ("base udev filesystems", "base udev docker-btrfs filesystems"),
        ("filesystems fsck", "docker-btrfs filesystems fsck"),
        // Whoever put it there has a reason.
        ("base docker-btrfs udev filesystems", "base docker-btrfs udev filesystems"),
        ("docker-btrfs", "docker-btrfs"),
        ("base my-docker-btrfs filesystems", "base my-docker-btrfs docker-btrfs filesystems"),
    ])
    func `the hook among the others`(given: String, expected: String) async throws {
        // As an array, as a string, and where the last line has no end.
        for text in ["MODULES=(i915)\nHOOKS=(\(given))\n", "MODULES=i915\nHOOKS=\"\(given)\"\n", "MODULES=i915\nHOOKS=(\(given))"] {
            #expect(try await hooks(text) == ["i915 btrfs", expected, ""], "\(text)")
        }
    }

    @Test(arguments: [
        ("MODULES=()\nHOOKS=()", "btrfs", "docker-btrfs"),
        ("MODULES=\"\"\nHOOKS=\"\"", "btrfs", "docker-btrfs"),
        ("HOOKS='base udev'\n# the end", "btrfs", "base udev docker-btrfs"),
        ("MODULES=\"i915  nvme?\"\nHOOKS=\"base\n  udev\"", "i915 nvme? btrfs", "base docker-btrfs"),
        ("HOOKS=(base udev)\nHOOKS+=(fsck)\nMODULES=('a b')", "a b btrfs", "base udev docker-btrfs fsck"),
        ("", "btrfs", "docker-btrfs"),
    ])
    func `what else a configuration may be`(text: String, modules: String, expected: String) async throws {
        #expect(try await hooks(text) == [modules, expected, ""])
        #expect(try await hooks(text, strictly: false) == [modules, expected, ""])
    }

    @Test(
        arguments: [
            ([:], nil),
            (["omarchy_hooks.conf": "HOOKS=(base udev)\n", "10-mine.conf": "HOOKS=(base)"], nil),
            (["zzz.conf": "HOOKS=(base udev)\n"], nil), (["zz_z.conf": "HOOKS=(base udev)\n"], "zz_z.conf"),
            (["zz-a.conf": "HOOKS=(base udev)\n"], nil),
            (["zz-e.conf": "  HOOKS=\"base udev\"", "zz-f.conf": "# HOOKS=(x)\nMODULES=()\n"], "zz-e.conf"),
            (["zzz.conf": "HOOKS=(base docker-btrfs)\n"], nil), (["zzz.conf": "HOOKS+=(plymouth)\n"], nil),
            (["zzz.conf": "HOOKS=(\"${HOOKS[@]}\" plymouth)\n"], nil), (["zz-e.conf.pacsave": "HOOKS=(base)\n"], nil),
        ] as [([String: String], String?)])
    func `a file that is read later`(files: [String: String], culprit: String?) async throws {
        let system = try System()
        for (name, text) in files { try system.write(text, to: "etc/mkinitcpio.conf.d/\(name)") }
        let expected = culprit.map { "'/etc/mkinitcpio.conf.d/\($0)' sets HOOKS anew" }
        #expect(try await InitramfsTool.mkinitcpio.overridden(in: system.tree()) == expected)
        #expect(try await InitramfsTool.dracut.overridden(in: system.tree()) == nil)
        let said = try await system.install(.mkinitcpio).filter { $0.contains("HOOKS anew") }
        let advice = "put 'docker-btrfs' before 'filesystems' where HOOKS is set last, and run this again"
        #expect(
            said
                == (culprit.map {
                    ["'ROOT/etc/mkinitcpio.conf.d/\($0)' sets HOOKS anew, so docker-btrfs would not be in the initramfs: \(advice)"]
                } ?? []))
    }

    @Test(arguments: [
        ("ALL_config=/etc/mkinitcpio.conf", "HOOKS=(base)\n", "/etc/mkinitcpio.conf"),
        ("ALL_config='/etc/mkinitcpio.conf'", "HOOKS=(base docker-btrfs)\n", nil),
        ("d_config=/etc/other.conf", "# docker-btrfs\nHOOKS=(base)\n", "/etc/other.conf"),
        ("x_config=/etc/other.conf", "HOOKS=(base)\n", nil), ("ALL_config=''", "HOOKS=(base)\n", nil),
        ("d_config=/etc/other.conf", "HOOKS=(base)\n. /etc/mkinitcpio.conf.d/zz-docker-btrfs.conf\n", nil),
        ("d_config=/etc/other.conf", "HOOKS=(base)\n# . /etc/mkinitcpio.conf.d/zz-docker-btrfs.conf\n", "/etc/other.conf"),
    ])
    func `a preset with a configuration of its own`(words: String, text: String, culprit: String?) async throws {
        let system = try System()
        try system.write("PRESETS=(d)\nALL_kver=6.1\nd_image=/boot/i\n\(words)\n", to: "etc/mkinitcpio.d/linux.preset")
        for name in ["mkinitcpio.conf", "other.conf"] { try system.write(text, to: "etc/\(name)") }
        let tree = try system.tree()
        do throws(Failure) {
            let images = try await BuildCommands(.mkinitcpio, in: tree).images
            #expect(images == ["boot/i"])
            #expect(culprit == nil)
        } catch {
            let culprit = culprit ?? ""
            #expect(
                error.description == """
                    could not install: '/etc/mkinitcpio.d/linux.preset' names the configuration '\(culprit)', beside which mkinitcpio \
                    reads no drop-in
                    hint: put 'docker-btrfs' before 'filesystems' into HOOKS in '\(culprit)', or take '…_config=' out of the preset
                    """)
        }
    }

    /// mkinitcpio fails for a hook that is gone, and where the file is that is read last.
    @Test(arguments: [
        ("HOOKS=(base)\n", nil), ("HOOKS=(base docker-btrfs)\n", hookThere), ("HOOKS=\"base docker-btrfs\"\n", hookThere),
        ("HOOKS=(base) # docker-btrfs\nFILES=(/etc/docker-btrfs.json)\n", nil),
        ("HOOKS=(base)\n. /etc/mkinitcpio.conf.d/zz-docker-btrfs.conf\n", dropInThere),
    ])
    func `such a preset where docker-btrfs is taken out`(text: String, complaint: String?) async throws {
        let system = try System()
        try system.write(
            "ALL_config=/etc/mkinitcpio.conf\nPRESETS=(d)\nALL_kver=6.1\nd_image=/boot/i\n", to: "etc/mkinitcpio.d/linux.preset")
        try system.write(text, to: "etc/mkinitcpio.conf")
        let tree = try system.tree()
        do throws(Failure) {
            let images = try await BuildCommands(.mkinitcpio, isLasting: false, in: tree).images
            #expect(images == ["boot/i"])
            #expect(complaint == nil)
        } catch {
            let start = "could not uninstall: '/etc/mkinitcpio.d/linux.preset' names the configuration '/etc/mkinitcpio.conf', which "
            #expect(error.description == start + (complaint ?? ""))
        }
    }

    private static let hookThere = """
        has 'docker-btrfs' in HOOKS still
        hint: take 'docker-btrfs' out of HOOKS in '/etc/mkinitcpio.conf', and run this again
        """
    private static let dropInThere = """
        reads '/etc/mkinitcpio.conf.d/zz-docker-btrfs.conf' still
        hint: take the line that reads '/etc/mkinitcpio.conf.d/zz-docker-btrfs.conf' out in '/etc/mkinitcpio.conf', and run this again
        """
}
