internal import Basics

/// The kernel's driver for btrfs, and for /init every module that it is to load.
func drivers(in image: InitramfsImage, of framework: Framework) -> [Finding] {
    let releases = kernelReleases(in: image)
    var findings = releases.map { btrfs(in: image, release: $0) }
    if findings.isEmpty { findings = [Finding(mark: .missing, subject: "btrfs", text: "there are no kernel modules")] }
    if case .none = framework { findings.append(listedModules(in: image)) }
    return findings
}

private let modulesFolders: [Path] = ["usr/lib/modules", "lib/modules"]

/// The kernels that the image has modules for.
private func kernelReleases(in image: InitramfsImage) -> [[UInt8]] {
    var found: Set<[UInt8]> = []
    for path in image.paths {
        for folder in modulesFolders where path.bytes.starts(with: folder.bytes + [UInt8(ascii: "/")]) {
            found.insert(path.components[folder.components.count])
        }
    }
    return found.sorted { $0.lexicographicallyPrecedes($1) }
}

private func btrfs(in image: InitramfsImage, release: [UInt8]) -> Finding {
    let folders = modulesFolders.map { $0.appending(name: release) }
    let module = image.paths.first { path in
        isBtrfs(path) && folders.contains { path.bytes.starts(with: $0.bytes + [UInt8(ascii: "/")]) }
    }
    if let module { return Finding(mark: .ok, subject: "btrfs", text: module.description) }
    let builtin = folders.lazy.compactMap { image.target(of: $0 / "modules.builtin") }.first
    if display(builtin?.content ?? []).contains("/btrfs.ko") {
        return Finding(mark: .ok, subject: "btrfs", text: "part of the kernel \(display(release))")
    }
    return Finding(mark: .missing, subject: "btrfs", text: "there is no btrfs module for the kernel \(display(release))")
}

private func isBtrfs(_ path: Path) -> Bool { path.name.starts(with: "btrfs.ko".utf8) }

private func listedModules(in image: InitramfsImage) -> Finding {
    let lines = (image.target(of: modulesListPath)?.content ?? []).split(separator: UInt8(ascii: "\n"))
    for line in lines {
        let name = line.drop { $0 == UInt8(ascii: "?") }.prefix { $0 != UInt8(ascii: " ") }
        guard let path = Path(name), let entry = image.target(of: path), ELF(Array(entry.content)) != nil else {
            return Finding(
                mark: .missing, subject: "modules", text: "\(display(name)), which \(modulesListPath) names, is not there or no module")
        }
    }
    let hasBtrfs = image.paths.contains { isBtrfs($0) }
    if hasBtrfs && !lines.contains(where: { display($0).contains("/btrfs.ko") }) {
        return Finding(mark: .missing, subject: "modules", text: "btrfs is not among those that \(modulesListPath) names")
    }
    return Finding(mark: .ok, subject: "modules", text: "\(lines.count) to load")
}
