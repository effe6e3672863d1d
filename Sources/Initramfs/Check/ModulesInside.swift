package import Basics
internal import InitProcess

/// The kernel's driver for btrfs, and for /init every module that it is to load.
func drivers(in image: InitramfsImage, of framework: Framework) -> [Finding] {
    var findings = kernels(in: image).map { kernel in
        if let module = kernel.btrfs { return Finding(mark: .ok, subject: "btrfs", text: module.description) }
        if isBuiltin(in: image, release: kernel.release) {
            return Finding(mark: .ok, subject: "btrfs", text: "part of the kernel \(display(kernel.release))")
        }
        return Finding(mark: .missing, subject: "btrfs", text: "there is no btrfs module for the kernel \(display(kernel.release))")
    }
    if findings.isEmpty { findings = [Finding(mark: .missing, subject: "btrfs", text: "there are no kernel modules")] }
    if case .none = framework { findings.append(listedModules(in: image)) }
    return findings
}

extension InitramfsImage {
    /// The kernels that it has modules for.
    package var releases: [String] { kernels(in: self).map { display($0.release) } }

    /// Of some drivers, those that the kernel of the tree has as modules, a build for this machine takes, and it has not.
    package func missing(_ drivers: [String], of release: String, in tree: Directory) throws(Failure) -> [String] {
        let inside = Set(paths.map { KernelModules.name(ofFile: display($0.name)) })
        let missing = drivers.filter { !inside.contains(KernelModules.normal($0)) }
        if missing.isEmpty { return [] }
        let modules = try KernelModules(release: release, in: tree)
        return missing.filter { driver in
            modules.files(for: driver)?.contains { DriverList.leadsToDisks($0, for: "") } == true
        }
    }
}

private let modulesFolders: [Path] = ["usr/lib/modules", "lib/modules"]

/// The kernels that the image has modules for, with the module of btrfs.
private func kernels(in image: InitramfsImage) -> [(release: [UInt8], btrfs: Path?)] {
    var found: [[UInt8]: Path?] = [:]
    for path in image.paths {
        for folder in modulesFolders where path.isBelow(folder) {
            let release = path.components[folder.components.count]
            let known: Path? = found[release, default: nil]
            found[release] = .some(known ?? (isBtrfs(path) ? path : nil))
        }
    }
    return found.sortedByBytes { $0.key }.map { ($0.key, $0.value) }
}

private func isBuiltin(in image: InitramfsImage, release: [UInt8]) -> Bool {
    modulesFolders.contains { folder in
        image.lines(of: folder.appending(name: release) / "modules.builtin").contains { $0.hasSuffix("/btrfs.ko") }
    }
}

private func isBtrfs(_ path: Path) -> Bool { path.name.starts(with: "btrfs.ko".utf8) }

private func listedModules(in image: InitramfsImage) -> Finding {
    func wrong(_ text: String) -> Finding { Finding(mark: .missing, subject: "modules", text: text) }
    do throws(Failure) {
        let content = image.target(of: modulesListPath)?.content ?? []
        if content.count > 1 << 20 { return wrong("\(modulesListPath) has more than 1 MiB") }
        let list = try ModuleList(parsing: Array(content)).modules
        var seen: Set<String> = []
        for module in list where seen.insert(module.path).inserted {
            guard let path = Path(module.path), let entry = image.target(of: path), ELF(entry.content) != nil else {
                return wrong("\(display(module.path.utf8)), which \(modulesListPath) names, is not there or no module")
            }
        }
        if image.paths.contains(where: { isBtrfs($0) }) && !list.contains(where: { $0.name == "btrfs" }) {
            return wrong("btrfs is not among those that \(modulesListPath) names")
        }
        return Finding(mark: .ok, subject: "modules", text: "\(list.count) to load")
    } catch {
        return wrong(error.message)
    }
}
