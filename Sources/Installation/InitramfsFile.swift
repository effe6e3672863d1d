internal import Basics

/// An image for one kernel.
struct InitramfsFile {
    let kernel: String
    let path: Path
    let exists: Bool
}

extension Directory {
    /// Where the ESP, or another partition that the firmware or a boot loader reads, may be mounted.
    static let systemPartitions: [Path] = ["efi", "boot", "boot/efi"]

    /// The images that are there of those that a kernel may have; where no kernel has one, the first for each kernel.
    func kernelImages(of candidates: (_ kernel: String) -> [String]) throws(Failure) -> [InitramfsFile] {
        var built: [InitramfsFile] = []
        var missing: [InitramfsFile] = []
        for kernel in try kernels() {
            let paths = candidates(kernel).compactMap { Path($0) }
            var there: [Path] = []
            for path in paths where try target(of: path) != nil { there.append(path) }
            built += try distinct(there).map { InitramfsFile(kernel: kernel, path: $0, exists: true) }
            if let first = paths.first, try hasKernel(kernel) {
                missing.append(InitramfsFile(kernel: kernel, path: first, exists: false))
            }
        }
        return built.isEmpty ? missing : built
    }

    /// Each file once, by the first of its names.
    func distinct(_ paths: [Path]) throws(Failure) -> [Path] {
        var found: [Path] = []
        for path in paths where try !isAmong(found, path) { found.append(path) }
        return found
    }

    private func isAmong(_ others: [Path], _ path: Path) throws(Failure) -> Bool {
        if others.contains(path) { return true }
        guard let status = try target(of: path) else { return false }
        for other in others where try target(of: other)?.isSameFile(as: status) == true { return true }
        return false
    }

    /// What looks like an image in the usual places and is none of `images`.
    func otherImages(than images: [Path]) throws(Failure) -> [Path] {
        var found: [Path] = []
        for folder in ["boot"] + Self.systemPartitions.map({ $0 / "EFI/Linux" }) {
            for name in try directory(at: folder)?.names() ?? [] {
                let path = folder.appending(name: name)
                guard path.isUnified || folder == "boot" && name.starts(with: "initr".utf8) else { continue }
                guard try target(of: path)?.kind == .file else { continue }
                if try !isAmong(images + found, path) { found.append(path) }
            }
        }
        return found
    }

    /// The versions that have modules. A folder without this file is what other packages left there.
    private func kernels() throws(Failure) -> [String] {
        var found: [String] = []
        for name in try directory(at: "lib/modules")?.names() ?? [] {
            if try target(of: ("lib/modules" as Path).appending(name: name) / "modules.dep") != nil {
                found.append(String(decoding: name, as: UTF8.self))
            }
        }
        return found
    }

    private func hasKernel(_ version: String) throws(Failure) -> Bool {
        for place in ["boot/vmlinuz-\(version)", "lib/modules/\(version)/vmlinuz"] {
            if let path = Path(place), try target(of: path) != nil { return true }
        }
        return false
    }

    /// What boot loader entries are named after.
    func machineID() throws(Failure) -> String? {
        let line = try contents(of: "etc/machine-id")?.split(separator: UInt8(ascii: "\n")).first ?? []
        return line.count == 32 ? String(decoding: line, as: UTF8.self) : nil
    }
}
