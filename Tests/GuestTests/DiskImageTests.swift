import Foundation
import TestSupport
import Testing

/// Disks that `docker-btrfs image` makes, by the firmwares that start them.
struct DiskImageTests {
    /// What is asked of the booted system.
    private static let questions = """
        cat /etc/image-version /etc/hostname
        ls /srv; touch /srv/changed
        systemctl is-active docker-btrfs-good.service docker-btrfs-users.service
        systemctl is-enabled docker-btrfs-update.timer
        grep -c '^root:[$]6[$]' /etc/shadow
        cat /root/.ssh/authorized_keys
        echo "key $(cat /etc/ssh/ssh_host_a_key): $(systemctl show --property ConditionResult --value docker-btrfs-host-keys.service)"
        ls -1 /boot/efi/grub
        docker-btrfs status > /dev/null && echo known
        docker-btrfs root ls | wc -l
        journalctl --quiet --unit docker-btrfs-grow.service --output cat | grep '^enlarge'
        echo $(($(cat /sys/class/block/vda3/size) >> 11)) $(($(stat --file-system --format '%S * %b' /) >> 20))
        """

    private static let image = """
        '\(Repository.companion)' image desktop --data-root docker --grub '\(Lab.folder)/tools/usr/lib/grub' --hostname vm \\
            --options 'console=ttyS0 panic=-1 no_timer_check mitigations=off'
        """

    /// What lets a system run the script of `Machine.answers`, in the top layer `$here/layer`.
    static let scriptFiles = """
        echo 'SUBSYSTEM=="block", ENV{ID_SERIAL}=="script", TAG+="systemd", ENV{SYSTEMD_WANTS}="script.service"' \\
            > "$here/layer/etc/udev/rules.d/90-script.rules"
        printf '%s\\n' '[Service]' Type=exec 'ExecStart=/bin/sh /dev/disk/by-id/virtio-script' StandardOutput=file:/dev/ttyS1 \\
            StandardError=inherit > "$here/layer/etc/systemd/system/script.service"
        """

    private static func expected(roots: Int, growth: String = "") -> String {
        """
        1
        vm
        active
        active
        disabled
        1
        ssh-ed25519 AAAA a key
        key made: \(roots == 1 ? "yes" : "no")
        custom.cfg
        docker-btrfs-earlier.cfg
        docker-btrfs.cfg
        grub.cfg
        grubenv
        known
        \(roots + 1)
        \(growth)12029 12029

        """
    }

    private static let plainQuestions = """
        cat /etc/image-version /etc/hostname
        findmnt --noheadings --output FSTYPE,FSROOT / | tr -s ' '
        findmnt --noheadings --output FSTYPE /boot/efi
        systemctl is-system-running
        grep -c docker /proc/cmdline
        ls -A / /usr/bin | grep -c -e boot_docker -e docker-btrfs
        systemd-detect-virt --container
        grep -c '^root:[$]6[$]' /etc/shadow
        grep -c . /etc/machine-id
        """

    private static let plainAnswers = """
        1
        vm
        ext4 /
        vfat
        running
        0
        0
        none
        1
        1

        """

    // The last with a unified kernel image.
    @Test
    func `a disk of an image starts by BIOS and by UEFI, each time to a new root, grows, and has sectors of 4096 bytes`() async throws {
        try await output(of: Lab.command("article", []))
        try await Machine.with(copyOf: "\(Lab.folder)/article.img") { machine in
            var disk = machine
            disk.disks = ["\(machine.folder)/vm.qcow2"]
            try await machine.change(
                """
                here='\(machine.folder)'; mkdir -p "$here"/layer/{etc/{ssh,udev/rules.d,systemd/system},usr/{bin,sbin}}
                # Any programs of these names.
                printf '#!/bin/sh\\necho made > /etc/ssh/ssh_host_a_key\\n' > "$here/layer/usr/bin/ssh-keygen"
                : > "$here/layer/usr/sbin/sshd"; chmod 755 "$here"/layer/usr/bin/ssh-keygen
                \(Self.scriptFiles)
                echo secret > "$here/password"; echo 'ssh-ed25519 AAAA a key' > "$here/key"
                \(Self.image) --output '\(disk.disks[0])' --top-layer "$here/layer" --root-password-file "$here/password" --ssh-key "$here/key"
                qemu-img resize -q '\(disk.disks[0])' 12G
                \(Self.image) --output '\(machine.folder)/uki.qcow2' --uki --systemd '\(Lab.folder)/tools/usr/lib/systemd/boot/efi' \
                    --sector-size 4096
                """)
            let first = try await disk.answers(nil, firmware: "--bios", log: "BIOS", to: Self.questions)
            let growth = """
                enlarge partition 3 of '/dev/vda' to 12029 MiB
                enlarge the btrfs on '/dev/vda3' to 12029 MiB

                """
            #expect(first.text == Self.expected(roots: 1, growth: growth))
            #expect(first.report?.image == "desktop" && first.report?.notes == [])
            let second = try await disk.answers(nil, log: "UEFI", to: Self.questions)
            #expect(second.text == Self.expected(roots: 2))

            disk.disks = ["\(machine.folder)/uki.qcow2"]
            let sectors = ["logical", "physical"].flatMap { ["-global", "virtio-blk-pci.\($0)_block_size=4096"] }
            let boot = disk.command(["--uefi", "--until", "docker-btrfs-init: starting '/sbin/init'", "--"] + sectors, log: "uki")
            try await output(of: boot.command)
        }
    }

    @Test(.enabled(if: isNightly)) func `a plain disk starts, and nothing of docker-btrfs is on it`() async throws {
        try await output(of: Lab.command("article", []))
        try await Machine.with(copyOf: "\(Lab.folder)/article.img") { machine in
            var disk = machine
            disk.disks = ["\(machine.folder)/plain.qcow2"]
            try await machine.change(
                """
                here='\(machine.folder)'; mkdir -p "$here"/layer/etc/{udev/rules.d,systemd/system}
                \(Self.scriptFiles)
                echo secret > "$here/password"
                \(Self.image) --output '\(disk.disks[0])' --firmware bios --plain ext4 --top-layer "$here/layer" \
                    --root-password-file "$here/password"
                """)
            let plain = try await disk.answers(nil, firmware: "--bios", log: "plain", to: Self.plainQuestions)
            #expect(plain.text == Self.plainAnswers && plain.report == nil)
        }
    }
}
