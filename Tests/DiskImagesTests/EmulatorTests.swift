import Basics
import Foundation
import Programs
import TestSupport
import Testing

@testable import DiskImages

/// What QEMU is told, and what it makes of it.
struct EmulatorTests {
    @Test(arguments: [
        ("disk.qcow2", "disk.qcow2"), ("desktop:next.qcow2", "./desktop:next.qcow2"), ("a:b/disk.raw", "./a:b/disk.raw"),
        ("json:{}.img", "./json:{}.img"), ("/var/a:b.img", "/var/a:b.img"), ("./a:b.img", "./a:b.img"), ("a/b:c.img", "a/b:c.img"),
        ("a,b.img", "a,,b.img"), ("nbd:a,b.img", "./nbd:a,,b.img"),
    ])
    func `a file's name is no protocol and no other option`(file: String, value: String) throws {
        let emulator = try Emulator(file: file)
        let drive = emulator.command(withKVM: false).first { $0.hasPrefix("file=") }
        #expect(drive == "file=\(value),format=\(emulator.format.emulated),if=none,id=disk,snapshot=on,cache=unsafe")
    }

    @Test(
        arguments: [
            (["virtio_pci", "virtio_blk", "ahci", "sd_mod", "nvme"], "virtio-blk-pci,drive=disk"),
            (["virtio_blk", "ahci", "sd_mod", "nvme"], "ide-hd,drive=disk"), (["ahci", "nvme"], "nvme,drive=disk,serial=rehearsal"),
            (["virtio_pci", "ahci", "btrfs"], nil),
        ] as [([String], String?)])
    func `a rehearsal's disk is on the first controller that the kernel drives`(modules: [String], device: String?) throws {
        let controller = DiskController(drivenBy: Set(modules))
        #expect(controller?.device == device)
        guard let controller, let device else { return }
        var emulator = try Emulator(file: "disk.raw")
        (emulator.controller, emulator.monitor) = (controller, "monitor")
        #expect(emulator.command(withKVM: false).contains(device))
    }

    @Test(arguments: [
        (["Trying to pull it", "Error: no such image"], "Error: no such image"),
        (["Chroot to /received", "ERROR: short read"], "ERROR: short read"),
        (
            ["tar: -: Wrote only 1536 of 10240 bytes", "tar: Error is not recoverable: exiting now"],
            "tar: -: Wrote only 1536 of 10240 bytes"
        ),
        ([], "it ended with status 3"),
    ])
    func `a program that failed is quoted with its error`(lines: [String], complaint: String) async throws {
        let outcome = try await runProgram(["sh", "-c", "printf '%s\\n' \"$@\" | grep . >&2; exit 3", "sh"] + lines)
        #expect(outcome?.complaint == complaint)
    }

    @Test(arguments: ["a b.raw", "it's.raw", "a\nb.raw", "it's\tc:\\d\u{1b}0.raw", "plain.raw"])
    func `a word that is shown is the same word for a shell, on one line`(word: String) async throws {
        let typed = typedWord(word)
        #expect(try await output(of: ["bash", "-c", "printf %s \(typed)"]) == word)
        #expect(display(typed.utf8) == typed)
    }

    @Test func `more memory than there is is refused before anything is made`() throws {
        var emulator = try Emulator(file: "disk.raw")
        emulator.memory = 4096
        let failure = Failure(
            "could not start the machine with 4096 MiB of memory: this one has 4095 MiB, with its swap",
            hint: "take a smaller number with --rehearsal-memory")
        #expect(throws: failure) { try emulator.checkMemory(option: "--rehearsal-memory", most: 4095) }
        for most in [4096, nil] { #expect(throws: Never.self) { try emulator.checkMemory(option: "--memory", most: most) } }
    }

    @Test func `that is what the machine has with its swap, unless Linux gives more`() {
        let memory = "MemTotal:        2097152 kB\nMemFree:         1000 kB\nSwapTotal:       1048576 kB\n"
        #expect(Emulator.memoryLimit(memory, overcommit: "0\n") == 3072 && Emulator.memoryLimit(memory, overcommit: "") == 3072)
        #expect(Emulator.memoryLimit(memory, overcommit: "1\n") == nil && Emulator.memoryLimit("", overcommit: "0\n") == nil)
    }

    @Test func `a QEMU that fails is told with the file that it was for`() async throws {
        let top = FileManager.default.temporaryDirectory.appending(path: "docker-btrfs-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: top) }
        try FileManager.default.createDirectory(at: top.appending(path: "bin"), withIntermediateDirectories: true)
        let script = """
            cd "$1"; echo > disk.raw; printf '%s\\n' '#!/bin/sh' 'exit 3' > bin/qemu-system-x86_64; chmod 755 bin/qemu-system-x86_64
            PATH=$PWD/bin:$PATH "$2" run disk.raw < /dev/null 2>&1 | tail -n 1
            """
        #expect(
            try await output(of: ["bash", "-uc", script, "bash", top.path, Repository.ordinaryCompanion])
                == "Error: could not run 'disk.raw' in QEMU: it ended with status 3\n")
    }

    @Test func `root's QEMU gets the file that was looked at, and anybody's one that it can open`() async throws {
        let top = FileManager.default.temporaryDirectory.appending(path: "docker-btrfs-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: top) }
        try FileManager.default.createDirectory(at: top.appending(path: "bin"), withIntermediateDirectories: true)
        let script = """
            cd "$1"; echo first > disk.raw; echo other > other
            cat > bin/qemu-system-x86_64 << 'END'
            #!/bin/bash
            case "$*" in *probe*) exit 1 ;; esac
            mv other disk.raw
            for word; do
                case $word in file=*) file=${word#file=}; cat "${file%%,*}" ;; esac
            done
            END
            chmod 755 bin/qemu-system-x86_64
            # What a process has open that runs a program it may not read is root's.
            cp "$2" program; chmod 111 program
            PATH=$PWD/bin:$PATH ./program run disk.raw < /dev/null 2> told || cat told
            """
        let given = geteuid() == 0 ? "first\n" : "other\n"
        #expect(try await output(of: ["bash", "-uc", script, "bash", top.path, Repository.ordinaryCompanion]) == given)
    }

    @Test func `QEMU ends with who started it, also by a signal that nobody can take`() async throws {
        let top = FileManager.default.temporaryDirectory.appending(path: "docker-btrfs-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: top) }
        try FileManager.default.createDirectory(at: top.appending(path: "bin"), withIntermediateDirectories: true)
        let script = """
            cd "$1"
            printf '%s\\n' '#!/bin/sh' 'case "$*" in *probe*) exit 1 ;; esac' 'echo $$ > pid' 'exec sleep 600' > bin/qemu-system-x86_64
            chmod 755 bin/qemu-system-x86_64; echo > disk.raw
            PATH=$PWD/bin:$PATH "$2" run disk.raw < /dev/null > told 2>&1 &
            until [ -s pid ]; do sleep 0.1; jobs %1 > /dev/null || break; done
            kill -KILL $!; wait
            # Whoever adopts it may let it be a zombie.
            for _ in $(seq 50); do grep -qs . "/proc/$(cat pid)/cmdline" || { echo ended; exit; }; sleep 0.1; done
            cat told; kill "$(cat pid)"
            """
        #expect(try await output(of: ["bash", "-uc", script, "bash", top.path, Repository.ordinaryCompanion]) == "ended\n")
    }
}
