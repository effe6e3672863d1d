import Basics
import Boot
import Testing

/// What a person reads where the kernel command line cannot be followed.
struct RequestRefusalTests {
    private func failure(_ line: String, configuration: String? = sampleImage) -> String? {
        #expect(throws: Failure.self) { try Request(line, configuration: configuration) }?.description
    }

    /// The failure of a command line that is right but for what is added to it.
    private func failure(adding text: String) -> String? {
        failure("root=LABEL=linux rootflags=subvol=name docker_path=docker \(text)")
    }

    @Test(arguments: ["docker_path=", "docker_path"])
    func `an empty docker_path`(text: String) {
        #expect(
            failure(adding: text) == """
                could not use 'docker_path=': it is empty
                hint: 'docker_path=/' stands for the top level
                """)
    }

    @Test(arguments: ["overlay2", "docker", "podman-overlay2"])
    func `a docker_store that is no kind`(word: String) {
        #expect(
            failure(adding: "docker_store=\(word)") == """
                could not use 'docker_store=\(word)': it is not a kind of store
                hint: it is one of containerd-overlayfs, docker-overlay2, podman-overlay, containerd-btrfs, podman-btrfs, docker-btrfs, \
                docker-vfs, podman-vfs, containerd-native
                """)
    }

    @Test(arguments: ["docker_path", "toplayer_path", "init"])
    func `a path that leads up`(key: String) {
        #expect(
            failure(adding: "toplayer=LABEL=x \(key)=a/../../docker")
                == "could not use '\(key)=a/../../docker': a path must not contain '..'")
        #expect(
            failure("root=LABEL=x rootflags=subvol=.. docker_path=docker") == "could not use 'subvol=..': a path must not contain '..'")
    }

    @Test func `a path that is not UTF-8, since it would be another one by now`() throws {
        let line = Array("root=LABEL=x docker_path=docker rootflags=subvol=na".utf8) + [0xef] + Array("ve".utf8)
        #expect(throws: Failure("could not use 'subvol=na\u{fffd}ve': it is not UTF-8")) {
            try Request(KernelCommandLine(line), .none)
        }
    }

    @Test(arguments: ["root=", "root", ""])
    func `no root device`(text: String) {
        #expect(
            failure("\(text) rootflags=subvol=name docker_path=docker") == """
                could not find 'root=' on the kernel command line
                hint: add root=LABEL=name or another device
                """)
    }

    @Test(arguments: ["nfs", "LABEL=", "label=linux", "sda2", "8:2", "/sda2", "gpt-auto", "ID=x"])
    func `a device that has no such name`(text: String) {
        for key in ["root", "toplayer"] {
            #expect(
                failure(adding: "\(key)=\(text)") == """
                    could not use '\(key)=\(text)': it is not a device that docker-btrfs knows
                    hint: use LABEL=, UUID=, PARTLABEL=, PARTUUID= or a path below /dev
                    """)
        }
    }

    @Test(arguments: ["", "rootflags", "rootflags=", "rootflags=ssd,subvol", "rootflags=xsubvol=name"])
    func `no subvol=`(text: String) {
        #expect(
            failure("root=LABEL=linux docker_path=docker \(text)") == """
                could not find 'subvol=' in rootflags= on the kernel command line: nothing says what the root is to be called
                hint: add rootflags=subvol=NAME, for example rootflags=subvol=docker_rwlayer
                """)
    }

    @Test(arguments: ["rootflags=subvol=name,ssd,subvol=other", "rootflags=subvol=name rootflags=subvol=other"])
    func `subvol= more than once`(text: String) {
        #expect(
            failure("root=LABEL=linux docker_path=docker \(text)")
                == "could not choose the root: rootflags= has subvol= 2 times: name, other")
    }

    @Test(arguments: ["rootflags=ssd", "rootflags=", "rootflags=xsubvol=name"])
    func `a last rootflags= without the subvol=, by which some initramfs would mount another root`(text: String) {
        #expect(
            failure(adding: text) == """
                could not use '\(text)': it is the last one and has no subvol=, and most initramfs would mount the root by it alone
                hint: write one rootflags= with all options in it
                """)
    }

    @Test func `an empty subvol=`() {
        #expect(
            failure("root=LABEL=linux docker_path=docker rootflags=subvol=,ssd") == """
                could not use 'subvol=': it is empty
                hint: add the root's name, for example rootflags=subvol=docker_rwlayer
                """)
    }

    @Test(arguments: ["/", "//", "."])
    func `subvol= of the top level`(name: String) {
        #expect(
            failure("root=LABEL=linux docker_path=docker rootflags=subvol=\(name)")
                == "could not use 'subvol=\(name)': that is the top level of the filesystem, not a root that can be replaced")
    }

    @Test(arguments: [
        "/.docker-btrfs", ".docker-btrfs/roots", ".docker-btrfs/roots/name", ".docker-btrfs/roots/name/new", ".docker-btrfs/roots/name/7a",
        ".docker-btrfs/roots/name/-7", ".docker-btrfs/roots/name/+7", ".docker-btrfs/roots/name/99999999999", ".docker-btrfs/roots/a/b/7",
        ".docker-btrfs/roots/7", ".docker-btrfs/layers/7", ".docker-btrfs/layers/name/7", ".docker-btrfs/7",
        ".docker-btrfs/roots/name/7/home",
    ])
    func `subvol= of the place where docker-btrfs keeps things, but for a kept root`(name: String) {
        #expect(
            failure("root=LABEL=linux docker_path=docker rootflags=subvol=\(name)") == """
                could not use 'subvol=\(name)': '/.docker-btrfs' is where docker-btrfs keeps things
                hint: choose another name, or docker_root=NUMBER for a root that was kept
                """)
    }

    @Test(arguments: [
        ("docker_mode=Persist", "fresh, persist"), ("docker_mode=none", "fresh, persist"),
        ("docker_onfail=retry", "previous, stop, reboot, poweroff"), ("docker_onfail=power-off", "previous, stop, reboot, poweroff"),
    ])
    func `a policy that there is not`(text: String, words: String) {
        #expect(failure(adding: text) == "could not use '\(text)': it must be one of \(words)")
    }

    @Test(arguments: ["docker_keep", "docker_tries"])
    func `a number that is none`(key: String) {
        for value in ["all", "-1", "1.5", "0x2", "99999999999"] {
            #expect(failure(adding: "\(key)=\(value)") == "could not use '\(key)=\(value)': it is not a number from 0 to 2147483647")
        }
    }

    @Test(arguments: ["\n", "\t", "\u{1b}[2J", "\u{7f}"])
    func `a path with control characters, which would be another one in a mark or in the record`(text: String) {
        #expect(
            failure("root=LABEL=x docker_path=docker \"rootflags=subvol=a\(text)b\"")
                == "could not use 'subvol=\(display("a\(text)b".utf8))': a path must not contain control characters")
    }

    @Test(arguments: [
        (#"rootflags=subvol="docker_rwlayer""#, #"subvol="docker_rwlayer""#), (#"rootflags=ssd,subvol="name""#, #"subvol="name""#),
        ("rootflags='subvol=name'", "'subvol=name'"), ("rootflags=subvol='a'", "subvol='a'"), (#"rootflags=subvol=a"b"#, #"subvol=a"b"#),
        (#"rootflags=compress="zstd",subvol=a"#, #"compress="zstd""#),
    ])
    func `quotes inside rootflags=, which some initramfs take off and others do not`(text: String, flag: String) {
        #expect(
            failure("root=LABEL=linux docker_path=docker \(text)") == """
                could not use '\(flag)': there are quotes inside rootflags=, which systemd takes off and other initramfs do not
                hint: leave them out; where there is white space in it, write "rootflags=subvol=my root"
                """)
    }

    @Test(arguments: ["rootflags=subvolid=256,subvol=name", "rootflags=subvol=name,subvolid=256", "rootflags=ssd,subvolid=256,subvol=/x"])
    func `subvolid= beside subvol=, as in proc's mounts`(text: String) {
        #expect(
            failure("root=LABEL=linux docker_path=docker \(text)") == """
                could not use 'subvolid=256' in rootflags=: the root is made anew and has another id at each boot
                hint: say rootflags=subvol=NAME without subvolid= on the kernel command line: it replaces what dracut wrote to /etc/cmdline.d
                """)
    }

    @Test func `subvolid=`() {
        #expect(
            failure(adding: "rootflags=subvolid=256") == """
                could not use 'subvolid=256' in rootflags=: the root is made anew and has another id at each boot
                hint: say rootflags=subvol=NAME without subvolid= on the kernel command line: it replaces what dracut wrote to /etc/cmdline.d
                """)
    }

    @Test(arguments: ["ext4", "ext4,xfs", "btrfs2", "Btrfs"])
    func `a root that is not on btrfs`(type: String) {
        #expect(failure(adding: "rootfstype=\(type)") == "could not use 'rootfstype=\(type)': the root of docker-btrfs is on btrfs")
    }

    @Test(arguments: ["rootdelay=soon", "rootdelay=-1", "rootdelay=1.5", "rootwait=", "rootwait=10s", "rootdelay=99999999999"])
    func `a time that is no number`(text: String) {
        #expect(failure(adding: text) == "could not use '\(text)': it is not a number from 0 to 2147483647")
    }

    @Test(arguments: ["A", "a:b:c", "a b", "a\u{1b}[2J", "http://a", "sha256:12@", "a/../b"])
    func `an image reference that is none, before any device is waited for`(text: String) {
        let words = failure(adding: "docker_image=\"\(text)\"") ?? ""
        #expect(words.hasPrefix("could not read the image reference '\(display(text.utf8))': "))
        #expect(words.hasSuffix("\nhint: an image is named as NAME, NAME:TAG, NAME@sha256:DIGEST or by its id"))
    }

    @Test func `an init that is not said from the top`() {
        #expect(
            failure(adding: "init=bin/bash") == """
                could not use 'init=bin/bash': it is not an absolute path
                hint: write init=/bin/bash
                """)
    }

    @Test(arguments: [nil, "{}", #"{"docker_tag":"latest"}"#])
    func `no image`(configuration: String?) {
        #expect(
            failure("root=LABEL=linux rootflags=subvol=name docker_path=docker docker_image=", configuration: configuration) == """
                could not tell which image to boot: neither the kernel command line nor /etc/docker-btrfs.json names one
                hint: add docker_image=NAME:TAG to the kernel command line
                """)
    }

    @Test(arguments: ["", "toplayer="], ["toplayer_path=boot_docker", "toplayerfstype=ext4", "toplayerflags=noatime,subvol=files"])
    func `what is said of a top layer without its device`(text: String, key: String) {
        #expect(
            failure(adding: "\(key) \(text)") == """
                could not use '\(key)': there is no 'toplayer=' on the kernel command line
                hint: add toplayer=LABEL=name or another device, the one that holds the top layer
                """)
    }
}
