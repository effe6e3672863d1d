import Basics
import Boot
import BootEntries
import Deployments
import Foundation
import TestSupport
import Testing

@testable import DiskImages

/// How an image's init starts what the disk brings.
struct InitSystemTests {
    private static let systems: [(InitSystem, [String: String])] = [
        (.none, ["bin/sh": ""]),
        (.systemd, ["usr/lib/systemd/systemd": "", "sbin/init": "->/usr/lib/systemd/systemd", "etc/inittab": ""]),
        (.openrc, ["sbin/init": "", "sbin/openrc": "", "etc/inittab": "", "usr/lib/systemd/systemd": ""]),
        (.runit, ["lib/runit/runit-init": "", "sbin/init": "->/lib/runit/runit-init", "etc/inittab": "", "sbin/openrc": ""]),
        // Its services may be there below another init.
        (.inittab(isBusybox: false), ["lib/runit/runit-init": "", "etc/runit/2": "", "sbin/init": "", "etc/inittab": ""]),
        (.inittab(isBusybox: true), ["bin/busybox": "", "sbin/init": "->/bin/busybox"]),
        (.inittab(isBusybox: false), ["bin/busybox": "", "sbin/init": "", "etc/inittab": ""]),
        (.other, ["sbin/init": "", "bin/sh": ""]),
    ]

    @Test(arguments: systems) func `an init is known by its files`(_ system: InitSystem, files: [String: String]) throws {
        try withTree(files) { files in
            let found = try InitSystem(of: files)
            #expect(found == system)
        }
    }

    private static let starts: [(Path?, [String: String])] = [
        ("sbin/openrc", ["etc/inittab": "::sysinit:/sbin/openrc sysinit\n::sysinit:/sbin/openrc boot\ntty1::respawn:/sbin/getty tty1\n"]),
        (nil, ["etc/inittab": "::sysinit:/sbin/openrc sysinit\n", "sbin/openrc": ""]),
        (nil, ["etc/inittab": "::sysinit:/sbin/openrc sysinit\n::sysinit:-/etc/start\n", "etc/start": ""]),
        (nil, ["etc/inittab": "::sysinit:/sbin/openrc sysinit\n::sysinit:mount -a\n"]),
        (nil, ["etc/inittab": "#::sysinit:/sbin/openrc sysinit\n::respawn:/nowhere\n"]),
        ("etc/init.d/rcS", ["etc/hostname": ""]),
    ]

    @Test(arguments: starts) func `an inittab may start what is not there`(_ missing: Path?, files: [String: String]) throws {
        try withTree(files) { files in
            let found = try InitSystem.missingStart(in: files)
            #expect(found == missing)
        }
    }

    private static let libraries: [(Bool, [String: String])] = [
        (false, ["lib/ld-musl-x86_64.so.1": ""]),
        (true, ["lib64/ld-linux-x86-64.so.2": "", "lib/x86_64-linux-gnu/libc.so.6": "", "lib/ld-musl-x86_64.so.1": ""]),
        (true, ["lib64": "->usr/lib", "usr/lib/ld-linux-x86-64.so.2": "", "usr/lib/libc.so.6": ""]),
        // gcompat's, and what Alpine had before it.
        (false, ["lib64/ld-linux-x86-64.so.2": "", "lib/libgcompat.so.0": "", "lib/ld-musl-x86_64.so.1": ""]),
        (
            false,
            [
                "lib64/ld-linux-x86-64.so.2": "->/lib/ld-musl-x86_64.so.1", "lib/libc.so.6": "->ld-musl-x86_64.so.1",
                "lib/ld-musl-x86_64.so.1": "",
            ]
        ),
    ]

    @Test(arguments: libraries) func `the companion is started where glibc is`(_ hasGlibc: Bool, files: [String: String]) throws {
        try withTree(files) { files in
            let found = try files.hasGlibc()
            #expect(found == hasGlibc)
        }
    }

    private static let user = ImageProcess.User(user: 101, group: 102, isKnown: true, others: [7, 8])
    private static let job = BootJob(
        name: "application", about: "what web runs", kind: .always, command: "/a b", user: user, preparation: "/p q")
    private static let forms: [(InitSystem, String)] = [
        (
            .systemd,
            """
            etc/systemd/system/application.service 644
            [Unit]
            Description=what web runs
            Wants=network-online.target
            After=network-online.target
            StartLimitIntervalSec=0

            [Service]
            ExecStart=/a b
            User=101
            Group=102
            Restart=always
            RestartSec=1
            etc/systemd/system/multi-user.target.wants/application.service -> ../application.service
            """
        ),
        (
            .openrc,
            """
            etc/init.d/application 755
            #!/sbin/openrc-run
            description="what web runs"
            command="/a"
            command_args="b"
            command_user="101:102"
            supervisor=supervise-daemon
            respawn_delay=1
            respawn_max=0
            depend() { after net bootmisc; }
            etc/runlevels/default/application -> /etc/init.d/application
            """
        ),
        (
            .runit,
            """
            etc/sv/application/run 755
            #!/bin/sh
            exec 2>&1
            /p q
            exec chpst -u :101:102:7:8 /a b
            etc/runit/runsvdir/default/application -> /etc/sv/application
            """
        ),
        (
            .inittab(isBusybox: true),
            "::respawn:/usr/lib/docker-btrfs/busybox start-stop-daemon -S -p /run/none -c 101:102 -a /a -- b"
        ),
        (
            .inittab(isBusybox: false),
            "d0:2345:respawn:/usr/lib/docker-btrfs/busybox start-stop-daemon -S -p /run/none -c 101:102 -a /a -- b"
        ),
    ]

    @Test(arguments: forms) func `each init has a form of its own for a service`(_ system: InitSystem, expected: String) throws {
        try withTree(["etc/hostname": ""]) { files in
            let steps = try system.steps(for: Self.job, in: files).map { step in
                switch step {
                case .write(let path, let content, let mode, _):
                    "\(path.description.dropFirst()) \(String(mode, radix: 8))\n\(String(decoding: content, as: UTF8.self))"
                case .link(let path, let target): "\(path.description.dropFirst()) -> \(target)\n"
                default: "\(step)"
                }
            }
            let text = steps.joined() + system.lines(for: [Self.job]).joined(separator: "\n")
            #expect(text.trimmingCharacters(in: .newlines) == expected)
        }
    }

    @Test func `a sysvinit takes the line of whatever user`() {
        let user = ImageProcess.User(user: .max - 1, group: .max - 1, isKnown: false)
        let job = BootJob(name: "application", about: "", kind: .always, command: "\(DiskPlan.service)", user: user)
        let line = InitSystem.inittab(isBusybox: false).lines(for: [job])[0]
        #expect(line.split(separator: ":", maxSplits: 3)[3].utf8.count <= 127)
    }

    @Test func `an inittab starts what comes first before anything of a runlevel`() {
        let job = BootJob(name: "keys", about: "keys", kind: .first, command: "/a b")
        #expect(InitSystem.inittab(isBusybox: false).lines(for: [job]) == ["d0:2345:bootwait:/a b"])
        #expect(InitSystem.inittab(isBusybox: true).lines(for: [job]) == ["::wait:/a b"])
    }

    /// What is told of a tree, and what would be brought: paths with their contents or targets, a line of inittab, kernel options.
    private func fixes(_ files: [String: String], serial: Bool = true) throws -> [String] {
        var lines: [String] = []
        try withTree(files) { files in
            let found = try ImageCheck.shortcomings(of: files, under: nil, of: "x", .none)
            for fix in try Fix.all(for: files, InitSystem(of: files), found, serial: serial) {
                let steps = fix.steps.map { step in
                    switch step {
                    case .write(let path, let content, _, _): "\(path): \(String(decoding: content, as: UTF8.self))"
                    case .link(let path, let target): "\(path) -> \(target)"
                    default: "\(step)"
                    }
                }
                let last = [fix.inittab, fix.options].compactMap { $0 }
                lines.append(([fix.finding.subject.rawValue] + steps + last).joined(separator: "|"))
            }
        }
        return lines
    }

    @Test func `what a top layer can bring is found in the image's files`() throws {
        let bare = ["sbin/init": "", "etc/inittab": "1:2345:respawn:/sbin/getty 38400 tty1\n#T0:23:respawn:/sbin/getty -L ttyS0\n"]
        #expect(try fixes(bare) == ["console"], "a line that starts what is not there is no login")
        #expect(
            try fixes(bare.merging(["sbin/agetty": ""]) { $1 }) == ["console|T0:2345:respawn:/sbin/agetty -L ttyS0 115200 vt100"])
        let sysvinit = bare.merging(["sbin/getty": ""]) { $1 }
        #expect(try fixes(sysvinit) == ["console|T0:2345:respawn:/sbin/getty -L ttyS0 115200 vt100"])
        #expect(try fixes(sysvinit, serial: false) == [])
        #expect(
            try fixes(["sbin/init": "->/bin/busybox", "bin/busybox": "", "etc/inittab": "tty1::respawn:/sbin/getty 38400 tty1\n"])
                == ["console|ttyS0::respawn:/sbin/getty -L ttyS0 115200 vt100"])
        #expect(
            try fixes(["sbin/init": "->/bin/busybox", "bin/busybox": "", "etc/inittab": "::respawn:/bin/getty -L 115200 console\n"]) == [])
        let runit = ["lib/runit/runit-init": "", "sbin/init": "->/lib/runit/runit-init", "etc/sv/getty-ttyS0/run": ""]
        let openrc = [
            "sbin/init": "", "sbin/openrc": "", "etc/rc.conf": "a=1\n#rc_sys=\"lxc\"\nrc_sys=\"docker\"\nb=2\n", "sbin/ifup": "",
            "usr/sbin/dhcpcd": "",
        ]
        #expect(
            try fixes(openrc) == [
                "container|/etc/rc.conf: a=1\n#rc_sys=\"lxc\"\nb=2\n",
                "network|/etc/network/interfaces: auto lo\niface lo inet loopback\nauto eth0\niface eth0 inet dhcp\n|net.ifnames=0",
            ])
        #expect(
            try fixes(runit.merging(["etc/service/x/run": ""]) { $1 }) == ["console|/etc/service/getty-ttyS0 -> /etc/sv/getty-ttyS0"])
        #expect(try fixes(runit) == ["console|/etc/runit/runsvdir/default/getty-ttyS0 -> /etc/sv/getty-ttyS0"])
        let void = runit.filter { $0.key != "etc/sv/getty-ttyS0/run" }
        #expect(
            try fixes(void.merging(["etc/sv/agetty-ttyS0/run": ""]) { $1 })
                == ["console|/etc/runit/runsvdir/default/agetty-ttyS0 -> /etc/sv/agetty-ttyS0"])
        #expect(try fixes(void.merging(["etc/runit/runsvdir/default/agetty-ttyS0": "->/etc/sv/agetty-ttyS0"]) { $1 }) == [])
        #expect(try fixes(void) == ["console"])
        #expect(
            try fixes(void.merging(["sbin/agetty": ""]) { $1 }).first?.contains(
                "/run: #!/bin/sh\nexec /sbin/agetty -L ttyS0 115200 vt100\n|") == true)
        // Alpine's OpenRC is started by busybox's init.
        #expect(
            try fixes(["sbin/init": "->/bin/busybox", "bin/busybox": "", "sbin/openrc": "", "etc/inittab": "::wait:/sbin/openrc default\n"])
                == ["console|ttyS0::respawn:/sbin/getty -L ttyS0 115200 vt100"])
        #expect(try fixes(["usr/lib/systemd/systemd": "", "sbin/init": "->/usr/lib/systemd/systemd"]) == [])
    }

    @Test(
        arguments: [
            ("", true), ("auto lo\niface lo inet loopback\nsource /etc/network/interfaces.d/*\n", true),
            ("allow-hotplug eth0\niface eth0 inet dhcp\n", false), ("iface eth0 inet6 auto\n", false), ("iface br0 inet manual\r\n", false),
            ("source /run/network/interfaces\n", false), ("#iface eth0 inet dhcp\n", true),
        ])
    func `a network that is set up is left alone`(table: String, isBrought: Bool) throws {
        let found = try fixes(["sbin/init": "", "sbin/ifup": "", "sbin/udhcpc": "", "etc/network/interfaces": table])
        #expect(found.contains { $0.hasPrefix("network|") } == isBrought)
    }

    @Test func `a network of which a part would still be missing is not said to be whole`() throws {
        #expect(try fixes(["sbin/init": "", "sbin/ifup": ""]) == [], "nothing asks for an address")
        let networkd = [
            "usr/lib/systemd/systemd": "", "sbin/init": "->/usr/lib/systemd/systemd", "usr/lib/systemd/system/systemd-networkd.service": "",
        ]
        for (more, lacks) in [([:], true), (["etc/resolv.conf": "nameserver 192.0.2.1\n"], false)] as [([String: String], Bool)] {
            try withTree(networkd.merging(more) { $1 }) { files in
                let fix = try Fix.all(for: files, .systemd, ImageCheck.shortcomings(of: files, under: nil, of: "x", .none), serial: true)
                    .first
                #expect(fix?.finding.subject == .network && (fix?.lacks == .names) == lacks)
            }
        }
    }

    @Test func `lines come after a last one without an end`() {
        #expect(Array("a".utf8).withLines(["b", "c"]) == Array("a\nb\nc\n".utf8))
        #expect(Array("a\n".utf8).withLines(["b"]) == Array("a\nb\n".utf8))
        #expect([UInt8]().withLines(["b"]) == Array("b\n".utf8) && Array("a".utf8).withLines([]) == Array("a".utf8))
    }

    @Test func `what is wrong with the image of a kernel names that image`() {
        let finding = ImageFinding(weight: .error, subject: .kernel, text: "there is none", remedy: "r").ofKernelImage("tools")
        #expect(finding == ImageFinding(weight: .error, subject: .kernel, text: "'tools', of --kernel-image: there is none", remedy: "r"))
    }
}
