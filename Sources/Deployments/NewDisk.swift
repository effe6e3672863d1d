package import Basics
package import Boot
package import BootEntries

extension Site {
    /// A disk that is being made: `boot` is going to be what its boot loader's partition has, with the loader's files already.
    package init(
        onNewDisk topLevel: Directory, _ volume: BootVolume, _ settings: Settings, boot: Directory, _ partition: BootVolume
    ) throws(Failure) {
        filesystem = RootFilesystem(topLevel: topLevel, device: "/dev/disk/by-uuid/\(volume.uuid)", volume: volume)
        self.settings = settings
        disk = nil
        loader = try InstalledLoader.all(in: boot).first { $0.kind == settings.loader }
        kernels = settings.kernels == .btrfs ? KernelFolder(onTopLevel: topLevel, volume) : KernelFolder(inTopOf: boot, partition)
        self.boot = nil
        former = nil
        lock = nil
    }
}

/// The kernel of a tree, and an initramfs that mounts a root of some filesystem as it is; each with the name that people know it by. An image
/// has microcode of several makers.
package func kernelFiles(
    in tree: Directory, of name: String, kernel: String, rootFilesystem: String, program: String
) async throws(Failure) -> [(name: String, content: [UInt8])] {
    try await ImageKernel(in: tree, of: name, release: kernel, program: program, rootFilesystem: rootFilesystem).files
        .map { file in
            let own = file.kind == .microcode ? file.source.map { display($0.name) } : nil
            return (own ?? "\(file.kind.rawValue)-\(kernel)", file.content)
        }
}

/// What is wrong with an image under a top layer for any machine. What depends on the machine that runs is left out: the disks that an fstab
/// names. So is what marks a boot as good, which a disk brings. `options` are what the kernel is told.
package func shortcomings(
    of image: ImageFiles, under topLayer: Directory?, of name: String, _ options: KernelOptions
) throws(Failure) -> [ImageFinding] {
    try ImageCheck(image, under: topLayer, of: name, with: options).findings.filter { ![.fstab, .initSystem].contains($0.subject) }
}

/// The releases of an image's kernels.
package func kernels(in image: ImageFiles) throws(Failure) -> [String] { try ImageKernel.kernels(in: image).map(\.release) }

/// The same findings, and the release of the kernel, with what that is in. Fails where there are several and none of them is `asked` for.
package func check(
    _ image: ImageFiles, under topLayer: Directory?, of name: String, kernel asked: String?, _ options: KernelOptions
) throws(Failure) -> (findings: [ImageFinding], kernel: (release: String, files: ImageFiles)?) {
    let findings = try shortcomings(of: image, under: topLayer, of: name, options)
    // The error says it.
    if findings.contains(where: { $0.weight == .error && $0.subject.isOfKernel }) { return (findings, nil) }
    // As `deploy` takes it.
    let files = try ImageKernel.kernels(in: image).isEmpty ? topLayer.map { ImageFiles(of: [$0]) } ?? image : image
    return (findings, (try ImageKernel.choose(asked, in: files, of: name).kernel.release, files))
}

/// The btrfs that a directory of the running system is on, by its device, and where it is from the top level; nil for another filesystem.
package func btrfs(of directory: Directory) throws(Failure) -> (device: String, path: Path)? {
    let place = try MountedFolder(directory)
    return place.type == "btrfs" ? (place.device, place.path) : nil
}
