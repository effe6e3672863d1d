public import Basics
package import Boot
package import BootEntries
internal import Images
internal import Initramfs
internal import Linux
internal import Programs

extension Site {
    /// Looks at an image as this machine would boot it: with the top layer over it.
    public func check(_ reference: String) throws(Failure) -> (title: String, findings: [ImageFinding]) {
        let store = try storeFilesystem()
        let image = try image(ImageReference(reference), in: store)
        let title = "\(image.reference) (\(image.id.short))"
        let files = try image.files(in: store?.top ?? topLevel)
        let topLayer = try? topLevel.directory(at: settings.topLayer)
        var findings = try ImageCheck(
            files, under: topLayer, of: image.reference.description, on: disk, with: settings.options
        ).findings
        if findings.contains(where: { $0.weight == .error }) { return (title, findings) }
        do throws(Failure) { try checkBoot(of: image, in: store) } catch {
            findings.append(ImageFinding(weight: .error, subject: .boot, text: error.message, remedy: error.hint ?? ""))
        }
        return (title, findings)
    }

    /// What somebody who deploys an image may want to know of it: it boots, that was seen already.
    func warnings(of tree: Directory, called reference: ImageReference) throws(Failure) -> [String] {
        let topLayer = try? topLevel.directory(at: settings.topLayer)
        let check = try ImageCheck(
            ImageFiles(of: [tree]), under: topLayer, of: reference.description, on: disk, with: settings.options, kernelIsChosen: true)
        return check.findings.map(\.note)
    }
}

/// The faults of a tree, under a top layer.
package struct ImageCheck {
    let image: ImageFiles
    let topLayer: ImageFiles?
    var findings: [ImageFinding] = []

    /// `disk` is the one that the roots of the running machine are on, and `options` are what each entry of its boot menu has beside the root.
    init(
        _ image: ImageFiles, under topLayer: Directory?, of name: String, on disk: MachineDisk? = nil,
        with options: KernelOptions = .none, kernelIsChosen: Bool = false
    ) throws(Failure) {
        self.image = image
        self.topLayer = topLayer.map { ImageFiles(of: [$0]) }
        if !kernelIsChosen { try checkKernel(name) }
        try checkSystem(name, under: topLayer, options.initProgram)
        // No boot counts where `init=` names another one.
        if options.initProgram == nil { try checkGoodMark() }
        try checkDevices()
        if let disk { try checkDrivers(of: disk) }
        try checkLogin()
        let mounts = try trees.mounts()
        try checkShells(beside: mounts)
        findings += try ImageFinding.endlessMounts(mounts, in: trees, on: disk, with: options)
        try checkNetwork()
        try checkSSH()
        try checkKeyboard()
        try checkCertificates()
        try checkCompanion()
    }

    mutating func add(
        _ weight: ImageFinding.Weight, _ subject: ImageFinding.Subject, _ text: String, _ remedy: String, _ cause: ImageFinding.Cause? = nil
    ) {
        findings.append(ImageFinding(weight: weight, subject: subject, cause: cause, text: text, remedy: remedy))
    }

    /// The top layer has the one that made it, and it runs with the image's C library.
    private mutating func checkCompanion() throws(Failure) {
        guard let needed = try topLayer?.file(at: "usr/bin/docker-btrfs").flatMap(ELF.newestGlibc),
            let library = try image.sharedLibrary("libc.so.6"), let found = try image.file(at: library).flatMap(ELF.newestGlibc),
            found < needed
        else { return }
        add(
            .warning, .companion,
            "docker-btrfs needs glibc 2.\(needed), and the image has 2.\(found): it cannot deploy the next one from there",
            "take a newer base image; or build docker-btrfs on Debian 12, and run setup with that")
    }

    private mutating func checkKernel(_ name: String) throws(Failure) {
        var (tree, kernels) = (image, try ImageKernel.kernels(in: image))
        if let topLayer, kernels.isEmpty { (tree, kernels) = (topLayer, try ImageKernel.kernels(in: topLayer)) }
        if kernels.count > 1 {
            let names = kernels.map(\.release).joined(separator: ", ")
            add(.warning, .kernel, "there are several: \(names)", "docker-btrfs deploy \(name) --kernel VERSION")
        }
        var bad: [Path] = []
        for (_, path) in kernels {
            if let file = try tree.file(at: path), try !ImageKernel.isKernel(file.bytes(at: 0, 1 << 10)) { bad.append(path) }
        }
        for path in bad {
            let weight = bad.count == kernels.count ? ImageFinding.Weight.error : .warning
            add(weight, .kernel, "'\(path)' is none that a boot loader starts", ImageKernel.remedy)
        }
        if !kernels.isEmpty { return }
        for folder in ImageFiles.modulesFolders {
            for name in try image.names(in: folder) where try image.target(of: folder.appending(name: name))?.kind == .directory {
                let release = display(name)
                if try image.target(of: folder.appending(name: name) / "modules.dep") == nil {
                    return add(.error, .modules, "those of \(release) have no modules.dep", "RUN depmod \(shellWord(release))")
                }
                return add(.error, .kernel, "there are modules of \(release), and no boot/vmlinuz-\(release)", ImageKernel.remedy)
            }
        }
        add(.error, .kernel, "there is none", ImageKernel.remedy)
    }

    /// An init and an os-release.
    private mutating func checkSystem(_ name: String, under topLayer: Directory?, _ initProgram: Path?) throws(Failure) {
        let contents: Facts.Contents
        do throws(Failure) {
            contents = try Facts.Contents(
                of: image, under: [topLayer].compactMap { $0 }, of: name, initProgram: initProgram, Facts.Host(kernelRelease: nil, time: 0))
            try trees.checkMachine(of: name, initProgram)
        } catch {
            var cause: ImageFinding.Cause? = .noInit
            for tree in [image, self.topLayer].compactMap({ $0 }) where try tree.hasInit() { cause = nil }
            return add(.error, .system, error.message, error.hint ?? "", cause)
        }
        if contents.usesSELinux {
            add(
                .warning, .selinux, "it is on, and no file of an image has its label",
                "docker-btrfs setup --options '… docker_mode=persist': the first boot labels them; or SELINUX=disabled in /etc/selinux/config"
            )
        }
        // One that cannot be read ends the boot, which is told elsewhere.
        let manifest = topLayer.flatMap { try? LayerManifest(of: $0) }
        if contents.identity.isEmpty || manifest?.imageIdentity == .remove { return }
        let names = contents.identity.map { "'\($0)'" }.joined(separator: ", ")
        add(.warning, .identity, "every machine that boots it has \(names) alike", "'docker-btrfs setup' has them taken away at boot")
    }

    /// With systemd, a unit that `setup` puts into the top layer marks a boot as good. Any other init has to be told.
    private mutating func checkGoodMark() throws(Failure) {
        guard let program = try image.initProgram()?.status else { return }
        for path in systemdPrograms {
            if try image.target(of: path)?.isSameFile(as: program) == true { return }
        }
        if try marksGood() { return }
        let line = goodMarkCommand
        let isBusybox = try image.target(of: "bin/busybox")?.isSameFile(as: program) == true
        // That of another init is read by nobody.
        let (hasTable, hasRunit) = (try has(["etc/inittab"]), try has(["etc/runit"]))
        let entry = (isBusybox ? "::once:" : "dg:2345:once:") + line
        add(
            .warning, .initSystem,
            "it is not systemd, and nothing marks a boot as good: an image that boots well is given up after its tries",
            hasTable && !hasRunit ? "RUN echo '\(entry)' >> /etc/inittab" : "have it run '\(line)' when the system is up")
    }

    /// Whether something that an init starts says so.
    private func marksGood() throws(Failure) -> Bool {
        let scripts: [Path] = ["etc/init.d", "etc/local.d", "etc/rc.d", "etc/runit", "etc/dinit.d", "etc/cron.d"]
        let services: [Path] = ["etc/sv", "etc/service", "etc/runit/runsvdir/default"]
        for tree in trees {
            var files: [Path] = usualInits + ["etc/inittab", "etc/rc.local", "etc/crontab"]
            for folder in scripts { files += try tree.names(in: folder).map { folder.appending(name: $0) } }
            for folder in services { files += try tree.names(in: folder).map { folder.appending(name: $0) / "run" } }
            for file in files where try tree.target(of: file)?.kind == .file {
                if let content = try tree.file(at: file)?.bytes(at: 0, 1 << 16), content.contains(Array("--mark-good".utf8)) { return true }
            }
        }
        return false
    }

    private mutating func checkDevices() throws(Failure) {
        let udev: [Path] = ["lib/systemd/systemd-udevd", "usr/lib/systemd/systemd-udevd", "usr/bin/udevadm", "sbin/udevd", "sbin/mdev"]
        if try has(udev) { return }
        add(
            .warning, .devices, "there is no udev: no driver is loaded for what is found",
            "install it in the Dockerfile: udev (Debian, Ubuntu), systemd-udev (Fedora), systemd (Arch), eudev (Alpine)")
    }

    /// What drives the disk here should drive it there.
    private mutating func checkDrivers(of disk: MachineDisk) throws(Failure) {
        let drivers = disk.drivers
        if drivers.isEmpty { return }
        for release in try image.releases() {
            let known = try image.modules(of: release, among: Set(drivers))
            let missing = drivers.filter { !known.contains($0) }.map { "'\($0)'" }.joined(separator: ", ")
            if missing.isEmpty { continue }
            add(
                .warning, .drivers, "the roots' disk is driven by \(missing) here, which the kernel \(release) has not",
                "install one for any hardware: linux-image-amd64 and not linux-image-cloud-amd64 (Debian)")
        }
    }

    /// Somebody who has a password or a key, and no root who is anybody.
    private mutating func checkLogin() throws(Failure) {
        // Its crypt(3) has MD5, SHA-2 and bcrypt.
        let (hasMusl, glibc) = (try has(["lib/ld-musl-x86_64.so.1"]), try image.sharedLibrary("libc.so.6"))
        let isMusl = hasMusl && glibc == nil
        var (isKnown, isUnknown) = (false, false)
        // What the first of them says of root counts: at boot a service gives him the machine's password.
        var ofRoot: Substring?
        for path in ["etc/docker-btrfs/users/shadow", "etc/passwd", "etc/shadow"] as [Path] {
            for line in try lines(path) {
                let fields = line.split(separator: ":", omittingEmptySubsequences: false)
                // With an x it is in shadow.
                guard fields.count > 1, fields[1] != "x" else { continue }
                if fields[0] == "root" && ofRoot == nil { ofRoot = fields[1] }
                // Empty: no password is asked for. One that begins with these is locked.
                guard fields[1].isEmpty || !"!*".contains(fields[1].first ?? "!") else { continue }
                if isMusl && fields[1].hasPrefix("$y$") { isUnknown = true } else { isKnown = true }
            }
        }
        if ofRoot?.isEmpty == true {
            return add(
                .warning, .login, "root needs no password: whoever has a login prompt is root",
                "passwd root on this system, then docker-btrfs setup --users; or RUN echo 'root:…' | chpasswd", .openRoot)
        }
        if isKnown { return }
        if try has(["root/.ssh/authorized_keys"]) { return }
        if isUnknown {
            return add(
                .warning, .login, "all passwords are kept by yescrypt, which the image's C library, musl, cannot check",
                "echo 'NAME:PASSWORD' | chpasswd -c SHA512 on this system, then docker-btrfs setup --users")
        }
        add(
            .warning, .login, "nobody has a password",
            "docker-btrfs setup, on a system where you have one; or RUN echo 'root:…' | chpasswd")
    }

    /// The machine's people come with the shells that they have here.
    private mutating func checkShells(beside mounts: [MountsFile.Line]) throws(Failure) {
        // A shell may be in what is mounted there.
        let places = mounts.compactMap { Path($0.target) }.filter { !$0.isTop }
        for line in try lines("etc/docker-btrfs/users/passwd") {
            let fields = line.split(separator: ":", omittingEmptySubsequences: false)
            guard fields.count == 7, let shell = Path(fields[6].utf8), !shell.isTop, !places.contains(where: shell.isBelow),
                try !has([shell])
            else { continue }
            let (name, program) = (display(fields[0].utf8), display(shell.name))
            if ["nologin", "false"].contains(program) { continue }
            let change = "usermod --shell /bin/bash \(shellWord(name)) on this system, then docker-btrfs setup --users"
            add(
                .warning, .login, "\(name) cannot log in: the image has no '\(shell)'",
                "install \(program) in the Dockerfile; or \(change)"
            )
        }
    }

    /// Who had sshd before may have no other way in.
    private mutating func checkSSH() throws(Failure) {
        let names = try topLayer?.names(in: "etc/ssh") ?? []
        guard names.contains(where: { $0.starts(with: "ssh_host_".utf8) && $0.suffix(4).elementsEqual("_key".utf8) }) else { return }
        let programs: [Path] = ["usr/sbin/sshd", "usr/bin/sshd", "usr/sbin/dropbear", "usr/bin/dropbear"]
        if try has(programs) { return }
        add(
            .warning, .ssh, "the image has no sshd, for which the top layer has host keys: nobody gets in from outside",
            "install it in the Dockerfile: openssh-server (Debian, Ubuntu, Fedora), openssh (Arch, Alpine)")
    }

    /// The top layer says which keyboard there is; the kernel knows that of the United States alone.
    private mutating func checkKeyboard() throws(Failure) {
        if try has(["bin/setupcon", "usr/bin/setupcon", "bin/loadkeys", "usr/bin/loadkeys"]) { return }
        for (path, key) in [("etc/default/keyboard", "XKBLAYOUT"), ("etc/vconsole.conf", "KEYMAP")] as [(Path, String)] {
            let content = String(decoding: try [topLayer].compactMap { $0 }.contents(of: path) ?? [], as: UTF8.self)
            let said = content.split(separator: "\n").compactMap { line -> Substring? in
                let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                return parts.count == 2 && parts[0] == key ? parts[1].split { "\" '\t\r".contains($0) }.first : nil
            }
            guard let layout = said.last, layout != "us" else { continue }
            return add(
                .warning, .keyboard,
                "the top layer's \(path.description.dropFirst()) says '\(layout)', and the image has nothing that reads it for the console",
                "install it in the Dockerfile: console-setup, then rm -f /etc/console-setup/cached_* (Debian, Ubuntu), kbd (Fedora, Arch)")
        }
    }

    /// An engine that pulls has to know who vouches for a registry.
    private mutating func checkCertificates() throws(Failure) {
        let certificates: [Path] = [
            "etc/ssl/certs/ca-certificates.crt", "etc/pki/tls/certs/ca-bundle.crt", "etc/ssl/ca-bundle.pem", "etc/ssl/cert.pem",
        ]
        guard try has(["usr/bin/dockerd", "usr/sbin/dockerd", "usr/bin/podman"]) else { return }
        if try has(certificates) { return }
        add(
            .warning, .certificates, "an engine is there, and no certificates by which it trusts a registry: it pulls nothing",
            "install ca-certificates in the Dockerfile")
    }

    func isFilled(_ folder: Path, of trees: [ImageFiles?]) throws(Failure) -> Bool {
        for tree in trees.compactMap({ $0 }) where try !tree.names(in: folder).isEmpty { return true }
        return false
    }

    /// The top layer's file goes before the image's.
    var trees: [ImageFiles] { [topLayer, image].compactMap { $0 } }

    private func lines(_ path: Path) throws(Failure) -> [Substring] {
        try trees.contents(of: path).map { String(decoding: $0, as: UTF8.self).split(separator: "\n") } ?? []
    }

    func has(_ paths: [Path]) throws(Failure) -> Bool { try trees.have(oneOf: paths) }
}

extension ImageCheck {
    /// What is wrong with an image under a top layer for any machine. What depends on the machine that runs is left out: the disks that an fstab
    /// names. So is what marks a boot as good, which a disk brings. `options` are what the kernel is told.
    package static func shortcomings(
        of image: ImageFiles, under topLayer: Directory?, of name: String, _ options: KernelOptions
    ) throws(Failure) -> [ImageFinding] {
        try ImageCheck(image, under: topLayer, of: name, with: options).findings.filter { ![.fstab, .initSystem].contains($0.subject) }
    }

    /// The same findings, and the release of the kernel, with what that is in. Fails where there are several and none of them is `asked` for.
    package static func check(
        _ image: ImageFiles, under topLayer: Directory?, of name: String, kernel asked: String?, _ options: KernelOptions
    ) throws(Failure) -> (findings: [ImageFinding], kernel: (release: String, files: ImageFiles)?) {
        let findings = try shortcomings(of: image, under: topLayer, of: name, options)
        // The error says it.
        if findings.contains(where: { $0.weight == .error && $0.subject.isOfKernel }) { return (findings, nil) }
        // As `deploy` takes it.
        let files = try ImageKernel.kernels(in: image).isEmpty ? topLayer.map { ImageFiles(of: [$0]) } ?? image : image
        return (findings, (try ImageKernel.choose(asked, in: files, of: name).kernel.release, files))
    }
}
