import TestSupport
import Testing

/// An image that no disk is made of, the line that makes it of `sample_image`, or none, and what is said.
private struct BadImage {
    let name: String
    let line: String
    let message: String

    init(_ name: String, _ line: String, _ message: String) { (self.name, self.line, self.message) = (name, line, message) }
}

/// Options that no disk of `sample_image` is made with, its file, and what is said.
private struct BadOptions {
    let options: String
    let file: String
    let message: String

    init(_ options: String, file: String = "vm.raw", _ message: String) {
        (self.options, self.file, self.message) = (options, file, message)
    }
}

/// What no disk is made of.
extension OnDisk.DiskImageTests {
    private static let bad: [BadImage] = [
        .init("no-kernel", "rm /boot/vmlinuz-6.1", "error: kernel: there are modules of 6.1, and no boot/vmlinuz-6.1"),
        .init("no-index", "rm /lib/modules/6.1/modules.dep", "error: modules: those of 6.1 have no modules.dep"),
        .init("no-modules", "rm -r /lib/modules/6.1", "error: kernel: there is none"),
        .init("no-init", "rm /usr/bin/init /usr/sbin/init", "error: system: could not use the image 'no-init:latest': it has no init"),
        .init("lost-init", "rm /usr/bin/init", "error: system: could not use the image 'lost-init:latest': it has no init"),
        .init("dull-init", "chmod 644 /usr/bin/init", "error: system: could not use the image 'dull-init:latest': it has no init"),
        .init("no-release", "rm /usr/lib/os-release", "error: system: could not use the image 'no-release:latest': it has neither"),
        .init(
            "two-kernels", "cd /lib/modules; mkdir 6.2; : > 6.2/modules.dep; echo MZ > /boot/vmlinuz-6.2",
            "Error: could not choose the kernel of 'two-kernels:latest': it has 6.1, 6.2"),
        .init("no-btrfs", "echo kernel/ahci.ko > /lib/modules/6.1/modules.builtin", "error: drivers: the kernel 6.1 has no btrfs"),
        .init(
            "no-drivers", "echo kernel/btrfs.ko > /lib/modules/6.1/modules.builtin",
            "error: drivers: QEMU has a .qcow2 on virtio, and the kernel 6.1 no virtio_pci and virtio_blk"),
        .init(
            "lost-module", "cd /lib/modules/6.1; echo kernel/btrfs.ko: > modules.dep; echo kernel/ahci.ko > modules.builtin",
            "error: drivers: the kernel 6.1 has no btrfs"),
        .init("other-owner", ": > /mark", ": its '/' belongs to the user 7, as in a rootless store"),
        .init("nowhere", "", "Error: could not find image 'nowhere:latest'"),
        .init("container:nowhere", "", "Error: could not find the container 'nowhere'"),
    ]

    private static let noGRUB = "the boot loader's files are not there\nhint: apt-get install grub-pc-bin\n"

    /// `folder` is the disk's own.
    private static func badOptions(_ folder: String) -> [BadOptions] {
        [
            .init("", file: "vm.iso", "could not tell the format of "),
            .init("--compress", "could not compress "),
            .init("--service", "error: init: it is none that is known here: nothing marks a boot as good, or starts a service"),
            .init("--plain ext4 --size 200M", "could not make a disk of 200 MiB: the image needs "),
            .init("--size 300M", "could not make a disk of 300 MiB: the image needs "),
            .init(
                "--size 670M --top-layer large",
                "could not make a disk of 670 MiB: the image, with what --top-layer and --kernel-image add to it, needs "),
            .init("--plain xfs --size 540M", "could not make a disk of 540 MiB: the image needs "),
            .init("--size 2041G", file: "vm.vhd", "could not make a disk of 2089984 MiB: a .vhd has 2088960 MiB at most"),
            .init("--size 500000T", file: "vm.qcow2", "could not make a disk of 524288000000 MiB: a .qcow2 has 2147483648 MiB at most"),
            .init("--namespace other", "could not take 'sample_image:latest' from containerd's namespace 'other': "),
            .init(
                "--grub /nowhere",
                "could not make the disk: the boot loader's files are not there\nhint: apt-get install grub-efi-amd64-bin grub-pc-bin"),
            .init("--uki --firmware bios", "--firmware bios cannot start this disk: systemd-boot is a program of UEFI"),
            .init("--sector-size 4096 --firmware both", "--firmware both cannot start this disk: a BIOS reads sectors of 512"),
            .init(
                "--uki --systemd /nowhere",
                "could not make the disk: the boot loader's files are not there\nhint: apt-get install systemd-boot-efi"),
            .init("--sector-size 4096", file: "vm.vdi", "with sectors of 4096 bytes: VirtualBox has those of 512 bytes alone"),
            .init(
                "--kernel-image two-kernels --kernel 6.2",
                "could not take the kernel of 'two-kernels:latest' for 'sample_image:latest': that has its own, 6.1"),
            .init("--options \"x=it's\"", "could not write the kernel option 'x=it's' for GRUB"),
            .init("--options 'quiet root=/dev/sda1'", "could not use 'root=/dev/sda1' in the options: each entry says by itself"),
            .init("--options $'a\\nb'", "could not use 'a\\x0ab' as kernel options"),
            .init("--root-password-file nowhere", "could not open 'nowhere': it is not there"),
            .init("--root-password-file empty", "could not use 'empty': its first line is empty"),
            .init("--root-password-file no-hash", "could not use 'no-hash': it is no hash of a password"),
            .init("--ssh-key nowhere", "could not open 'nowhere': it is not there"),
            .init("--ssh-key empty", "could not use 'empty': it has no public key"),
            .init("--ssh-key password", "could not use 'password': it has no public key"),
            .init("--ssh-key private", "could not use 'private': it is a private key"),
            .init("--top-layer nowhere", "could not open the directory 'nowhere': No such file or directory"),
            .init(
                "--top-layer '\(folder)'",
                "/vm.raw': it is in the top layer '\(folder)', which is copied to it\nhint: name a file outside of that\n"),
            .init("--top-layer layers", "could not take 'layers' for the disk's top layer: it holds layers that are chosen by a machine's"),
            .init("--options init=/nowhere", "error: system: could not use 'init=/nowhere': neither the image "),
            .init("--init nowhere", "could not find docker-btrfs-init as 'nowhere'"),
            .init("--init password", "could not take 'password' for /init: "),
            .init("--uki --systemd stub", "could not read 'stub/linuxx64.efi.stub': it is no EFI program for x86-64"),
            .init("--loader systemd-boot --systemd efi", "could not read 'efi/systemd-bootx64.efi': it is no EFI program for x86-64"),
            .init("--grub lzma_decompress.img", noGRUB), .init("--grub biosdisk.mod", noGRUB),
            .init("--grub extcmd.mod", noGRUB), .init("--grub moddep.lst", noGRUB),
            .init("--force", file: "../folder.raw", "/folder.raw': it is a directory"),
        ]
    }

    /// One with systemd-networkd, and a systemd-boot that is none.
    private static let networkd = """
        printf '%s\\n' 'FROM sample_image' 'SHELL ["/bin/bash", "-ec"]' \\
            'RUN efi=/usr/lib/systemd/boot/efi; mkdir -p $efi; echo nothing > $efi/systemd-bootx64.efi' \\
            'RUN ln -s /usr/bin/init /usr/lib/systemd/systemd; : > /usr/sbin/sshd; : > /usr/bin/ssh-keygen' \\
            'RUN mkdir -p /etc/systemd/system/multi-user.target.wants; ln -s /nowhere /etc/systemd/system/multi-user.target.wants/systemd-networkd.service' \\
            | docker build --network none --tag networkd - > /dev/null
        """

    /// One without an init, and the files that options name.
    private static let application = """
        printf '%s\\n' 'FROM sample_image' 'SHELL ["/bin/bash", "-ec"]' \\
            'RUN rm -r /usr/bin/init /usr/sbin/init /usr/lib/os-release /boot/vmlinuz-6.1 /lib/modules/6.1; ln -s nowhere /etc/os-release; printf root::0:0::/root:/nowhere > /etc/passwd' 'USER 7:8' 'CMD ["/bin/bash"]' \\
            | docker build --network none --tag application - > /dev/null
        # As an engine with userns-remap has it.
        chown 7:8 "$(dirname docker/btrfs/subvolumes/*/mark)"
        echo secret > password; : > empty; echo '$6$a:b$c' > no-hash; mkdir -p efi stub release/etc layers/machine large
        fallocate -l 160M large/file
        printf -- '-----BEGIN OPENSSH %s KEY-----\\nb3Bl AAAA\\n' PRIVATE > private
        echo ID=mended > release/etc/os-release
        links=release/etc/systemd/system/multi-user.target.wants; mkdir -p $links; echo own > $links/docker-btrfs-good.service
        echo nothing | tee stub/linuxx64.efi.stub efi/systemd-bootx64.efi > /dev/null
        cp '\(tools)/systemd/boot/efi/systemd-bootx64.efi' stub
        # Each lacks one file: a part, a module that is asked for, one that such a module needs, what tells so.
        for name in pc/lzma_decompress.img pc/biosdisk.mod pc/extcmd.mod pc/moddep.lst; do
            folder=${name##*/}; cp -r '\(tools)/grub' "$folder"; rm "$folder/i386-$name"
        done
        """

    @Test func `a dozen images that cannot boot, and files that are not there, are named before a byte is written`() async throws {
        let builds = Self.bad.filter { !$0.line.isEmpty }.map { image in
            """
            printf '%s\\n' 'FROM sample_image' 'SHELL ["/bin/bash", "-ec"]' 'RUN \(image.line)' | docker build --network none --tag \(image.name) - > /dev/null
            """
        }
        try await withImage((builds + [Self.networkd, Self.application]).joined(separator: "\n")) { disk in
            let out = "\(disk.folder)/out"
            try await output(of: ["mkdir", out, "\(disk.folder)/folder.raw"])
            let before = try await traces(of: out, on: disk)
            let files = try await disk.files()
            try await expectImagesRefused(on: disk, out)
            try await expectOptionsRefused(on: disk, out)
            try await expectTooLarge(for: disk)
            try await expectLoaderRefused(on: disk, out)
            try await expectPlans(on: disk, out)
            try await expectBusyboxMissed(on: disk, out)
            #expect(try await traces(of: out, on: disk) == before)
            #expect(try await disk.files() == files)
            try await expectMended(on: disk)
            try await expectService(on: disk)
        }
    }

    private func expectImagesRefused(on disk: Disk, _ out: String) async throws {
        for image in Self.bad {
            let said = try await disk.change("! \(command(image.name, "\(out)/vm.qcow2")) 2>&1")
            #expect(said.contains(image.message) && !said.contains("make the FAT"), "\(image.name): \(said)")
        }
        let metal = try await disk.change("! \(command("no-drivers", "\(out)/vm.raw")) 2>&1")
        let unknown = "warning: drivers: a real machine finds it on NVMe at most, and not on a stick: the kernel 6.1 has none of "
        #expect(metal.contains(unknown), "\(metal)")
    }

    private func expectOptionsRefused(on disk: Disk, _ out: String) async throws {
        for bad in Self.badOptions(disk.folder) {
            let said = try await disk.change("! \(command("sample_image", "\(out)/\(bad.file)", bad.options)) 2>&1")
            #expect(said.contains(bad.message) && !said.contains("make the FAT"), "\(said)")
        }
    }

    private func expectTooLarge(for disk: Disk) async throws {
        // Files elsewhere may be of any size.
        let folder = "\(disk.folder)/ext4.d"
        let large = try await disk.change(
            """
            truncate --size 64M '\(disk.folder)/ext4'; mkfs.ext4 -q '\(disk.folder)/ext4'; mkdir '\(folder)'
            mount -o loop '\(disk.folder)/ext4' '\(folder)'
            ! \(command("sample_image", "\(folder)/vm.raw", "--size 100T --dry-run")) 2>&1
            umount '\(folder)'; rm -r '\(folder)' '\(disk.folder)/ext4'
            """)
        let told = "Error: could not make a disk of 104857600 MiB: a file of '\(folder)' cannot be as large"
        #expect(large.contains(told), "\(large)")
    }

    private func expectLoaderRefused(on disk: Disk, _ out: String) async throws {
        let loader = try await disk.change("! \(command("networkd", "\(out)/vm.raw", "--loader systemd-boot")) 2>&1")
        #expect(
            loader.contains(
                """
                could not use the image's boot loader: could not read '/usr/lib/systemd/boot/efi/systemd-bootx64.efi': it is no EFI program
                """) && !loader.contains("make the FAT"), "\(loader)")
    }

    private func expectPlans(on disk: Disk, _ out: String) async throws {
        let named = try await disk.change(command("no-init", "\(out)/vm.raw", "--options init=/bin/bash --dry-run") + " 2>&1")
        #expect(!named.contains("error: "), "\(named)")
        let planned = try await disk.change(command("networkd", "\(out)/vm.raw", "--dry-run"))
        #expect(
            planned.contains("\nwrite '/etc/systemd/network/20-wired.network' of the top layer: ") && !planned.contains("network:"))
        let plain = try await disk.change(command("networkd", "\(out)/vm.raw", "--dry-run --plain ext4"))
        #expect(
            plain.contains("\nwrite '/etc/systemd/system/docker-btrfs-host-keys.service' of the top layer: ")
                && !planned.contains("docker-btrfs-host-keys"), "\(plain)")
        let line = command("sample_image", "\(out)/vm.raw", "--dry-run")
        let coloured = try await disk.change(
            """
            cat > '\(disk.folder)/line' << 'END'
            \(line)
            END
            env --unset NO_COLOR TERM=xterm script --quiet --command "bash '\(disk.folder)/line'" /dev/null
            """)
        #expect(coloured.contains("\u{1B}[33mwarning\u{1B}[0m: ") && !coloured.contains(#"\x1b"#), "\(coloured)")
    }

    private static let busybox = "--service --kernel-image sample_image --busybox"

    private func expectBusyboxMissed(on disk: Disk, _ out: String) async throws {
        let said = try await disk.change("! \(command("application", "\(out)/vm.raw", "\(Self.busybox) nowhere")) 2>&1")
        #expect(said.contains("could not find 'nowhere'\nhint: install the package 'busybox-static'"), "\(said)")
    }

    private func expectMended(on disk: Disk) async throws {
        let mended = try await disk.change(command("no-release", "\(disk.folder)/mended.raw", "--top-layer release"))
        #expect(mended.contains("\ncopy 'release' into the top layer\n") && !mended.contains("error"), "\(mended)")
        // It is laid over what is there, and not through the links of that.
        let laid = """
            cd '\(disk.folder)'; mkdir laid; mount -o loop,ro,offset=258M,sizelimit=765M mended.raw laid
            cd laid/boot_docker/etc/systemd/system; cat multi-user.target.wants/docker-btrfs-good.service; grep -c '^own' docker-btrfs-good.service || true
            """
        #expect(try await disk.change(laid) == "own\n0\n")
    }

    private func expectService(on disk: Disk) async throws {
        // With no init nothing gives a root its users. Any static program does for a file of busybox's name. The unified kernel image
        // has the os-release that the top layer brings.
        let options = "--uki \(Self.busybox) '\(Repository.embeddedInit)' --root-password-file password"
        let made = """
            \(command("application", "\(disk.folder)/vm.raw", options)) > /dev/null 2>&1
            cd '\(disk.folder)'
            export MTOOLS_SKIP_CHECK=1; mcopy -n -i vm.raw@@2M '::docker-btrfs/*' uki
            objcopy --dump-section .osrel=release uki; cat release
            dd if=vm.raw of=root bs=1M skip=258 count=765 conv=sparse status=none
            mkdir made; mount -o loop,ro root made; cd made/boot_docker/etc
            cat passwd; cut -c 1-8 shadow; stat -c '%a %n' passwd shadow
            """
        #expect(
            try await disk.change(made) == """
                ID=linux
                PRETTY_NAME="application:latest"
                root:x:0:0::/root:/usr/lib/docker-btrfs/sh
                application:x:7:8::/:/sbin/nologin
                root:$6$
                644 passwd
                600 shadow

                """)
    }
}
