import Basics
import Boot
import BootEntries
import Fixtures
import Foundation
import Initramfs
import Testing

@testable import Deployments

/// An image that boots, and what can be wrong with it.
struct ImageCheckTests {
    private let fixture = Fixture()
    private static let release = "6.12.57"

    init() throws {
        for directory in ["proc", "sys", "dev", "run", "tmp"] { try fixture.makeDirectory("image/\(directory)") }
        try fixture.write("MZ", to: "image/boot/vmlinuz-\(Self.release)")
        try fixture.write("", to: "image/lib/modules/\(Self.release)/modules.dep")
        try fixture.write("ID=x\n", to: "image/etc/os-release")
        try program("sbin/init")
        try program("lib/systemd/systemd-udevd")
        try fixture.run("ln", "-s", "../../sbin/init", fixture.folder.appending(path: "image/lib/systemd/systemd").path)
        try program("usr/sbin/NetworkManager")
        try fixture.write("root:$y$x:1::::::\nann:!:1::::::\n", to: "image/etc/shadow")
    }

    private func program(_ path: String) throws {
        try fixture.write("#!/bin/true\n", to: "image/\(path)")
        try fixture.run("chmod", "755", fixture.folder.appending(path: "image/\(path)").path)
    }

    private func findings(under topLayer: Bool = false) throws -> [String] {
        let top = try topLayer ? Directory(opening: fixture.folder.appending(path: "top").path, label: "") : nil
        let image = try Directory(opening: fixture.folder.appending(path: "image").path, label: "")
        return try ImageCheck(ImageFiles(of: [image]), under: top, of: "x:latest").findings.map {
            "\($0.weight.rawValue) \($0.subject): \($0.text)"
        }
    }

    @Test func `a companion that is newer than the image's C library is told`() throws {
        let folder = "/lib/x86_64-linux-gnu"
        let newest = try #require(try Directory(opening: folder).file(at: "libc.so.6").flatMap(ELF.newestGlibc))
        let library = try Data(contentsOf: URL(filePath: "\(folder)/libc.so.6"))
        // Any file does for a program that has such versions in it.
        try library.write(to: fixture.folder.appending(path: "image/lib/libc.so.6"))
        try fixture.write("", to: "top/usr/bin/docker-btrfs")
        let companion = fixture.folder.appending(path: "top/usr/bin/docker-btrfs")
        try library.write(to: companion)
        #expect(try findings(under: true) == [])
        var newer = library
        let version = Data("\0GLIBC_2.\(newest)\0".utf8)
        newer.replaceSubrange(try #require(newer.range(of: version)), with: Data("\0GLIBC_2.99\0".utf8))
        try newer.write(to: companion)
        let text = "docker-btrfs needs glibc 2.99, and the image has 2.\(newest): it cannot deploy the next one from there"
        #expect(try findings(under: true) == ["warning companion: \(text)"])
    }

    /// An engine takes what it imports for an image of its own machine.
    @Test func `an init and a kernel for other processors are errors`() throws {
        func elf(_ machine: UInt8) -> Data { Data("\u{7f}ELF".utf8 + [2, 1, 1] + [UInt8](repeating: 0, count: 9) + [2, 0, machine, 0]) }
        let program = fixture.folder.appending(path: "image/sbin/init")
        for machine in [62, 3] as [UInt8] {
            try elf(machine).write(to: program)
            #expect(try findings() == [])
        }
        try elf(183).write(to: program)
        let text = "could not use the image 'x:latest': its init '/sbin/init' is for other processors than this machine's"
        #expect(try findings() == ["error system: \(text)"])
        try self.program("sbin/init")

        let kernel = fixture.folder.appending(path: "image/boot/vmlinuz-\(Self.release)")
        func image(_ machine: [UInt8]) -> Data {
            var bytes = [UInt8]("MZ".utf8) + [UInt8](repeating: 0, count: 254)
            bytes[0x3c] = 0x80
            bytes.replaceSubrange(0x80..<0x86, with: "PE\0\0".utf8 + machine)
            return Data(bytes)
        }
        try image([0x64, 0x86]).write(to: kernel)
        #expect(try findings() == [])
        let expected = ["error kernel: '/boot/vmlinuz-\(Self.release)' is none that a boot loader starts"]
        try image([0x64, 0xaa]).write(to: kernel)
        #expect(try findings() == expected)
        try Data([UInt8]("MZ".utf8) + [UInt8](repeating: 0, count: 54) + "ARMd".utf8).write(to: kernel)
        #expect(try findings() == expected)
        try elf(183).write(to: kernel)
        #expect(try findings() == expected)
    }

    @Test func `lists that cannot be read say nothing`() throws {
        let shadow = fixture.folder.appending(path: "image/etc/shadow")
        for make in ["mkdir", "mkfifo"] {
            try fixture.run("rm", "-rf", shadow.path)
            try fixture.run(make, shadow.path)
            #expect(try findings() == ["warning login: nobody has a password"])
        }
    }

    @Test func `an identity of the image is told unless the top layer takes it away`() throws {
        try fixture.write("0123456789abcdef0123456789abcdef\n", to: "image/etc/machine-id")
        try fixture.write("{}", to: "top/.docker-btrfs.json")
        #expect(try findings(under: true) == ["warning identity: every machine that boots it has '/etc/machine-id' alike"])
        try fixture.write(#"{"image_identity": "remove"}"#, to: "top/.docker-btrfs.json")
        #expect(try findings(under: true) == [])
    }

    @Test func `a kernel without what drives the disk here is told`() throws {
        let links = "ln -s ../../devices/x class/block/vda; ln -s ../../../module/virtio_blk devices/x/driver/module"
        let make = "cd '\(fixture.folder.path)'; mkdir -p class/block devices/x/driver module/virtio_blk; \(links)"
        try fixture.run("bash", "-euc", make)
        let disk = MachineDisk(device: "/dev/vda", system: fixture.folder.path)
        let image = try Directory(opening: fixture.folder.appending(path: "image").path, label: "")
        func findings() throws -> [String] {
            try ImageCheck(ImageFiles(of: [image]), under: nil, of: "x:latest", on: disk).findings.map { "\($0.subject): \($0.text)" }
        }
        let told = ["drivers: the roots' disk is driven by 'virtio_blk' here, which the kernel \(Self.release) has not"]
        #expect(try findings() == told)
        for (file, line) in [
            ("modules.dep", "kernel/drivers/block/virtio-blk.ko.xz: kernel/x.ko\n"),
            ("modules.builtin", "kernel/drivers/block/virtio_blk.ko\n"),
        ] {
            try fixture.write(line, to: "image/lib/modules/\(Self.release)/\(file)")
            // What modules.dep names was removed.
            #expect(try findings() == (file == "modules.dep" ? told : []))
            let module = "image/lib/modules/\(Self.release)/kernel/drivers/block/virtio-blk.ko.xz"
            try fixture.write("", to: module)
            #expect(try findings() == [])
            try fixture.run("rm", fixture.folder.appending(path: module).path)
            try fixture.write("", to: "image/lib/modules/\(Self.release)/\(file)")
        }
    }

    @Test func `people whose shell the image does not have are told`() throws {
        let people = "ann:x:1000:1000::/home/ann:/usr/bin/zsh\nbob:x:1001:1001::/home/bob:\nsys:x:1002:1002::/:/usr/sbin/nologin\n"
        try fixture.write(people, to: "top/etc/docker-btrfs/users/passwd")
        #expect(try findings(under: true) == ["warning login: ann cannot log in: the image has no '/usr/bin/zsh'"])
        try fixture.write("tmpfs /usr/bin tmpfs defaults 0 0\n", to: "top/etc/fstab")
        #expect(try findings(under: true) == [])
        try fixture.write("", to: "top/etc/fstab")
        try fixture.write("", to: "image/usr/bin/zsh")
        #expect(try findings(under: true) == [])
    }

    private static let openRoot = "warning login: root needs no password: whoever has a login prompt is root"

    /// At boot a service gives the image's root the machine's password.
    @Test func `a root of the image who needs no password has that of the top layer`() throws {
        try fixture.write("root::0:0::/root:\n", to: "image/etc/passwd")
        try fixture.write("ann:$y$x:1::::::\n", to: "top/etc/docker-btrfs/users/shadow")
        #expect(try findings(under: true) == [Self.openRoot])
        try fixture.write("root:$y$x:1::::::\n", to: "top/etc/docker-btrfs/users/shadow")
        #expect(try findings(under: true) == [])
        try fixture.write("root::1::::::\n", to: "top/etc/docker-btrfs/users/shadow")
        #expect(try findings(under: true) == [Self.openRoot])
    }

    @Test func `under busybox's init no package is named that only another one starts`() throws {
        let change = "rm lib/systemd/systemd usr/sbin/NetworkManager; mkdir bin; ln sbin/init bin/busybox"
        try fixture.run(
            "bash", "-euc", "cd '\(fixture.folder.path)/image'; \(change); echo '::once:docker-btrfs-init --mark-good' > etc/inittab")
        let image = try Directory(opening: fixture.folder.appending(path: "image").path, label: "")
        let remedies = try ImageCheck(ImageFiles(of: [image]), under: nil, of: "x:latest").findings.map(\.remedy)
        #expect(remedies == ["have /etc/inittab start a script that does, with busybox's ip, or its udhcpc"])
    }

    @Test func `what an image calls something is one word of the line that mends it`() throws {
        let name = "1;curl x|sh"
        let change = "mv lib/modules/* 'lib/modules/\(name)'; rm lib/modules/*/modules.dep"
        try fixture.run("bash", "-euc", "cd '\(fixture.folder.path)/image'; \(change)")
        let image = try Directory(opening: fixture.folder.appending(path: "image").path, label: "")
        let remedies = try ImageCheck(ImageFiles(of: [image]), under: nil, of: "x:latest").findings.map(\.remedy)
        #expect(remedies == ["RUN depmod '\(name)'"])
    }

    private static let unmarked = """
        warning init: it is not systemd, and nothing marks a boot as good: an image that boots well is given up after its tries
        """

    @Test func `where the init is told to mark a boot as good depends on it`() throws {
        try fixture.run("bash", "-euc", "cd '\(fixture.folder.path)/image'; rm lib/systemd/systemd")
        let image = try Directory(opening: fixture.folder.appending(path: "image").path, label: "")
        func remedies(_ options: KernelOptions = .none) throws -> [String] {
            try ImageCheck(ImageFiles(of: [image]), under: nil, of: "x:latest", with: options).findings.map(\.remedy)
        }
        let line = "/usr/bin/docker-btrfs-init --mark-good"
        #expect(try remedies() == ["have it run '\(line)' when the system is up"])
        try fixture.write("", to: "image/etc/inittab")
        #expect(try remedies() == ["RUN echo 'dg:2345:once:\(line)' >> /etc/inittab"])
        try fixture.run("bash", "-euc", "cd '\(fixture.folder.path)/image'; mkdir bin; ln sbin/init bin/busybox")
        #expect(try remedies() == ["RUN echo '::once:\(line)' >> /etc/inittab"])
        // What a disk has for it comes with the disk.
        let onDisk = try ImageCheck.shortcomings(of: ImageFiles(of: [image]), under: nil, of: "x:latest", .none)
        #expect(onDisk == [])
        try fixture.write("exec \(line)\n", to: "top/etc/service/good/run")
        #expect(try findings(under: true) == [])
    }

    @Test func `of one that boots nothing is said`() throws { #expect(try findings() == []) }

    @Test(
        arguments: [
            ("rm -r lib/modules boot", ["error kernel: there is none"]),
            ("rm boot/vmlinuz-6.12.57", ["error kernel: there are modules of 6.12.57, and no boot/vmlinuz-6.12.57"]),
            (": > boot/vmlinuz-6.12.57", ["error kernel: '/boot/vmlinuz-6.12.57' is none that a boot loader starts"]),
            (
                "cp -r lib/modules/6.12.57 lib/modules/6.1; : > boot/vmlinuz-6.1",
                [
                    "warning kernel: there are several: 6.1, 6.12.57",
                    "warning kernel: '/boot/vmlinuz-6.1' is none that a boot loader starts",
                ]
            ),
            ("rm lib/modules/6.12.57/modules.dep", ["error modules: those of 6.12.57 have no modules.dep"]),
            (
                "cp -r lib/modules/6.12.57 lib/modules/6.1; cp boot/vmlinuz-6.12.57 boot/vmlinuz-6.1",
                ["warning kernel: there are several: 6.1, 6.12.57"]
            ),
            ("rm sbin/init", ["error system: could not use the image 'x:latest': it has no init: there is no program '/sbin/init'"]),
            ("chmod 644 sbin/init", ["error system: could not use the image 'x:latest': it has no init: there is no program '/sbin/init'"]),
            (
                "rm etc/os-release",
                [
                    "error system: could not use the image 'x:latest': it has neither '/etc/os-release' nor '/usr/lib/os-release', and systemd starts no root without"
                ]
            ),
            (
                "mkdir etc/selinux; echo SELINUX=enforcing > etc/selinux/config",
                ["warning SELinux: it is on, and no file of an image has its label"]
            ),
            ("rm lib/systemd/systemd-udevd", ["warning devices: there is no udev: no driver is loaded for what is found"]),
            ("printf 'root:*:1::::::\\nann:!$y$x:1::::::\\n' > etc/shadow", ["warning login: nobody has a password"]),
            ("rm etc/shadow", ["warning login: nobody has a password"]),
            ("echo root:x:0:0::/root: > etc/passwd; echo root::1:::::: > etc/shadow", [Self.openRoot]),
            ("rm etc/shadow; echo root::0:0::/root: > etc/passwd", [Self.openRoot]),
            ("rm etc/shadow; echo 'root:$6$x$y:0:0::/root:' > etc/passwd", []),
            ("echo root:x:0:0::/root: > etc/passwd; printf 'root:*:1::::::\\nann::1::::::\\n' > etc/shadow", []),
            (
                "touch lib/ld-musl-x86_64.so.1",
                ["warning login: all passwords are kept by yescrypt, which the image's C library, musl, cannot check"]
            ),
            ("touch lib/ld-musl-x86_64.so.1 lib/libc.so.6", []),
            ("touch lib/ld-musl-x86_64.so.1; echo 'bob:$6$x$y:1::::::' >> etc/shadow", []),
            (
                "echo 'UUID=0000-1111 /data ext4 defaults 0 2' > etc/fstab",
                ["warning fstab: /data is on UUID=0000-1111, which is not here: the boot stops there"]
            ),
            (
                #"echo 'LABEL="no\040such" /my\040data ext4 defaults 0 2' > etc/fstab"#,
                ["warning fstab: /my data is on LABEL=no such, which is not here: the boot stops there"]
            ),
            ("rm usr/sbin/NetworkManager", ["warning network: nothing sets it up"]),
            (
                """
                rm usr/sbin/NetworkManager; mkdir -p etc/systemd/system/multi-user.target.wants
                touch etc/systemd/system/multi-user.target.wants/systemd-networkd.service
                mkdir etc/netplan; touch etc/netplan/50-wired.yaml; echo nameserver 192.0.2.1 > etc/resolv.conf
                """,
                ["warning network: systemd-networkd is enabled, and no file says what it sets up"]
            ),
            (
                """
                rm usr/sbin/NetworkManager; mkdir -p etc/systemd/system/multi-user.target.wants etc/netplan; : > etc/resolv.conf
                touch etc/systemd/system/multi-user.target.wants/systemd-networkd.service etc/netplan/50-wired.yaml usr/sbin/netplan
                """,
                ["warning names: systemd-networkd is enabled, and nothing resolves names"]
            ),
            (
                """
                mkdir -p etc/systemd/system/multi-user.target.wants; : > etc/resolv.conf
                touch etc/systemd/system/multi-user.target.wants/systemd-networkd.service
                """, []
            ),
            (
                "rm usr/sbin/NetworkManager; mkdir -p etc/network; touch sbin/ifup; echo iface lo inet loopback > etc/network/interfaces",
                ["warning network: ifup is there, and '/etc/network/interfaces' names no network card"]
            ),
            (
                "rm usr/sbin/NetworkManager; mkdir -p usr/sbin; touch usr/sbin/ifup usr/sbin/dhcpcd",
                ["warning network: ifup is there, and '/etc/network/interfaces' names no network card"]
            ),
            ("rm lib/systemd/systemd", [Self.unmarked]), ("rm lib/systemd/systemd; touch lib/systemd/systemd", [Self.unmarked]),
            ("rm lib/systemd/systemd; echo 'd0:2345:once:/usr/bin/docker-btrfs-init --mark-good' > etc/inittab", []),
            ("rm lib/systemd/systemd; mkdir etc/local.d; echo docker-btrfs-init --mark-good > etc/local.d/good.start", []),
            ("rm lib/systemd/systemd; mkdir -p etc/sv/good; echo exec docker-btrfs-init --mark-good > etc/sv/good/run", []),
            (
                "mkdir -p usr/bin; touch usr/bin/dockerd",
                ["warning certificates: an engine is there, and no certificates by which it trusts a registry: it pulls nothing"]
            ),
            ("mkdir -p usr/bin etc/ssl/certs; touch usr/bin/dockerd etc/ssl/certs/ca-certificates.crt", []),
            (
                "echo 0123456789abcdef0123456789abcdef > etc/machine-id",
                ["warning identity: every machine that boots it has '/etc/machine-id' alike"]
            ),
        ])
    func `each fault is named`(fault: String, expected: [String]) throws {
        try fixture.run("bash", "-euc", "cd '\(fixture.folder.path)/image'; \(fault)")
        #expect(try findings() == expected)
    }

    @Test(arguments: [
        "UUID=0000-1111 / btrfs defaults 0 0", "UUID=0000-1111 none swap sw 0 0", "UUID=0000-1111 /data ext4 nofail 0 2",
        "UUID=0000-1111 /data ext4 noauto 0 2", "# UUID=0000-1111 /data ext4 defaults 0 2", "tmpfs /tmp tmpfs defaults 0 0",
        "UUID=0000-1111 swap swap sw 0 0",
    ])
    func `these lines of fstab stop no boot`(line: String) throws {
        try fixture.write(line + "\n", to: "image/etc/fstab")
        #expect(try findings() == [])
    }

    @Test func `the top layer may bring what is missing`() throws {
        try fixture.run("bash", "-euc", "cd '\(fixture.folder.path)/image'; rm etc/shadow etc/os-release usr/sbin/NetworkManager")
        try fixture.write("root:$y$x:1::::::\n", to: "top/etc/docker-btrfs/users/shadow")
        try fixture.write("ID=x\n", to: "top/etc/os-release")
        try fixture.write("", to: "top/etc/systemd/system/multi-user.target.wants/systemd-networkd.service")
        try fixture.write("", to: "top/etc/systemd/system/sysinit.target.wants/systemd-resolved.service")
        try fixture.write("[Match]\n", to: "top/etc/systemd/network/20-wired.network")
        #expect(try findings(under: true) == [])
    }

    @Test(
        arguments: [
            ("etc/network/interfaces", "iface eth0 inet dhcp\n", "etc/network/interfaces", "sbin/ifup"),
            ("etc/network/interfaces.d/eth0", "iface eth0 inet dhcp\n", "etc/network/interfaces", "usr/sbin/ifup"),
            ("etc/netplan/50-wired.yaml", "network:\n", "etc/netplan", "usr/sbin/netplan"),
            (
                "etc/NetworkManager/system-connections/wired", "[connection]\n", "etc/NetworkManager/system-connections",
                "usr/sbin/NetworkManager"
            ),
        ])
    func `what the top layer has of a network, the image has to read`(file: String, text: String, place: String, reader: String) throws {
        try fixture.run("bash", "-euc", "cd '\(fixture.folder.path)/image'; mv usr/sbin/NetworkManager usr/sbin/dhcpcd")
        try fixture.write("auto lo\niface lo inet loopback\n", to: "top/etc/network/interfaces")
        #expect(try findings(under: true) == [])
        try fixture.write(text, to: "top/\(file)")
        #expect(try findings(under: true) == ["warning network: the top layer has \(place), and the image nothing that reads it"])
        try program(reader)
        #expect(try findings(under: true) == [])
    }

    @Test func `host keys of the top layer without sshd in the image are told`() throws {
        try fixture.write("", to: "top/etc/ssh/ssh_host_rsa_key.pub")
        #expect(try findings(under: true) == [])
        try fixture.write("", to: "top/etc/ssh/ssh_host_rsa_key")
        let text = "the image has no sshd, for which the top layer has host keys: nobody gets in from outside"
        #expect(try findings(under: true) == ["warning ssh: \(text)"])
        try program("usr/sbin/sshd")
        #expect(try findings(under: true) == [])
    }

    @Test(
        arguments: [
            ("etc/default/keyboard", "XKBMODEL=\"pc105\"\nXKBLAYOUT=\"de\"\n", "de"),
            ("etc/vconsole.conf", "KEYMAP=fr-latin9\n", "fr-latin9"),
            ("etc/default/keyboard", "XKBLAYOUT=us\n", nil), ("etc/vconsole.conf", "#KEYMAP=de\n", nil),
        ] as [(String, String, String?)])
    func `the keyboard that the top layer has, the image has to read`(file: String, text: String, layout: String?) throws {
        try fixture.write(text, to: "top/\(file)")
        let what = "the image has nothing that reads it for the console"
        let told = layout.map { "warning keyboard: the top layer's \(file) says '\($0)', and \(what)" }
        #expect(try findings(under: true) == [told].compactMap { $0 })
        try program("usr/bin/loadkeys")
        #expect(try findings(under: true) == [])
    }
}
