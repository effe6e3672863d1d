import TestSupport
import Testing

/// The file that mkinitcpio sources after mkinitcpio.conf.
struct MkinitcpioConfigurationTests {
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
        ("", "docker-btrfs"),
        // Whoever put it there has a reason.
        ("base docker-btrfs udev filesystems", "base docker-btrfs udev filesystems"),
        ("docker-btrfs", "docker-btrfs"),
        ("base my-docker-btrfs filesystems", "base my-docker-btrfs docker-btrfs filesystems"),
    ])
    func `the hook among the others`(hooks: String, expected: String) async throws {
        let script = """
            MODULES=(i915) HOOKS=(\(hooks))
            source "$1"
            printf '%s\\n' "${MODULES[*]}" "${HOOKS[*]}"
            compgen -v docker_btrfs || true
            """
        let file = Repository.path("install/mkinitcpio/docker-btrfs.conf")
        #expect(try await output(of: ["bash", "-euc", script, "bash", file]) == "i915 btrfs\n\(expected)\n")
    }
}
