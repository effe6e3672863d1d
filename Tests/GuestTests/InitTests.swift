import TestSupport
import Testing

/// docker-btrfs-init as /init.
struct InitTests {
    private static let line = "root=LABEL=linux rw rootflags=subvol=root docker_path=docker docker_image=tiny quiet panic=-1"

    @Test func `a system of 2 MB from a Docker image gets all that /init is to hand over, and its memory`() async throws {
        try await Machine.plain { machine in
            try await machine.ask(
                """
                cat /etc/whose /run/started
                cut -d ' ' -f 1-3 /proc/mounts
                grep 'open files' /proc/1/limits | tr -s ' '
                grep SigIgn /proc/1/status
                grep Unevictable /proc/meminfo | { read -r name size unit; [ "$size" -lt 1000 ] && echo freed; }
                ls /run/docker-btrfs
                """)
            try await machine.change(
                """
                printf '#!/bin/sh\\necho "$0 $*, $HOME" > /run/started; exec /sbin/init\\n' > boot_docker/start
                chmod 755 boot_docker/start
                """)
            let layer = "toplayer=LABEL=linux toplayer_path=boot_docker"
            let console = try await machine.start("\(Self.line) \(layer) init=/start 3 -- 'last' word")
            #expect(
                console.answers == """
                    of this machine
                    /start 3 'last' word no_timer_check mitigations=off, /
                    devtmpfs /dev devtmpfs
                    proc /proc proc
                    sysfs /sys sysfs
                    tmpfs /run tmpfs
                    /dev/vda / btrfs
                    Max open files 1024 4096 files
                    SigIgn:\t0000000000000000
                    freed
                    boot.json

                    """)
        }
    }

    /// The program has the filesystem open: read-write from the first boot's work, read-only in the second, in which nothing is to do.
    @Test func `the root is read-only or read-write as the kernel command line says, however it is open already`() async throws {
        try await Machine.plain(in: .userMode) { machine in
            try await machine.ask("cut -d ' ' -f 2,4 /proc/mounts | grep '^/ ' | cut -c 3-4; touch /file 2> /dev/null && echo written")
            let layer = "toplayer=LABEL=linux toplayer_path=boot_docker docker_mode=persist"
            for (access, answers) in [("ro", "ro\n"), ("rw", "rw\nwritten\n")] {
                let console = try await machine.start("\(Self.line) \(layer) \(access)", log: access)
                #expect(console.answers == answers)
            }
            #expect(try await machine.change("ls .docker-btrfs/roots/root") == "")
        }
    }

    @Test func `it boots to its shell`() async throws {
        try await Machine.plain { machine in
            let console = try await machine.start(Self.line, ["--until", "/ #"])
            #expect(console.text.hasSuffix("\n/ #"))
        }
    }

    @Test func `without docker_path= the root is mounted as the kernel command line says, and nothing else happens`() async throws {
        try await Machine.plain(in: .userMode) { machine in
            try await machine.ask(in: "plain", "grep ' / ' /proc/mounts | cut -d ' ' -f 4; ls -d /run/docker-btrfs; ls -1 /")
            // A root that is read-only and lacks a directory: what cannot be handed over is told.
            try await machine.change("rmdir plain/run; btrfs subvolume list . | cut -d ' ' -f 1,2,9 > before")
            let line = "root=\(machine.emulator.disk()) rootfstype=ext2,btrfs rootflags=noatime rootflags=subvol=plain"
            let console = try await machine.start(line + " loglevel=5 panic=-1")
            #expect(
                console.answers == """
                    ro,noatime,ssd,space_cache=v2,subvolid=258,subvol=/plain
                    ls: /run/docker-btrfs: No such file or directory
                    bin
                    dev
                    etc
                    proc
                    sbin
                    sys
                    tmp
                    told

                    """)
            #expect(console.told == ["could not hand '/run' over to the root: No such file or directory, ignoring"])
            try await machine.change("btrfs subvolume list . | cut -d ' ' -f 1,2,9 | diff before - ")
        }
    }

    /// An initramfs in which somebody else was before /init.
    @Test func `what is mounted already stays as it is`() async throws {
        try await Machine.plain(in: .userMode) { machine in
            try await machine.ask(in: "plain", "cut -d ' ' -f 1-3 /proc/mounts | sort; cat /run/before")
            let console = try await machine.start(
                "root=LABEL=linux rw rootflags=subvol=plain rdinit=/before quiet panic=-1",
                initramfs: """
                    install -D "$BUSYBOX" bin/busybox
                    cat > before << 'END'
                    #!/bin/busybox sh
                    busybox mount -t proc proc /proc; busybox mount -t tmpfs mine /run; echo before > /run/before
                    exec /init 0<&- 1<&- 2<&-
                    END
                    chmod 755 before
                    """)
            #expect(
                console.answers == """
                    /dev/ubda / btrfs
                    devtmpfs /dev devtmpfs
                    mine /run tmpfs
                    proc /proc proc
                    sysfs /sys sysfs
                    before

                    """)
        }
    }

    @Test func `a Debian with systemd boots as from any other initramfs`() async throws {
        try await Machine.with(\.disk) { machine, _ in
            let initramfs = "\(machine.folder)/initramfs"
            let configuration = Repository.path("docs/examples/debian/docker-btrfs.json")
            try await output(of: Lab.command("plain-initramfs", [initramfs, "cp '\(configuration)' etc"]))
            let answers = try await machine.answers(
                Lab.menuEntry(), ["--initrd", initramfs],
                to: "systemctl is-system-running; findmnt --noheadings --output FSTYPE,FSROOT /; cat /etc/whose")
            #expect(answers.text == "running\nbtrfs  /docker_rwlayer\nfrom the top layer\n")
            #expect(answers.report?.image == "sample_image:latest")
        }
    }
}
