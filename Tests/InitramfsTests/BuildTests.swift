import Basics
import Boot
import Files
import Foundation
import TestSupport
import Testing

@testable import Initramfs

struct BuildTests {
    private let scratch: Scratch
    private var recipe: Recipe

    init() throws {
        scratch = try Scratch()
        try scratch.write(sampleProgram(version), to: "init")
        try scratch.write(
            Array("kernel/btrfs.ko: kernel/xor.ko\nkernel/xor.ko:\nkernel/nvme.ko:\n".utf8), to: "tree/lib/modules/6.1/modules.dep")
        try scratch.write(Array("options nvme a=1\n".utf8), to: "tree/etc/modprobe.d/a.conf")
        for name in ["btrfs", "xor", "nvme"] {
            try scratch.write(sampleModule("license=GPL"), to: "tree/lib/modules/6.1/kernel/\(name).ko")
        }
        recipe = try Recipe(tree: Directory(opening: scratch.file("tree"), label: "T"), release: "6.1", program: scratch.file("init"))
    }

    private func image(_ recipe: Recipe) async throws -> InitramfsImage {
        try await InitramfsImage(Build(recipe).archive, name: "x")
    }

    private func text(_ path: Path, _ image: InitramfsImage) -> String? {
        image.target(of: path).map { String(decoding: $0.content, as: UTF8.self) }
    }

    @Test func `it holds what /init needs and nothing else`() async throws {
        let image = try await image(recipe)
        let lines = image.paths.compactMap { path in image[path].map { "\(String($0.mode, radix: 8)) \(path)" } }
        #expect(
            lines == [
                "120777 /bin", "40755 /dev", "20600 /dev/console", "40755 /etc", "40755 /etc/docker-btrfs",
                "100644 /etc/docker-btrfs/modules",
                "100755 /init", "120777 /lib", "40755 /proc", "40755 /run", "40755 /sys", "40755 /sysroot", "41777 /tmp", "40755 /usr",
                "40755 /usr/bin", "100755 /usr/bin/docker-btrfs-init", "40755 /usr/lib", "40755 /usr/lib/modules",
                "40755 /usr/lib/modules/6.1",
                "40755 /usr/lib/modules/6.1/kernel", "100644 /usr/lib/modules/6.1/kernel/btrfs.ko",
                "100644 /usr/lib/modules/6.1/kernel/nvme.ko", "100644 /usr/lib/modules/6.1/kernel/xor.ko",
            ])
        #expect(image["init"]?.inode == image["usr/bin/docker-btrfs-init"]?.inode)
        #expect(image["dev/console"]?.device == .init(major: 5, minor: 1))
        #expect(
            text(modulesListPath, image) == """
                ?/usr/lib/modules/6.1/kernel/nvme.ko a=1
                /usr/lib/modules/6.1/kernel/xor.ko
                /usr/lib/modules/6.1/kernel/btrfs.ko

                """)
        #expect(Inspection(of: image).failure == nil)
    }

    @Test func `modules are unpacked, and nothing else changes by how they were packed`() async throws {
        let plain = try await Build(recipe).archive
        try await scratch.shell(
            #"""
            cd tree/lib/modules/6.1; zstd -q --rm kernel/btrfs.ko; xz kernel/xor.ko; gzip kernel/nvme.ko
            sed -i 's/btrfs.ko/&.zst/; s/xor.ko/&.xz/g; s/nvme.ko/&.gz/' modules.dep
            """#
        )
        #expect(try await Build(recipe).archive == plain)
    }

    @Test func `the firmware that modules ask for, from where the kernel looks first`() async throws {
        try scratch.write(
            sampleModule(
                "firmware=a/plain.bin", "firmware=b.bin", "firmware=c.bin", "firmware=d*.bin", "firmware=gone.bin", "firmware=../up"),
            to: "tree/lib/modules/6.1/kernel/nvme.ko")
        for (name, text) in [("a/plain.bin", "plain"), ("b.bin", "zstd"), ("c.bin", "old"), ("updates/c.bin", "new"), ("d1.bin", "")] {
            try scratch.write(Array(text.utf8), to: "tree/lib/firmware/\(name)")
        }
        try await scratch.shell("cd tree/lib/firmware; zstd -q --rm b.bin; xz --check=crc32 updates/c.bin")
        let build = try await Build(recipe)
        let image = try await InitramfsImage(build.archive, name: "x")
        #expect(text("lib/firmware/a/plain.bin", image) == "plain")
        #expect(text("lib/firmware/b.bin", image) == "zstd")
        #expect(text("lib/firmware/c.bin", image) == "new")
        #expect(build.firmwareCount == 3)
        #expect(build.notes.last == "firmware that some hardware asks for is not there: gone.bin, ../up")
    }

    @Test func `symlinks of the tree lead nowhere else`() async throws {
        try scratch.write(Array("outside".utf8), to: "secret")
        try scratch.write(sampleModule("firmware=a.bin", "firmware=b.bin"), to: "tree/lib/modules/6.1/kernel/nvme.ko")
        try scratch.write(Array("inside".utf8), to: "tree/real.bin")
        try await scratch.shell(
            "mkdir tree/lib/firmware; ln -s ../../../secret tree/lib/firmware/a.bin; ln -s /real.bin tree/lib/firmware/b.bin")
        let build = try await Build(recipe)
        let image = try await InitramfsImage(build.archive, name: "x")
        #expect(image["usr/lib/firmware/a.bin"] == nil)
        #expect(text("usr/lib/firmware/b.bin", image) == "inside")
    }

    @Test func `the configuration goes in, for root's eyes`() async throws {
        try scratch.write(Array(#"{ "docker_image": "a" }"#.utf8), to: "tree/etc/docker-btrfs.json")
        #expect(try await image(recipe)["etc/docker-btrfs.json"]?.mode == 0o100600)
        var other = recipe
        other.configuration = try scratch.write(Array(#"{ "docker_image": "b" }"#.utf8), to: "other.json")
        #expect(try await text("etc/docker-btrfs.json", image(other)) == #"{ "docker_image": "b" }"#)
        other.configuration = try scratch.write(Array(#"{ "docker_image": "A B" }"#.utf8), to: "other.json")
        let impossible = other
        let failure = await #expect(throws: Failure.self) { try await Build(impossible) }
        #expect(failure?.message.hasPrefix("could not read the image reference 'A B': ") == true)
    }

    @Test func `a shell only where it is asked for, and a static one`() async throws {
        var recipe = recipe
        recipe.shell = .busybox
        await expect(recipe, "could not find 'T/bin/busybox'", hint: "install the package 'busybox-static' or 'busybox'")
        try scratch.write(sampleProgram(version), to: "tree/bin/busybox")
        let image = try await image(recipe)
        #expect(image.target(of: "bin/sh")?.path == "usr/bin/busybox")
        #expect(image.target(of: "bin/sh")?.permissions == 0o755)
        try scratch.write(Array("#!/bin/sh".utf8), to: "tree/bin/busybox")
        await expect(recipe, "could not take 'T/bin/busybox' for a shell: it is not a static program", hint: "install 'busybox-static'")
    }

    @Test func `keyboards, with which Ctrl-Alt-Del restarts a machine whose boot failed`() async throws {
        let folder = "tree/lib/modules/6.1"
        let files = ["kernel/usbhid.ko", "kernel/hid-generic.ko", "kernel/hyperv-keyboard.ko"]
        try await scratch.shell("printf '%s:\n' \(files.joined(separator: " ")) >> \(folder)/modules.dep")
        for file in files { try scratch.write(sampleModule("license=GPL"), to: "\(folder)/\(file)") }
        var recipe = recipe
        for drivers in [Recipe.Drivers.generic, .hostOnly] {
            recipe.drivers = drivers
            let list = try await text(modulesListPath, image(recipe)) ?? ""
            for file in files { #expect(list.contains("?/usr/lib/modules/6.1/\(file)\n")) }
        }
    }

    @Test func `for this machine alone, the top layer's filesystem is taken by the command line`() async throws {
        let folder = "tree/lib/modules/6.1"
        try await scratch.shell("printf 'kernel/jfs.ko:\nkernel/vfat.ko:\nkernel/nls_cp437.ko:\n' >> \(folder)/modules.dep")
        try scratch.write(Array("alias fs-jfs2 jfs\n".utf8), to: "\(folder)/modules.alias")
        for name in ["jfs", "vfat", "nls_cp437"] { try scratch.write(sampleModule("license=GPL"), to: "\(folder)/kernel/\(name).ko") }
        var recipe = recipe
        recipe.drivers = .hostOnly
        for (type, modules) in [("jfs", ["jfs"]), ("jfs2", ["jfs"]), ("vfat", ["vfat", "nls_cp437"])] {
            recipe.commandLine = "docker_path=d toplayer=LABEL=nowhere toplayerfstype=\(type)"
            let list = try await text(modulesListPath, image(recipe)) ?? ""
            for module in modules { #expect(list.contains("?/usr/lib/modules/6.1/kernel/\(module).ko\n"), "\(type)") }
        }
        #expect(topLayerFilesystem(KernelCommandLine("toplayer=LABEL=nowhere-at-all".utf8)) == nil)
    }

    @Test func `what cannot be built is named`() async throws {
        var added = recipe
        added.addedModules = ["nothing"]
        await expect(added, "could not find the module 'nothing' of the kernel '6.1'")
        var program = recipe
        program.program = "/nowhere"
        await expect(program, "could not find docker-btrfs-init as '/nowhere'", hint: "name it with --init")
        program.program = "/bin/sh"
        await expect(program, "could not take '/bin/sh' for /init: /bin/sh is not docker-btrfs-init")
        try scratch.write(Array("{".utf8), to: "broken.json")
        var configuration = recipe
        configuration.configuration = scratch.file("nowhere.json")
        await expect(configuration, "could not find the configuration '\(scratch.file("nowhere.json"))'")
    }

    @Test func `a tree that is not whole is named`() async throws {
        let module = "tree/lib/modules/6.1/kernel/btrfs.ko"
        try scratch.write(Array("no module".utf8), to: module)
        await expect(recipe, "could not take the module 'T/lib/modules/6.1/kernel/btrfs.ko': it is no kernel module")
        try FileManager.default.removeItem(atPath: scratch.file(module))
        await expect(recipe, "could not find the module 'kernel/btrfs.ko' that modules.dep names", hint: "run depmod 6.1")
        try scratch.write(Array("kernel/xor.ko:\n".utf8), to: "tree/lib/modules/6.1/modules.dep")
        await expect(recipe, "could not find btrfs in the kernel '6.1'", hint: "take a kernel that has it, as a module or built in")
        try scratch.write(Array("kernel/fs/btrfs/btrfs.ko\n".utf8), to: "tree/lib/modules/6.1/modules.builtin")
        #expect(try await Inspection(of: image(recipe)).failure == nil, "a kernel that has btrfs built in needs no module")
    }

    @Test func `a module that is damaged is named`() async throws {
        try await scratch.shell(
            "cd tree/lib/modules/6.1; xz kernel/btrfs.ko; truncate --size -9 kernel/btrfs.ko.xz; sed -i 's/btrfs.ko/&.xz/' modules.dep")
        await expect(
            recipe,
            "could not read 'T/lib/modules/6.1/kernel/btrfs.ko.xz': what xz compressed is damaged or cut off")
    }

    private func expect(_ recipe: Recipe, _ message: String, hint: String? = nil, sourceLocation: SourceLocation = #_sourceLocation) async {
        await #expect(throws: Failure(message, hint: hint), sourceLocation: sourceLocation) { try await Build(recipe) }
    }

    @Test func `a file is replaced as a whole, and only its owner may read it`() async throws {
        let file = try scratch.write(Array("old".utf8), to: "out/initrd.img")
        try await scratch.shell("chmod 644 out/initrd.img; echo left > out/.docker-btrfs.new")
        try replaceFile(file, with: Array("new".utf8))
        #expect(try await scratch.shell("stat --format '%a %n' out/*; cat out/initrd.img") == "600 out/initrd.img\nnew")
        try await scratch.shell("ln -s initrd.img out/link")
        try replaceFile(scratch.file("out/link"), with: Array("link".utf8))
        #expect(try await scratch.shell("cat out/initrd.img out/link; ls -A out") == "newlinkinitrd.img\nlink\n")
    }

    @Test func `a folder that somebody keeps locked is named`() async throws {
        let told = try await scratch.shell("mkdir out; exec 9< out; flock 9; sleep 600 > /dev/null 2>&1 & echo $!")
        let holder = try #require(pid_t(told.trimmingCharacters(in: .newlines)))
        defer { kill(holder, SIGKILL) }
        let file = scratch.file("out/initrd.img")
        let failure = #expect(throws: Failure.self) { try replaceFile(file, with: [1], waiting: 1) }
        #expect(failure?.message == "could not write '\(file)': another process has '\(scratch.file("out"))' locked")
        kill(holder, SIGKILL)
        try replaceFile(file, with: [1])
        #expect(try scratch.read("out/initrd.img") == [1])
    }

    @Test(arguments: ["mkdir -p out/x", "mkfifo out", "ln -s /dev/null out"])
    func `what is no file is not replaced by one`(script: String) async throws {
        try await scratch.shell(script)
        let before = try await scratch.shell("stat --format '%F %i' out; ls -A")
        #expect(throws: Failure("could not write '\(scratch.file("out"))': it is there and is not a regular file")) {
            try replaceFile(scratch.file("out"), with: [])
        }
        #expect(try await scratch.shell("stat --format '%F %i' out; ls -A") == before)
    }

    @Test func `a file of no folder`() async throws {
        #expect(throws: Failure("could not open the directory '\(scratch.file("none"))': No such file or directory")) {
            try replaceFile(scratch.file("none/file"), with: [])
        }
        #expect(throws: Failure("could not write '\(scratch.file(""))': it is no name of a file")) {
            try replaceFile(scratch.file(""), with: [])
        }
    }

    @Test func `a unified kernel image needs systemd's stub`() {
        var recipe = recipe
        recipe.stubs = scratch.file("none")
        #expect(
            throws: Failure("could not find systemd's stub in 'T'", hint: "install the package 'systemd-boot-efi' (Debian) or 'systemd'")
        ) { try UnifiedKernelImage(recipe) }
    }

    @Test func `a unified kernel image takes a kernel that is in another tree`() throws {
        for path in ["usr/lib/systemd/boot/efi/linuxx64.efi.stub", "etc/os-release"] { try scratch.write([1], to: "tree/\(path)") }
        var recipe = recipe
        recipe.commandLine = "quiet"
        #expect(throws: Failure("could not find the kernel '6.1' in 'T'", hint: "it is looked for as boot/vmlinuz-6.1")) {
            try UnifiedKernelImage(recipe)
        }
        recipe.kernel = [1]
        _ = try UnifiedKernelImage(recipe)
    }

    @Test func `the companion says which package has a program that it needs`() async throws {
        let file = try scratch.write(try await Build(recipe).compressed(with: .zstd), to: "initrd.img")
        #expect(try await run([Repository.ordinaryCompanion, "check-initramfs", file], environment: ["PATH": "/nowhere"]).status == 0)
        try scratch.write(try await Build(recipe).compressed(with: .lz4), to: "initrd.img")
        let outcome = try await run([Repository.ordinaryCompanion, "check-initramfs", file], environment: ["PATH": "/nowhere"])
        let message = "could not read '\(file)': there is no program 'lz4' for its compression\nhint: install the package 'lz4'\n"
        #expect(outcome == Outcome(status: 1, output: "", errors: "Error: \(message)"))
    }
}
