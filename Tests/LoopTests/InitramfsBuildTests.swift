import Basics
import Boot
import Foundation
import TestSupport
import Testing

@testable import Initramfs

/// `docker-btrfs initramfs build` on Debian's kernel, read back with the system's own programs.
@Suite(.serialized) struct InitramfsBuildTests {
    @Test func `it is small, and GNU cpio and check-initramfs find in it what belongs there`() async throws {
        try await InitramfsTree.withFolder { folder in
            let file = folder + "/initrd.img"
            let outcome = try await InitramfsTree.build(["--output", file])
            #expect(outcome.status == 0, "\(outcome.errors)")
            let size = try #require(FileManager.default.attributesOfItem(atPath: file)[.size] as? Int)
            #expect(size <= 6 << 20)
            #expect(outcome.output.hasPrefix("\(file): \(size) bytes, "))
            #expect(try await InitramfsTree.shell(#"stat --format %a "$1""#, file) == "600\n")

            let listed = try await InitramfsTree.shell(#"zstd -dc "$1" | cpio --quiet -t"#, file).split(separator: "\n").map { "/" + $0 }
            #expect(try await listed == InitramfsImage(reading: file).paths.map(\.description))
            let release = try InitramfsTree.release()
            for path in ["/init", "/dev/console", "/etc/docker-btrfs.json", "/usr/lib/modules/\(release)/kernel/fs/btrfs/btrfs.ko"] {
                #expect(listed.contains(path), "\(path)")
            }
            let check = try await run([Repository.companion, "check-initramfs", file])
            #expect(check.status == 0)
            #expect(
                check.output.hasPrefix(
                    "ok  framework      docker-btrfs-init as /init\nok  init           /init, version \(version)\nok  btrfs "))
        }
    }

    @Test func `what a symlink leads to is replaced, but for another user's link`() async throws {
        try await InitramfsTree.withFolder { folder in
            _ = try await InitramfsTree.shell(
                #"cd "$1"; mkdir boot; echo old > boot/old; ln -s boot/initrd link; ln -s link first; ln -s boot/old theirs; chown -h 1 theirs"#,
                folder)
            let outcome = try await InitramfsTree.build(["--output", folder + "/first", "--compress", "none"])
            #expect(outcome.status == 0, "\(outcome.errors)")
            let theirs = try await InitramfsTree.build(["--output", folder + "/theirs", "--compress", "none"])
            #expect(theirs.status == 1 && theirs.errors.contains("'\(folder)/theirs' is another user's symlink\n"), "\(theirs)")
            let both = try await InitramfsTree.build(["--output", folder + "/first", "--uki", folder + "/boot/initrd"])
            #expect(both.status == 64 && both.errors.contains("name one file"), "\(both)")
            let left = try await InitramfsTree.shell(
                #"cd "$1"; find . -mindepth 1 -printf '%p %y %l\n' | sort; cat boot/old; head -c 6 boot/initrd"#, folder)
            #expect(
                left == """
                    ./boot d\u{20}
                    ./boot/initrd f\u{20}
                    ./boot/old f\u{20}
                    ./first l link
                    ./link l boot/initrd
                    ./theirs l boot/old
                    old
                    070701
                    """, "\(left)")
        }
    }

    @Test func `the modules are in the order in which modprobe loads them`() async throws {
        try await InitramfsTree.withFolder { folder in
            _ = try await InitramfsTree.build(["--output", folder + "/i", "--compress", "none", "--add-module", "bridge"])
            let image = try await InitramfsImage(reading: folder + "/i")
            let list = String(decoding: image.target(of: "etc/docker-btrfs/modules")?.content ?? [], as: UTF8.self).split(separator: "\n")
            // A module that can be missing is `?(MODULE,MODULE)/path`, with those that it needs.
            let files = list.map { $0.first == "?" ? $0.drop { $0 != "/" } : $0 }
            #expect(Set(files).count == files.count)
            let release = try InitramfsTree.release()
            for name in ["btrfs", "bridge", "virtio_blk", "virtio_pci", "sd_mod", "xfs", "vfat"] {
                let shown = try await output(of: ["modprobe", "-d", InitramfsTree.path, "-S", release, "--show-depends", name])
                // Debian's tree is usr-merged, and modprobe goes through /lib.
                let expected = shown.split(separator: "\n").filter { $0.hasPrefix("insmod ") }
                    .map { "/usr" + $0.dropFirst(7 + InitramfsTree.path.count).prefix { $0 != " " } }
                #expect(!expected.isEmpty)
                #expect(expected.allSatisfy { path in files.contains { $0 == path } }, "\(name): \(expected)")
                let places = expected.compactMap { path in files.firstIndex { $0 == path } }
                for (index, place) in places.enumerated() where index + 1 == places.count {
                    #expect(places.allSatisfy { $0 <= place }, "\(name)")
                }
                let required = try await hardDependencies(of: name, release)
                #expect(required.allSatisfy { path in list.contains { $0 == path } } == ["btrfs", "bridge"].contains(name), "\(name)")
            }
        }
    }

    /// The module and what it cannot do without, by modules.dep.
    private func hardDependencies(of name: String, _ release: String) async throws -> [String] {
        let script = #"sed -nE "s#^(.*/$2\.ko): ?(.*)#\1 \2#p" "$1/lib/modules/$3/modules.dep" | tr ' ' '\n' | sed '/^$/d'"#
        return try await InitramfsTree.shell(script, InitramfsTree.path, name, release).split(separator: "\n").map {
            "/usr/lib/modules/\(release)/\($0)"
        }
    }

    @Test func `an alias stands for the modules that modprobe takes it for`() async throws {
        let release = try InitramfsTree.release()
        for alias in ["pci:v00001AF4d00001001sv00001AF4sd00000002bc01sc00i00", "crypto-crc32c", "fs-btrfs", "virtio:d00000002v00001AF4"] {
            let resolved = try await output(of: ["modprobe", "-d", InitramfsTree.path, "-S", release, "-R", alias])
            try await InitramfsTree.withFolder { folder in
                let outcome = try await InitramfsTree.build([
                    "-o", folder + "/i", "--compress", "none", "--host-only", "--add-module", alias,
                ])
                #expect(outcome.status == 0, "\(outcome.errors)")
                let image = try await InitramfsImage(reading: folder + "/i")
                let names = image.paths.map { $0.description.replacing("-", with: "_") }
                for name in resolved.split(separator: "\n") { #expect(names.contains { $0.hasSuffix("/\(name).ko") }, "\(alias): \(name)") }
            }
        }
    }

    @Test func `the same input gives the same bytes`() async throws {
        try await InitramfsTree.withFolder { folder in
            let time = ["SOURCE_DATE_EPOCH": "1700000000"]
            for name in ["a", "b"] {
                _ = try await InitramfsTree.build(["--output", "\(folder)/\(name)", "--compress", "gzip"], environment: time)
            }
            #expect(try await run(["cmp", folder + "/a", folder + "/b"]).status == 0)
            let times = try await InitramfsTree.shell(
                #"cd "$1"; gzip -dc a > plain; mkdir out; cd out; cpio --quiet -im < ../plain; find . -type f -printf '%Ts\n' | sort -u"#,
                folder)
            #expect(times == "1700000000\n")
        }
    }

    @Test func `a shell that runs`() async throws {
        try await InitramfsTree.withFolder { folder in
            let outcome = try await InitramfsTree.build(["--output", folder + "/i", "--compress", "none", "--shell"])
            #expect(outcome.status == 0, "\(outcome.errors)")
            let said = try await InitramfsTree.shell(
                #"mkdir "$1/out"; cd "$1/out"; cpio --quiet -im < ../i; chroot . /bin/sh -c '/init --version; ls /'"#, folder)
            #expect(said.hasPrefix("docker-btrfs-init \(version)\nbin\ndev\n"))
        }
    }

    @Test func `a unified kernel image, section by section`() async throws {
        try await InitramfsTree.withFolder { folder in
            let line = "docker_path=docker root=LABEL=linux rw"
            let outcome = try await InitramfsTree.build([
                "--output", folder + "/i", "--uki", folder + "/u.efi", "--cmdline", line, "--compress", "none",
            ])
            #expect(outcome.status == 0, "\(outcome.errors)")
            _ = try await InitramfsTree.shell(
                #"""
                cd "$1"; for part in initrd linux cmdline osrel; do objcopy -O binary --only-section ".$part" u.efi "$part"; done
                cmp <(head -c "$(stat -c %s i)" initrd) i
                kernel=$(ls "$2"/boot/vmlinuz-*); cmp <(head -c "$(stat -c %s "$kernel")" linux) "$kernel"
                grep -q '^ID=debian' osrel
                """#, folder, InitramfsTree.path)
            let check = try await run([Repository.companion, "check-initramfs", folder + "/u.efi"])
            #expect(check.status == 0)
            #expect(check.output.hasSuffix("ok  command line   \(line)\n"))
            let again = try await InitramfsTree.build(["--uki", folder + "/w.efi", "--cmdline", line, "--compress", "none"])
            #expect(again.status == 0)
            #expect(try await run(["cmp", folder + "/u.efi", folder + "/w.efi"]).status == 0, "the same input gives the same bytes")
            let other = try await InitramfsTree.build(["--uki", folder + "/v.efi", "--cmdline", "quiet", "--compress", "none"])
            #expect(other.status == 0)
            let failing = try await run([Repository.companion, "check-initramfs", folder + "/v.efi"])
            #expect(failing.status == 1)
            #expect(failing.errors.contains("command line: there is no 'docker_path=' or 'docker_deployed=' on 'quiet'"))
            // What a full ESP leaves. The kernel is at the end.
            let cut = folder + "/u.efi"
            try await output(of: ["truncate", "-s", "-1M", cut])
            let broken = try await run([Repository.companion, "check-initramfs", cut])
            #expect(broken.errors == "Error: could not read '\(cut)': it is cut off in section '.linux'\n")
        }
    }

    @Test func `the filesystem of the top layer's device is found`() async throws {
        try await Disk.with(["mkfs.vfat"], size: "16M") { disk in
            #expect(topLayerFilesystem(KernelCommandLine("toplayer=\(disk.device)".utf8)) == "vfat")
            #expect(topLayerFilesystem(KernelCommandLine("toplayer=\(disk.device) toplayerfstype=ext4".utf8)) == "ext4")
            #expect(topLayerFilesystem(KernelCommandLine("toplayer=\(disk.device) toplayerfstype=auto".utf8)) == "vfat")
            // libblkid has a FAT's in capitals.
            let uuid = try await disk.uuid().lowercased()
            #expect(topLayerFilesystem(KernelCommandLine("toplayer=UUID=\(uuid)".utf8)) == "vfat")
        }
    }
}
