import TestSupport
import Testing

extension OnDisk.DiskImageTests {
    @Test(arguments: ["btrfs", "xfs"])
    func `a plain disk whose filesystem could not be written is none`(filesystem: String) async throws {
        try await withImage { disk in
            let make = command("sample_image", "\(disk.folder)/vm.raw", "--plain \(filesystem) 2>&1")
            // As where its file has no room: the unmount says nothing of that. Others wait for their filesystems too.
            let inject = "-P /run/docker-btrfs/disk/source -e inject=syncfs:error=EIO"
            let told = try await disk.change(
                "! strace -f -qq -o /dev/null \(inject) \(make); ls '\(disk.folder)' | grep vm.raw || true")
            #expect(told.hasSuffix("\nError: could not write all of the disk's \(filesystem): Input/output error\n"), "\(told)")
        }
    }

    @Test func `a given top layer's fstab stays as it is, and the disk adds its own lines and rules`() async throws {
        let top = """
            mkdir -p top/etc; echo '{"ignore": ["/etc/out"]}' > top/.docker-btrfs.json
            printf '%s defaults 0 0\\n' 'LABEL=data /srv ext4' '/dev/root / auto' 'tmpfs /tmp tmpfs' > top/etc/fstab; chmod 600 top/etc/fstab
            """
        try await withImage(top) { disk in
            for plain in ["", "--plain ext4"] {
                let said = try await disk.change(
                    "\(command("sample_image", "\(disk.folder)/vm.raw", "--top-layer top --force \(plain)")) 2>&1")
                #expect(
                    said.contains(
                        "note: '/srv' of the top layer's etc/fstab is on LABEL=data, which this disk does not have: a boot waits for it "),
                    "\(said)")
                let found = try await disk.change(
                    """
                    cd '\(disk.folder)'
                    dd if=vm.raw of=root bs=1M skip=258 count=765 conv=sparse status=none
                    mkdir --parents made; mount -o loop,ro root made; cd made; [ ! -d boot_docker ] || cd boot_docker
                    stat -c %a etc/fstab; cut -d ' ' -f 2- etc/fstab; [ ! -e .docker-btrfs.json ] || tr -d ' \\n' < .docker-btrfs.json
                    cd '\(disk.folder)'; umount made
                    """)
                let kept = #"["/etc/machine-id","/etc/ssh/ssh_host_*","/var/lib/systemd/credential.secret"]"#
                let rules = #"{"ignore":["/etc/out"],"create_only":\#(kept),"image_identity":"remove"}"#
                #expect(
                    found == """
                        600
                        /srv ext4 defaults 0 0
                        / auto defaults 0 0
                        /tmp tmpfs defaults 0 0
                        /boot/efi vfat umask=0077,nofail 0 0
                        \(plain.isEmpty ? rules : "")
                        """)
            }
        }
    }

    @Test func `what an option says stands over a given top layer, whose keys and passwords of others stay`() async throws {
        let top = """
            mkdir -p top/etc/docker-btrfs/users top/root/.ssh
            echo layer > top/etc/hostname; echo '127.0.0.1 layer' > top/etc/hosts
            printf 'ssh-ed25519 AAAAlayer' > top/root/.ssh/authorized_keys
            printf '%s\\n' 'root:!:1::::::' 'somebody:x:1::::::' > top/etc/docker-btrfs/users/shadow
            echo 'ssh-ed25519 AAAAoption' > key; echo '$6$a$b' > password
            """
        try await withImage(top) { disk in
            for plain in ["", "--plain ext4"] {
                let options = "--top-layer top --hostname option --ssh-key key --root-password-file password --force \(plain)"
                try await disk.change("\(command("sample_image", "\(disk.folder)/vm.raw", options)) > /dev/null 2>&1")
                let found = try await disk.change(
                    """
                    cd '\(disk.folder)'
                    dd if=vm.raw of=root bs=1M skip=258 count=765 conv=sparse status=none
                    mkdir --parents made; mount -o loop,ro root made; cd made; [ ! -d boot_docker ] || cd boot_docker
                    cat etc/hostname etc/hosts root/.ssh/authorized_keys; stat -c %a root/.ssh/authorized_keys
                    cat \(plain.isEmpty ? "etc/docker-btrfs/users/shadow" : "etc/shadow")
                    cd '\(disk.folder)'; umount made
                    """)
                #expect(
                    found == """
                        option
                        127.0.0.1 layer
                        ssh-ed25519 AAAAlayer
                        ssh-ed25519 AAAAoption
                        600
                        root:$6$a$b:20000:0:99999:7:::
                        \(plain.isEmpty ? "somebody:x:1::::::\n" : "")
                        """)
            }
        }
    }

    @Test func `a plain disk has the top layer by its own rules`() async throws {
        try await withImage("mkdir -p top/etc; touch top/etc/{left,out}; echo '{\"ignore\": [\"/etc/out\"]}' > top/.docker-btrfs.json") {
            disk in
            let make = command("sample_image", "\(disk.folder)/vm.raw", "--plain ext4 --top-layer top")
            let script = """
                \(make) > /dev/null 2>&1
                dd if='\(disk.folder)/vm.raw' of='\(disk.folder)/root' bs=1M skip=258 count=765 conv=sparse status=none
                for file in etc/left etc/out .docker-btrfs.json; do debugfs -R "stat /$file" '\(disk.folder)/root' 2>&1 | grep -o 'Type: [a-z]*\\|not found'; done
                rm '\(disk.folder)/vm.raw'; echo '{"nonsense": 1}' > top/.docker-btrfs.json
                ! \(make) 2>&1 | tail -n 1
                """
            let found = try await disk.change(script)
            #expect(
                found == """
                    Type: regular
                    not found
                    not found
                    Error: could not read 'top/.docker-btrfs.json': there is no member 'nonsense'

                    """)
        }
    }

    /// Makes a disk with one filesystem and compares it with the image, which `mount` mounts at `$image`.
    private func check(_ filesystem: String, driver: String, _ build: String, microcode: String = "", mount: String) async throws {
        try await withImage(driver: driver, "\(build)\necho secret > password") { disk in
            let options = "--plain \(filesystem) --root-password-file password --hostname desk 2>&1"
            let told = try await disk.change(command("sample_image", "\(disk.folder)/vm.raw", driver: driver, options))
            #expect(told.contains("\nmake the \(filesystem) "))
            let script = """
                \(SmallImage.listing)
                image='\(disk.folder)/image'; mkdir "$image"
                \(mount)
                cd '\(disk.folder)'
                MTOOLS_SKIP_CHECK=1 mdir -b -i vm.raw@@2M ::linux | LC_ALL=C sort
                dd if=vm.raw of=root bs=1M skip=258 count=765 conv=sparse status=none
                case \(filesystem) in
                    ext4) e2fsck -fn root > log 2>&1 ;;
                    xfs) { xfs_repair -f -n root && ! xfs_db -r -c version root | grep NREXT64; } > log 2>&1 ;;
                    btrfs) btrfs check --force root > log 2>&1 ;;
                esac || cat log
                mkdir made; mount -o loop root made
                findmnt --noheadings --output FSTYPE made
                cut -c 1-8 made/etc/shadow; cut -d ' ' -f 2- made/etc/fstab; cat made/etc/hostname
                rmdir made/lost+found 2> /dev/null || true
                rmdir made/boot/efi; touch --no-create --reference image/boot made/boot
                rm made/etc/{fstab,hostname,hosts,shadow}
                touch --date @0 made made/etc
                (cd made; listing > ../made.list)
                (cd image; listing | sed -E 's/^([.]|[.]\\/etc) (d .*) [0-9.]+$/\\1 \\2 0.0000000000/' > ../image.list)
                diff image.list made.list && grep -c security.capability made.list
                """
            let found = try await disk.change(script)
            #expect(
                found == """
                    \(microcode)::/linux/initrd-6.1
                    \(microcode.isEmpty ? "" : "::/linux/intel-ucode.img\n")::/linux/vmlinuz-6.1
                    \(filesystem)
                    root:$6$
                    / \(filesystem) defaults 0 \(filesystem == "ext4" ? 1 : 0)
                    /boot/efi vfat umask=0077,nofail 0 0
                    desk
                    1

                    """)
        }
    }

    @Test func `plain, a disk has the image's files and the machine's own in one ext4`() async throws {
        // Of the layers, which are subvolumes, only the topmost has what the last step wrote.
        try await check(
            "ext4", driver: "btrfs",
            """
            printf '%s\\n' 'FROM sample_image' 'RUN ["/bin/bash", "-c", "for name in amd intel; do echo $name > /boot/$name-ucode.img; done"]' \\
                | docker build --network none --tag sample_image - > /dev/null
            """, microcode: "::/linux/amd-ucode.img\n",
            mount:
                #"mount --bind "$(ls -d docker/btrfs/subvolumes/*/boot/amd-ucode.img | cut -d / -f 1-4)" "$image""#
        )
    }

    @Test func `plain, a disk has those of an overlay store of many layers in one xfs`() async throws {
        let layers = "{{.GraphDriver.Data.UpperDir}}:{{.GraphDriver.Data.LowerDir}}"
        let build = """
            {
                echo FROM sample_image
                for number in {1..15}; do printf 'RUN ["/bin/bash", "-c", "echo %s > /etc/layer"]\\n' $number; done
            } | docker build --network none --tag sample_image - > /dev/null
            docker image inspect --format '\(layers)' sample_image | sed "s|$TOP/||g" > layers
            """
        try await check("xfs", driver: "overlay2", build, mount: #"mount -t overlay -o lowerdir="$(cat layers)" overlay "$image""#)
    }
}
