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
        grep -c '^root:[$]6[$]' /etc/shadow
        cat /root/.ssh/authorized_keys
        ls -1 /boot/efi/grub
        docker-btrfs status > /dev/null && echo known
        docker-btrfs root ls | wc -l
        """

    private static func expected(roots: Int) -> String {
        """
        1
        vm
        active
        active
        1
        a key
        custom.cfg
        docker-btrfs-earlier.cfg
        docker-btrfs.cfg
        grub.cfg
        grubenv
        known
        \(roots + 1)

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

    @Test func `a disk of an image starts by BIOS and by UEFI, each time to a new root, and as another format or plain too`() async throws {
        try await output(of: Lab.command("article", []))
        try await Machine.with(copyOf: "\(Lab.folder)/article.img") { machine in
            var disk = machine
            disk.disks = ["\(machine.folder)/vm.qcow2"]
            let options = "console=ttyS0 panic=-1 no_timer_check mitigations=off"
            let image = """
                '\(Repository.releasedCompanion)' image desktop --data-root docker --grub '\(Lab.folder)/tools/usr/lib/grub' --hostname vm \\
                    --options '\(options)'
                """
            try await machine.change(
                """
                cd '\(machine.folder)'; mkdir -p layer/etc/udev/rules.d layer/etc/systemd/system
                echo 'SUBSYSTEM=="block", ENV{ID_SERIAL}=="script", TAG+="systemd", ENV{SYSTEMD_WANTS}="script.service"' \\
                    > layer/etc/udev/rules.d/90-script.rules
                printf '%s\\n' '[Service]' Type=exec 'ExecStart=/bin/sh /dev/disk/by-id/virtio-script' StandardOutput=file:/dev/ttyS1 \\
                    StandardError=inherit > layer/etc/systemd/system/script.service
                echo secret > password; echo 'a key' > key
                cd "$TOP"; here='\(machine.folder)'
                \(image) --output '\(disk.disks[0])' --top-layer "$here/layer" --root-password-file "$here/password" --ssh-key "$here/key"
                \(image) --output '\(machine.folder)/vm.vdi' --firmware uefi
                \(image) --output '\(machine.folder)/plain.qcow2' --firmware bios --plain ext4 --top-layer "$here/layer" \
                    --root-password-file "$here/password"
                """)
            let first = try await disk.answers(nil, firmware: "--bios", log: "BIOS", to: Self.questions)
            #expect(first.text == Self.expected(roots: 1))
            #expect(first.report?.image == "desktop" && first.report?.notes == [])
            let second = try await disk.answers(nil, log: "UEFI", to: Self.questions)
            #expect(second.text == Self.expected(roots: 2))

            disk.disks = ["\(machine.folder)/vm.vdi"]
            let boot = disk.command(["--uefi", "--until", "docker-btrfs-init: starting '/sbin/init'"], log: "vdi")
            try await output(of: boot.command)

            disk.disks = ["\(machine.folder)/plain.qcow2"]
            let plain = try await disk.answers(nil, firmware: "--bios", log: "plain", to: Self.plainQuestions)
            #expect(plain.text == Self.plainAnswers && plain.report == nil)
        }
    }
}
