import TestSupport
import Testing

/// What comes after a boot that failed.
struct InitEndTests {
    private static let line = "root=LABEL=nowhere rootdelay=0 quiet"

    @Test func `without panic= the machine waits`() async throws {
        try await Machine.plain(in: .userMode) { machine in
            let end = "The machine waits. Ctrl-Alt-Del restarts it; panic=SECONDS would do that by itself."
            let console = try await machine.start(Self.line, ["--until", end])
            #expect(console.screen("What happened") == "could not find the device 'LABEL=nowhere' (root=): it was not there after 0 s")
        }
    }

    @Test func `with panic= it restarts after so many seconds, and offers no shell`() async throws {
        // Not in User-Mode Linux, whose clock stands still while others are busy.
        try await Machine.plain { machine in
            let console = try await machine.start(Self.line + " panic=2", initramfs: #"install -D "$BUSYBOX" bin/sh"#)
            #expect(console.text.contains("The machine restarts in 2 s (panic=)."))
            let times = console.times(of: /docker-btrfs-init: could|reboot: Restarting/)
            #expect(times.count == 2 && times[1] - times[0] >= 2)
        }
    }

    @Test func `a shell that is in the initramfs is started, and after it the boot is tried again`() async throws {
        try await Machine.plain { machine in
            try await machine.ask(in: "plain", "ls -d /init")
            // It stands for somebody who finds the reason.
            let console = try await machine.start(
                "root=LABEL=linux rw rootflags=subvol=plain quiet",
                initramfs: """
                    install -D "$BUSYBOX" bin/busybox
                    printf '#!/bin/busybox sh\\nbusybox tty; busybox mv /away /etc/docker-btrfs/modules\\n' > bin/sh
                    chmod 755 bin/sh; mv etc/docker-btrfs/modules away; mkdir etc/docker-btrfs/modules; rmdir etc/docker-btrfs/modules
                    echo wrong > etc/docker-btrfs/modules
                    """)
            #expect(console.text.contains("Here is a shell. 'exit' tries to boot again, 'reboot -f' restarts the machine."))
            #expect(console.text.contains("\n/dev/console\n"))
            #expect(console.answers == "ls: /init: No such file or directory\n")
        }
    }

    @Test func `without a console the kernel's log has it, and the machine restarts all the same`() async throws {
        try await Machine.plain(in: .userMode) { machine in
            let console = try await machine.start(
                Self.line + " panic=-1 rdinit=/before",
                initramfs: """
                    install -D "$BUSYBOX" bin/busybox
                    cat > before << 'END'
                    #!/bin/busybox sh
                    busybox mount -t tmpfs none /dev; busybox mknod /dev/kmsg c 1 11
                    exec /init 0<&- 1<&- 2<&-
                    END
                    chmod 755 before
                    """)
            #expect(
                console.told == [
                    "could not find the device 'LABEL=nowhere' (root=): it was not there after 0 s",
                    "hint: no block device with a filesystem is here; one that is slow is waited for with rootwait=30",
                ])
            #expect(console.text.contains("reboot: Restarting system") && !console.text.contains("Kernel panic"))
        }
    }

    @Test func `docker_onfail= says what comes after a boot that failed, when it was asked for an image`() async throws {
        try await Machine.plain { machine in
            let line = "root=LABEL=linux rootflags=subvol=root docker_path=docker docker_image=tin docker_onfail=poweroff quiet"
            let console = try await machine.start(line)
            #expect(console.text.contains("\ndocker-btrfs-init: switching off in 10 s (docker_onfail=)\n"))
            #expect(console.text.contains("reboot: Power down"))
        }
    }

    @Test func `a boot that failed once may boot the root of the time before`() async throws {
        try await Machine.plain(in: .userMode) { machine in
            try await machine.ask("cat /etc/os-release")
            let line = "root=LABEL=linux rw rootflags=subvol=root docker_path=docker toplayer=LABEL=linux toplayer_path=boot_docker quiet"
            let first = try await machine.start(line + " docker_image=tiny", log: "1")
            #expect(first.answers == "ID=tiny\n")
            let second = try await machine.start(line + " docker_image=tin", log: "2")
            #expect(second.text.contains(/\ndocker-btrfs-init: could not find image 'tin:latest'.*; booting root 1 .* instead/))
            #expect(second.answers == "ID=tiny\n")
        }
    }
}
