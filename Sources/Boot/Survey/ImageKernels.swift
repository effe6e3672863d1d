package import Basics

/// Where an image has its kernels, and what is loaded with them.
extension ImageFiles {
    package static let modulesFolders: [Path] = ["lib/modules", "usr/lib/modules"]

    /// What lib/modules has modules for.
    package func releases() throws(Failure) -> [String] {
        var found: [String] = []
        for folder in Self.modulesFolders {
            for directory in try directories(at: folder) {
                for name in try directory.names() {
                    let release = display(name)
                    let index = folder.appending(name: name) / "modules.dep"
                    if found.contains(release) { continue }
                    if try target(of: index) == nil { continue }
                    if found.count == mostReleases { throw Failure("'\(folder)' has modules for more than \(mostReleases) kernels") }
                    found.append(release)
                }
            }
        }
        return found
    }

    /// The kernel of a release; nil where there is none.
    package func kernel(of release: String, isOnly: Bool) throws(Failure) -> Path? {
        let usual = ["lib/modules/\(release)/vmlinuz", "usr/lib/modules/\(release)/vmlinuz", "boot/vmlinuz-\(release)"]
        // Arch's and others' have no version in their names.
        return try firstFile(of: usual + (isOnly ? ["boot/vmlinuz", "boot/vmlinuz-linux", "boot/vmlinuz-linux-lts"] : []))
    }

    /// Where the initramfs of a kernel is looked for.
    package static func initramfs(of release: String, isOnly: Bool) -> [String] {
        let usual = [
            "boot/initrd.img-\(release)", "boot/initramfs-\(release).img", "boot/initrd-\(release)", "lib/modules/\(release)/initrd",
        ]
        return usual + (isOnly ? ["boot/initrd.img", "boot/initramfs-linux.img"] : [])
    }

    package func hasInitramfs(of release: String, isOnly: Bool) throws(Failure) -> Bool {
        try firstFile(of: Self.initramfs(of: release, isOnly: isOnly)) != nil
    }

    private func firstFile(of paths: [String]) throws(Failure) -> Path? {
        for path in paths {
            if let path = Path(path), try target(of: path)?.kind == .file { return path }
        }
        return nil
    }

    /// The image's own kernel, for `docker_kernel=image`; nil where it is the one that runs. Fails with the reason alone where there
    /// is none to start, or none to choose.
    func ownKernel(of chain: ChainID, besides running: String?) throws(Failure) -> Facts.Kernel? {
        let releases = try releases()
        if let running, releases.contains(running) { return nil }
        var found: Facts.Kernel?
        for release in releases {
            guard let kernel = try kernel(of: release, isOnly: releases.count == 1) else { continue }
            if found != nil { throw Failure("the image has several kernels") }
            guard let initramfs = try firstFile(of: Self.initramfs(of: release, isOnly: releases.count == 1)) else {
                throw Failure("the image has no initramfs for its kernel \(release)")
            }
            found = Facts.Kernel(path: kernel, initramfs: initramfs, chainID: chain)
        }
        if found == nil { throw Failure("the image has no kernel with modules") }
        return found
    }
}

/// No image needs as many.
private let mostReleases = 100
