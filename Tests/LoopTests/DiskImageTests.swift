import Foundation
import TestSupport
import Testing

extension OnDisk {
    /// Disks that `docker-btrfs image` makes, of images in stores that a real Docker filled.
    struct DiskImageTests {
        private static let build = """
            \(SmallImage.context)
            docker build --network none --tag base "$context"
            docker build --network none --tag sample_image - << 'END'
            FROM base
            RUN ["/bin/bash", "-ec", "for name in ahci ext4 virtio_blk virtio_pci xfs; do echo kernel/$name.ko; done >> /usr/lib/modules/6.1/modules.builtin"]
            END
            """

        func docker(_ file: String, driver: String = "btrfs", _ script: String) async throws -> String {
            let lab = Repository.path("Tests/Lab/with-store")
            let shell = ["bash", "-euo", "pipefail", "-c", "cd \"$TOP\"; \(SmallImage.listing)\n\(script)"]
            return try await output(of: [lab, file, driver == "btrfs" ? "--docker" : "--docker=\(driver)"] + shell)
        }

        /// Runs `body` with a disk whose store has the image.
        func withImage(driver: String = "btrfs", _ more: String = "", _ body: (Disk) async throws -> Void) async throws {
            try await output(of: [Repository.path("Tests/Lab/tools")])
            try await Disk.with(["mkfs.btrfs", "-q"], size: "1G") { disk in
                try await disk.detach()
                _ = try await docker(disk.file, driver: driver, "\(Self.build)\n\(more)")
                try await body(try await disk.attached())
            }
        }

        static let tools = Repository.path(".build/lab/tools/usr/lib")

        func command(_ image: String, _ file: String, driver: String = "btrfs", _ more: String = "") -> String {
            let store = driver == "btrfs" ? "docker" : driver
            let tools = Self.tools
            return """
                '\(Repository.companion)' image '\(image)' --output '\(file)' --size 1G --data-root \(store) --grub '\(tools)/grub' \\
                    --systemd '\(tools)/systemd/boot/efi' --init '\(Repository.embeddedInit)' \(more)
                """
        }

        /// Checks a disk by the programs that know its parts, and takes these out of it: `root` and `esp` beside it.
        private static let parts = """
            qemu-img check -q "$file"
            qemu-img convert -O raw "$file" raw
            device=$(losetup --show --find --read-only --sector-size "$sector" raw)
            sfdisk --verify "$device" > verified; sfdisk --dump "$device" > table
            losetup --detach "$device"
            grep -q '^No errors detected.$' verified
            grep -c '^/dev/loop[0-9]*p[1-3]' table
            dd if=raw of=esp bs=1M skip=2 count=$((root - 2)) conv=sparse status=none
            dd if=raw of=root bs=1M skip="$root" count=$((1023 - root)) conv=sparse status=none
            fsck.vfat -n esp > /dev/null
            btrfs check --force root > /dev/null 2>&1
            export MTOOLS_SKIP_CHECK=1
            mdir -/ -b -i esp :: | grep -v docker-btrfs/ | LC_ALL=C sort
            """

        private func parts(of file: String, sector: Int = 512, in disk: Disk) async throws -> String {
            let script = "cd '\(disk.folder)'; file='\(file)' sector=\(sector) root=\(sector == 512 ? 258 : 266)\n\(Self.parts)"
            return try await output(of: ["bash", "-euo", "pipefail", "-c", script])
        }

        @Test func `the disk has the image's layers as they are, shared, in a store that Docker runs and builds on, and nothing else`()
            async throws
        {
            try await withImage("docker tag base other; docker image inspect --format '{{.Id}}' sample_image > id") { disk in
                let file = "\(disk.folder)/vm.qcow2"
                let told = try await disk.change(command("sample_image", file, "--compress --root-password-file id --hostname desk 2>&1"))
                #expect(told.contains("\nsend "))
                #expect(
                    // Not each machine has KVM that runs kernels.
                    told.replacing(" -accel kvm", with: "").hasSuffix(
                        "start it: qemu-system-x86_64 -accel tcg -cpu max -m 2048 -nic user,model=virtio-net-pci -drive file=\(file),format=qcow2,if=virtio -nographic\n"
                    ))
                #expect(try await disk.look("ls -A") == "docker\nid\n", "nothing is left where the layers were read")
                let files = """
                    3
                    ::/EFI/
                    ::/EFI/BOOT/
                    ::/EFI/BOOT/BOOTX64.EFI
                    ::/grub/
                    ::/grub/custom.cfg
                    ::/grub/docker-btrfs-earlier.cfg
                    ::/grub/docker-btrfs.cfg
                    ::/grub/grub.cfg
                    ::/grub/grubenv

                    """
                #expect(try await parts(of: file, in: disk) == files)

                let layers = "for layer in docker/btrfs/subvolumes/*; do (cd $layer; echo ${layer##*/}; listing); done"
                let root = "\(disk.folder)/root"
                let same = """
                    \(layers) > copied
                    btrfs filesystem du --raw --summarize docker/btrfs/subvolumes/* | awk 'NR > 1 { sum += $2 } END { print sum < 65536 }'
                    ls docker/btrfs/subvolumes | wc -l
                    docker image ls --format '{{.Repository}}:{{.Tag}}'
                    docker image inspect --format '{{.Id}}' sample_image
                    docker run --rm --network none sample_image /bin/bash -c 'read version < /etc/version; echo version $version'
                    docker build --network none --tag next - << 'END' > /dev/null
                    FROM sample_image
                    RUN ["/bin/bash", "-c", "echo 2 > /etc/version"]
                    END
                    docker run --rm --network none next /bin/bash -c 'read version < /etc/version; echo version $version'
                    cut -d: -f 1-2 boot_docker/etc/docker-btrfs/users/shadow | cut -c 1-8; stat -c %a boot_docker/etc/docker-btrfs/users/shadow
                    cat boot_docker/etc/hostname
                    """
                let id = try await disk.look("cat id")
                let count = try await disk.look("ls docker/btrfs/subvolumes | wc -l")
                #expect(
                    try await docker(root, same)
                        == "1\n\(count)sample_image:latest\n\(id)version 1\nversion 2\nroot:$6$\n600\ndesk\n")
                let copied = try await docker(root, "cat copied")
                #expect(try await disk.look("\(SmallImage.listing)\n\(layers)") == copied && copied.contains("security.capability"))
            }
        }

        @Test func `of another store the layers are one, which Docker runs and builds on`() async throws {
            try await withImage(driver: "overlay2") { disk in
                let file = "\(disk.folder)/vm.qcow2"
                let told = try await disk.change(command("sample_image", file, driver: "overlay2", "--uki --sector-size 4096 2>&1"))
                #expect(told.contains("\nmerge the layers to "))
                #expect(told.contains("\nwarning: uki: nothing in it makes a unified kernel image"))
                let files = """
                    3
                    ::/EFI/
                    ::/EFI/BOOT/
                    ::/EFI/BOOT/BOOTX64.EFI
                    ::/loader/
                    ::/loader/entries/
                    ::/loader/entries/ID.conf
                    ::/loader/loader.conf

                    """
                let found = try await parts(of: file, sector: 4096, in: disk)
                #expect(found.replacing(/docker-btrfs-[0-9a-f]{12}/, with: "ID") == files)
                // Where Secure Boot lets nobody else say it, the image's own line counts: it is the entry's.
                let lines = """
                    cd '\(disk.folder)'; export MTOOLS_SKIP_CHECK=1
                    mcopy -n -i esp '::docker-btrfs/*' uki; mcopy -n -i esp '::loader/entries/*' entry
                    objcopy --dump-section .cmdline=cmdline --dump-section .linux=linux uki
                    cmp cmdline <(sed -n 's/^options //p' entry | tr -d '\\n'); cat linux; grep -o '^efi /docker-btrfs/uki-' entry
                    """
                #expect(try await output(of: ["bash", "-euc", lines]) == "MZ: a kernel\nefi /docker-btrfs/uki-\n")
                let script = """
                    docker image ls --format '{{.Repository}}:{{.Tag}}'
                    docker run --rm --network none sample_image /bin/bash -c 'read version < /etc/version; echo version $version'
                    printf 'FROM sample_image\\nRUN ["/bin/bash", "-c", "echo 2 > /etc/version"]\\n' | docker build --network none --tag next - > /dev/null
                    docker history --quiet next | wc -l
                    ls docker/btrfs/subvolumes | wc -l
                    getcap docker/btrfs/subvolumes/*/usr/bin/init | cut -d ' ' -f 2- | sort -u
                    ls .docker-btrfs/layers | wc -l
                    """
                #expect(
                    try await docker("\(disk.folder)/root", script)
                        == "sample_image:latest\nversion 1\n2\n2\ncap_net_raw=ep\n1\n")
            }
        }

        @Test(arguments: [("containerd-overlayfs", "containerd"), ("podman-overlay", "storage"), ("docker-containerd-overlayfs", "docker")])
        func `an image of containerd's or Podman's store is on the disk as the engine mounts it, and Docker runs it`(
            engine: String, store: String
        ) async throws {
            try await output(of: [Repository.path("Tests/Lab/tools")])
            try await Disk.with(["mkfs.btrfs", "-q"], size: "1G") { disk in
                try await disk.detach()
                let drivers =
                    "for name in virtio_pci virtio_blk; do echo kernel/$name.ko; done >> /usr/lib/modules/6.1/modules.builtin; : > /usr/bin/dockerd"
                let build = """
                    \(SmallImage.listing)
                    \(SmallImage.context)
                    echo 'RUN ["/bin/bash", "-ec", "\(drivers)"]' >> "$context/Dockerfile"
                    build sample_image "$context" > /dev/null
                    look sample_image listing > "$TOP/expected"
                    """
                try await output(of: [Repository.path("Tests/Lab/with-engine"), disk.file, engine, build])
                let disk = try await disk.attached()
                let file = "\(disk.folder)/vm.\(store == "storage" ? "vdi" : "qcow2")"
                let namespace = engine.hasPrefix("containerd") ? "--namespace default" : ""
                try await disk.change(command("sample_image", file, driver: store, namespace))
                _ = try await parts(of: file, in: disk)
                let script = """
                    docker image ls --format '{{.Repository}}:{{.Tag}}'
                    docker run --rm --network none sample_image /bin/bash -c 'read version < /etc/version; echo version $version'
                    grep -o 'btrfs subvol=[^,]*' boot_docker/etc/fstab
                    cd docker/btrfs/subvolumes/*; listing
                    """
                let expected = try await disk.look("cat expected")
                #expect(
                    try await docker("\(disk.folder)/root", script) == "sample_image:latest\nversion 1\nbtrfs subvol=docker\n" + expected
                        && expected.contains("security.capability"))
            }
        }

        /// All that a run may leave: files in `out`; loop devices of these and mounts at them, in whatever process; snapshots of layers.
        func traces(of out: String, on disk: Disk) async throws -> String {
            // Of what is mounted elsewhere, the source has the path on its own filesystem.
            let ours = """
                ls -A '\(out)'
                losetup --noheadings --output BACK-FILE | grep -c '\(out)' || true
                cat /proc/[0-9]*/mountinfo 2> /dev/null | grep -c "$(basename '\(disk.folder)')/out" || true
                """
            return try await output(of: ["bash", "-c", ours]) + disk.look("ls -A; btrfs subvolume list . | cut -d ' ' -f 9-")
        }

        /// Who looks at all block devices of the machine, as blkid(8) does, has a loop device open for a moment.
        private func expectTraces(_ expected: String, of out: String, on disk: Disk) async throws {
            var found = try await traces(of: out, on: disk)
            for _ in 0..<20 where found != expected {
                try await Task.sleep(for: .milliseconds(100))
                found = try await traces(of: out, on: disk)
            }
            #expect(found == expected)
        }

        @Test func `killed at any time, nothing of it is left after the next run; asked to end, nothing is left at once`() async throws {
            try await withImage { disk in
                let out = "\(disk.folder)/out"
                try await output(of: ["mkdir", out])
                let before = try await traces(of: out, on: disk)
                let whole = try await ContinuousClock().measure { _ = try await disk.change(command("sample_image", "\(out)/vm.qcow2")) }
                let seconds = Double(whole.components.seconds) + Double(whole.components.attoseconds) / 1e18
                let kill = { (signal: String, delay: Double) in
                    """
                    \(command("sample_image", "\(out)/vm.qcow2", "--force")) > /dev/null 2>&1 & process=$!
                    sleep \(delay); kill -\(signal) $process 2> /dev/null || true; wait $process || true
                    """
                }
                try await disk.change("rm '\(out)/vm.qcow2'")
                for number in 1...20 { try await disk.change(kill("KILL", seconds * Double(number) / 20)) }
                try await disk.change(command("sample_image", "\(out)/vm.qcow2", "--force"))
                try await expectTraces("vm.qcow2\n\(before)", of: out, on: disk)
                let said = try await disk.change("! \(command("sample_image", "\(out)/vm.qcow2")) 2>&1")
                #expect(said.contains("/vm.qcow2': it is there already\nhint: remove it, or replace it with --force"))
                for number in 1...3 { try await disk.change("trap '' INT; " + kill("TERM", seconds * Double(number) / 4)) }
                try await expectTraces("vm.qcow2\n\(before)", of: out, on: disk)
            }
        }

        @Test func `an interruption while layers are sent is told as one`() async throws {
            try await withImage { disk in
                let bin = "\(disk.folder)/bin"
                let said = try await disk.change(
                    """
                    mkdir '\(bin)'; cat > '\(bin)/btrfs' << 'END'
                    #!/bin/bash
                    if [ "$1" = send ]; then touch "${0%/*}/sends"; exec sleep 600; fi
                    PATH=${PATH#*:} exec btrfs "$@"
                    END
                    chmod 755 '\(bin)/btrfs'
                    PATH='\(bin)':$PATH \(command("sample_image", "\(disk.folder)/vm.raw")) > /dev/null 2> '\(bin)/said' & process=$!
                    until [ -e '\(bin)/sends' ] || ! kill -0 $process; do sleep 0.1; done
                    kill -TERM $process; wait $process || true; cat '\(bin)/said'
                    """)
                #expect(said.hasSuffix("Error: signal 15 interrupted the work\n"), "\(said)")
            }
        }

        @Test func `in a directory of another user's nothing is written but the disk, whatever gets the name of the folder it is made in`()
            async throws
        {
            try await withImage("echo secret > password") { disk in
                let out = "\(disk.folder)/out"
                let arrange = """
                    rm -rf '\(out)'; mkdir '\(out)'; cd '\(out)'; [ -e ../victim ] || head -c 64M /dev/zero > ../victim; chmod 600 ../victim
                    mkdir -p theirs/{root,source,scratch}; ln -s ../../victim theirs/disk.raw; ln -s ../../victim theirs/disk
                    chown --no-dereference --recursive 1000:1000 .
                    """
                let make = { (file: String, more: String) in
                    let line = command("sample_image", "\(out)/\(file)", "--root-password-file password \(more)")
                    return "if \(line) > '\(disk.folder)/said' 2>&1; then echo whole; else tail -n 2 '\(disk.folder)/said'; fi"
                }
                let check = { (file: String, told: String) async throws in
                    let look = "cd '\(disk.folder)'; cmp victim <(head -c 64M /dev/zero); find out -type f -printf '%P %m\\n'"
                    #expect(try await output(of: ["bash", "-euc", look]) == (told == "whole\n" ? "\(file) 600\n" : ""), "\(told)")
                    if told == "whole\n" && !file.hasSuffix(".raw") { _ = try await parts(of: "\(out)/\(file)", in: disk) }
                }
                // At once, by a process of the user's.
                try await output(of: ["bash", "-euc", arrange])
                let theirs = "until mv .vm.qcow2.docker-btrfs aside 2> /dev/null; do :; done; mv theirs .vm.qcow2.docker-btrfs"
                let told = try await disk.change(
                    """
                    (cd '\(out)'; exec setpriv --reuid 1000 --regid 1000 --clear-groups bash -c '\(theirs)') & other=$!
                    \(make("vm.qcow2", ""))
                    kill "$other" 2> /dev/null || true; wait "$other" || true
                    """)
                try await check("vm.qcow2", told)
                #expect(try await output(of: ["bash", "-c", "ls -A '\(out)/aside'; stat --format %U '\(out)/aside'"]) == "root\n")
                // At any time.
                var ends = [0, 0]
                for (file, more) in Array(repeating: [("vm.raw", ""), ("vm.qcow2", ""), ("vm.vdi", "--uki")], count: 3).joined() {
                    try await output(of: ["bash", "-euc", arrange])
                    let swapper = Swapper(in: out, [(".\(file).docker-btrfs", "theirs")])
                    let told = try await disk.change(make(file, more))
                    #expect(swapper.stop() > 0)
                    ends[told == "whole\n" ? 0 : 1] += 1
                    if told != "whole\n" { #expect(told.contains("is in the way\nhint: remove it"), "\(told)") }
                    try await check(file, told)
                }
                #expect(ends[0] > 0, "\(ends)")
            }
        }
    }
}
