import TestSupport
import Testing

/// What runs in an initramfs before the root is mounted, where a shell runs it.
struct PremountHookTests {
    /// What is called, with that kernel command line. `program` is docker-btrfs-init.
    private func calls(_ hook: String, _ line: String, program: String? = "echo ran") async throws -> String {
        let run = """
            root=$(mktemp -d); trap 'rm -rf "$root"' EXIT
            printf '%s\\n' "$2" > "$root/cmdline"
            [ -z "$3" ] || { printf '#!/bin/sh\\n%s\\n' "$3" > "$root/init"; chmod 755 "$root/init"; }
            echo 'panic() { echo panic; exit; }' > "$root/functions"
            echo 'local_device_setup() { echo "waited ${ROOTDELAY:+$ROOTDELAY s }for $1"; }' > "$root/local"
            sed "s,/proc/cmdline,$root/cmdline,; s,/scripts/,$root/,; s,/usr/bin/docker-btrfs-init,$root/init," "$1" > "$root/hook"
            [ "$4" != mkinitcpio ] || echo run_hook >> "$root/hook"
            modprobe() { :; }; err() { :; }; launch_interactive_shell() { echo panic; exit; }
            ROOT='ZFS=rpool/ROOT/pve-1' . "$root/hook"
            """
        return try await output(of: ["sh", "-uc", run, "", Repository.path("hooks/\(hook)/docker-btrfs"), line, program ?? "", hook])
    }

    /// A root on ZFS is none of these scripts' business, and the program may have gone with its package.
    @Test(arguments: ["initramfs-tools", "mkinitcpio"], ["root=ZFS=rpool/ROOT/pve-1 boot=zfs quiet", "root=/dev/sda2 docker_keep=1"])
    func `a boot that nobody asked of docker-btrfs is left alone`(hook: String, line: String) async throws {
        #expect(try await calls(hook, line) == "")
        #expect(try await calls(hook, line, program: nil) == "")
    }

    /// initramfs-tools knows rootdelay= alone.
    @Test(
        arguments: [
            ("rootwait=60", "60 s "), ("rootwait", "2147483647 s "), ("rootwait=x", ""), ("rootwait= rootwaits=3", ""),
            ("rootwait rootwait=5", "5 s "), ("*", ""),
        ])
    func `the root is waited for as long as rootwait says`(words: String, seconds: String) async throws {
        let told = try await calls("initramfs-tools", "ro \(words) docker_path=/docker")
        #expect(told == "waited \(seconds)for ZFS=rpool/ROOT/pve-1\nran\n")
    }

    @Test(arguments: ["docker_path=/docker", "docker-path=/docker", "\"docker_path=/a b\"", "quiet docker_deployed=0123"])
    func `one that was asked is waited for, and tried again after the shell`(line: String) async throws {
        #expect(try await calls("initramfs-tools", "ro \(line)") == "waited for ZFS=rpool/ROOT/pve-1\nran\n")
        #expect(try await calls("mkinitcpio", "ro \(line)") == "ran\n")
        for hook in ["initramfs-tools", "mkinitcpio"] { #expect(try await calls(hook, line, program: "exit 1").hasSuffix("panic\n")) }
    }
}
