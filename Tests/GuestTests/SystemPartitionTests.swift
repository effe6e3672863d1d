import TestSupport
import Testing

/// A machine that boots from a unified kernel image on a FAT ESP, which `docker-btrfs install` has dracut make in the machine itself.
@Suite(.enabled(if: isNightly))
struct SystemPartitionTests {
    @Test func `the firmware starts what install made, and that makes a new root`() async throws {
        try await Machine.with(\.disk) { machine, _ in
            let esp = "\(machine.folder)/esp.img"
            try await machine.change("'\(Repository.path("Tests/Lab/system-partition"))' '\(esp)'")
            let machine = machine.with(first: esp)
            let installed = try await machine.answers(Lab.menuEntry(), log: "install", to: Self.install)
            #expect(installed.text == Self.installed)

            let booted = try await machine.answers(nil, log: "firmware", to: Self.look)
            #expect(booted.text.replacing(/[0-9]+ MiB/, with: "N MiB") == Self.looked)
            #expect(booted.report?.notes == [])
        }
    }

    /// `install` says what docker-btrfs said, and not dracut.
    private static let start = """
        cd /boot/efi/EFI
        image=$PWD/Linux/linux-$(uname -r)-$(cat /etc/machine-id).efi
        install() { /opt/docker-btrfs/docker-btrfs install "$@" 2>&1 | grep -v '^dracut: ' | sed "s,$image,IMAGE,; s/ $(uname -r)'/ VERSION'/"; }
        list() { ls -A Linux | sed "s,${image##*/},IMAGE,"; }

        """

    /// First the ESP becomes full while dracut works, whose status does not say so. Then there is room.
    private static let install = """
        \(start)
        cp /boot/vmlinuz $image
        cat > /etc/dracut.conf.d/zz-full.conf << 'END'
        dracutmodules=' base docker-btrfs '
        [[ -z ${dracutbasedir-} ]] || head -c 1G /dev/zero > /boot/efi/full 2> /dev/null
        END
        install
        cmp $image /boot/vmlinuz && list
        rm /boot/efi/full /etc/dracut.conf.d/zz-full.conf

        install
        cmp $image.old /boot/vmlinuz && list
        # Its own one, and none in dracut's files.
        /opt/docker-btrfs/docker-btrfs check-initramfs $image | grep -c 'command line '
        cp $image BOOT/BOOTX64.EFI
        echo precious > /precious
        """

    private static let installed = """
        all files for dracut are there
        cp: error writing 'IMAGE': No space left on device
        Error: could not read 'IMAGE': it is cut off in section '.linux'; '/boot/efi/EFI/Linux' is full; the initramfs from before is back
        hint: make room there and run this again
        IMAGE
        all files for dracut are there
        kept the initramfs from before as 'IMAGE.old'
        docker-btrfs is in 'IMAGE'
        next: boot with 'docker_path=' or 'docker_deployed=' on the kernel command line
        IMAGE
        IMAGE.old
        1

        """

    /// The root is another one and knows nothing of that install, but the copy is there.
    private static let look = """
        \(start)
        grep -o ' / btrfs rw,.*,subvol=/docker_rwlayer' /proc/mounts | sed 's/,.*,/ /'
        grep -o '"root_number": 2,' /run/docker-btrfs/boot.json
        cat /etc/whose
        ls /sys/firmware/efi/efivars | grep -o '^StubInfo'
        [ -e /precious ] || echo nothing from before
        install
        cmp $image BOOT/BOOTX64.EFI
        rm BOOT/BOOTX64.EFI
        install --dry-run
        """

    private static let looked = """
         / btrfs rw subvol=/docker_rwlayer
        "root_number": 2,
        from the top layer
        StubInfo
        nothing from before
        Error: could not keep the old initramfs: '/boot/efi/EFI/Linux' has N MiB free, and N MiB are needed
        hint: make room there, or install with --no-build and build by hand
        leave 'IMAGE.old', which an earlier install kept
        run 'dracut --force IMAGE VERSION'
        look into 'IMAGE'

        """
}
