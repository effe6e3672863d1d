import TestSupport
import Testing

/// A boot without a framework that cannot end well, and what its screen says.
struct FailedStart: CustomTestStringConvertible {
    let testDescription: String
    let line: String
    let initramfs: String
    let happened: String
    let advice: String
    /// Where there is no /dev/kmsg, only the console has it.
    let isInKernelLog: Bool
    /// What is about modules needs a kernel that has some.
    let emulator: Emulator

    init(
        _ description: String, _ line: String, initramfs: String = "", _ happened: String, _ advice: String, isInKernelLog: Bool = true,
        in emulator: Emulator = .userMode
    ) {
        self.emulator = emulator
        testDescription = description
        self.line = line
        self.initramfs = initramfs
        self.happened = happened
        self.advice = advice
        self.isInKernelLog = isInKernelLog
    }
}

struct InitFailureTests {
    private static let again = "build the initramfs again, or boot another entry of the boot menu"
    private static let plain = "root=LABEL=linux rootflags=subvol=plain"
    private static let docker = "root=LABEL=linux rootflags=subvol=root docker_path=docker docker_onfail=stop docker_image="
    private static let modules = "/usr/lib/modules/$release/kernel"
    private static let correct = "correct init= on the kernel command line, or leave it out"
    private static let onMachines = "docker-btrfs-init can be /init in the initramfs of a machine only"
    private static let waiting = "; one that is slow is waited for with rootwait=30"
    private static let found = "here are /dev/ubda (btrfs LABEL=linux)" + waiting
    private static let noFilesystem = "no block device with a filesystem is here" + waiting

    /// A script that runs before /init, which is /before: it has a busybox.
    private static func before(_ script: String) -> String {
        """
        install -D "$BUSYBOX" bin/busybox
        printf '%s\\n' '#!/bin/busybox sh' '\(script)' > before
        chmod 755 before
        """
    }

    private static let machine: [FailedStart] = [
        .init(
            "no root=", "", "could not find 'root=' on the kernel command line", "add root=LABEL=name or another device", in: .qemu),
        .init(
            "a device that never comes", "root=LABEL=nowhere rootdelay=1",
            "could not find the device 'LABEL=nowhere' (root=): it was not there after 1 s", found),
        .init(
            "no /dev/kmsg, and no other device than the console", "\(plain) rdinit=/before rootdelay=1",
            initramfs: before("busybox mount -t tmpfs none /dev; busybox mknod /dev/console c 5 1; exec /init"),
            "could not find the device 'LABEL=linux' (root=): it was not there after 1 s", noFilesystem, isInKernelLog: false),
        .init(
            "nothing that /dev can be mounted at", "\(plain) rdinit=/before",
            initramfs: before("busybox rm -r /dev; busybox touch /dev; exec /init"),
            "could not mount the devtmpfs at '/dev': Not a directory", again, isInKernelLog: false),
        .init(
            "a root that is no initramfs", "\(plain) rdinit=/before",
            initramfs: before(
                """
                busybox mount -t devtmpfs none /dev; busybox sed s/^.// /etc/docker-btrfs/modules | while read -r module; do \
                busybox insmod /$module; done; busybox mount -t btrfs /dev/ubda /sysroot; busybox cp /init /sysroot; \
                busybox mkdir /sysroot/proc; busybox mount -t proc proc /sysroot/proc; \
                exec busybox chroot /sysroot /init
                """),
            "could not boot: '/' is not an initramfs", onMachines, isInKernelLog: false),
        .init(
            "a hibernated system", plain, initramfs: "",
            "could not mount the root's filesystem: a hibernated system is waiting to be resumed from '/dev/ubdb'",
            "boot it by an initramfs that resumes, or say noresume on the kernel command line to give it up"),
    ]

    private static let initramfs: [FailedStart] = [
        .init(
            "a module that is not there", plain, initramfs: "rm usr/lib/modules/*/kernel/lib/libcrc32c.ko",
            "could not load the kernel module '\(modules)/lib/libcrc32c.ko': No such file or directory", again, in: .qemu),
        .init(
            "a list of modules that is none", plain, initramfs: "echo btrfs > etc/docker-btrfs/modules",
            "could not read '/etc/docker-btrfs/modules': 'btrfs' is not the absolute path of a module", again),
        .init(
            "no module for the filesystem", plain, initramfs: "sed -i /btrfs.ko/d etc/docker-btrfs/modules",
            "could not mount '/dev/vda' (root=, btrfs): No such device", "the initramfs needs the kernel module 'btrfs'", in: .qemu),
        .init(
            "a configuration that is no JSON", docker, initramfs: "printf { > etc/docker-btrfs.json",
            "could not read '/etc/docker-btrfs.json': it is not JSON: line 1: string or '}' expected near end of file", usual),
    ]

    private static let usual = "see the kernel's messages above; the boot menu lets you change the kernel options, or boot another entry"

    private static let root: [FailedStart] = [
        .init(
            "no such image", docker + "tin", "could not find image 'tin:latest' in /docker (docker, btrfs driver)",
            "images there: tiny:latest"),
        .init(
            "another type of filesystem", plain + " rootfstype=ext4",
            "could not use 'subvol=plain' in rootflags=: Invalid argument: ext4: Unknown parameter 'subvol'",
            "correct it on the kernel command line, or take it out"),
        .init(
            "no such subvolume", "root=LABEL=linux rootflags=subvol=nowhere",
            "could not mount '/dev/ubda' (root=, btrfs): there is no subvolume 'nowhere' on it", "correct subvol= in rootflags="),
        .init(
            "a root without init", "root=LABEL=linux",
            "could not start the system: the root has no init: there is no program at /sbin/init, /usr/sbin/init, /etc/init, /bin/init, /lib/systemd/systemd",
            "is rootflags=subvol= the right one? if its init is elsewhere, add init=PATH"),
        .init(
            "an init= that is not there", plain + " init=/nowhere", "could not start 'init=/nowhere': the root has nothing there", correct),
        .init(
            "an init that is no program", plain + " init=/no-program", "could not start '/no-program' of the root: Exec format error",
            "it is no program for this machine: is the image made for another architecture?"),
        .init(
            "an init whose interpreter is missing", plain + " init=/no-interpreter",
            "could not start '/no-interpreter' of the root: No such file or directory",
            "it needs an interpreter or a loader that is not there: is the image complete?"),
    ]

    /// Each is like one of those.
    private static let ofTheNight: [FailedStart] = [
        .init(
            "no driver for the disk", "\(plain) rootdelay=1", initramfs: "sed -i /virtio_blk/d etc/docker-btrfs/modules",
            "could not find the device 'LABEL=linux' (root=): it was not there after 1 s", noFilesystem, in: .qemu),
        .init(
            "no console when it starts", "root=LABEL=nowhere rdinit=/before rootdelay=0",
            initramfs: before("busybox rm /dev/console; exec /init 0<&- 1<&- 2<&-"),
            "could not find the device 'LABEL=nowhere' (root=): it was not there after 0 s", found),
        .init(
            "a container", "\(plain) rdinit=/before",
            initramfs: before("busybox unshare --pid --fork /init; busybox reboot -f"), "could not boot: this is a container", onMachines),
        .init(
            "a module that the kernel refuses", plain, initramfs: "echo no module > $(ls usr/lib/modules/*/kernel/crypto/xor.ko)",
            "could not load the kernel module '\(modules)/crypto/xor.ko': Exec format error",
            "boot the kernel that the initramfs was built for, or \(again)", in: .qemu),
        .init(
            "a module that another one needs", plain, initramfs: "sed -i /xor/d etc/docker-btrfs/modules",
            "could not load the kernel module '\(modules)/fs/btrfs/btrfs.ko': it needs another one that is not loaded", again, in: .qemu),
        .init(
            "a list of modules that cannot be read", plain, initramfs: "rm etc/docker-btrfs/modules; mkdir etc/docker-btrfs/modules",
            "could not read '/etc/docker-btrfs/modules': it is not a regular file", again),
        .init(
            "nothing on the device", "root=/dev/ubdb", "could not mount '/dev/ubdb' (root=): no filesystem was recognised on it",
            "say rootfstype=TYPE if there is one, or another root="),
        .init(
            "an init that is a directory", plain + " init=/etc", "could not start '/etc' of the root: Permission denied",
            "it is not an executable file"),
        .init(
            "an init that is a symlink to itself", plain + " init=/loop", "could not look at '/loop': Too many levels of symbolic links",
            usual),
        .init("an init= that is no path", plain + " init=sh", "could not use 'init=sh': it is not an absolute path", "write init=/sh"),
        .init(
            "a root= that is no device", "root=PARTNROFF=1",
            "could not use 'root=PARTNROFF=1': it is not a device that docker-btrfs knows",
            "use LABEL=, UUID=, PARTLABEL=, PARTUUID= or a path below /dev"),
    ]

    @Test(arguments: each(machine + initramfs + root, byNight: ofTheNight))
    func `a boot that fails says what happened and what to do`(_ boot: FailedStart) async throws {
        try await Machine.plain(in: boot.emulator) { machine in
            var machine = machine
            try await machine.change(
                """
                cd plain; echo 'no program' > no-program; printf '#!/nowhere\\n' > no-interpreter; ln -s loop loop
                chmod 755 no-program no-interpreter
                """)
            if boot.line.contains("ubdb") || boot.happened.contains("ubdb") { machine.disks.append(try await machine.secondDisk(boot)) }
            let console = try await machine.start("\(boot.line) quiet panic=-1", initramfs: boot.initramfs, log: boot.testDescription)
            let release = try Self.release(console) ?? ""
            #expect(console.screen("What happened") == boot.happened.replacing("$release", with: release))
            #expect(console.screen("What to do") == boot.advice)
            #expect(console.screen("Kernel options")?.hasPrefix("console=ttyS0 \(boot.line)") == true)
            #expect(console.text.contains("The machine restarts now (panic=).") && !console.text.contains("Kernel panic"))
            #expect(console.told.first == (boot.isInKernelLog ? console.screen("What happened") : nil))
        }
    }

    /// As the path of a module has it.
    private static func release(_ console: Console) throws -> String? {
        console.text.firstMatch(of: /lib\/modules\/([^\/]+)\//).map { String($0.1) }
    }
}

extension Machine {
    /// A disk with nothing on it, or with what a hibernated system leaves.
    fileprivate func secondDisk(_ boot: FailedStart) async throws -> String {
        let disk = "\(folder)/second.img"
        let swap = #"mkswap --quiet "$1"; printf S1SUSPEND | dd of="$1" bs=1 seek=4086 conv=notrunc status=none"#
        let script = #"truncate --size 1M "$1"; "# + (boot.line.contains("ubdb") ? "" : swap)
        try await output(of: ["bash", "-euc", script, "bash", disk])
        return disk
    }
}
