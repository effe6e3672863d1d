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

    /// The images that are there of those that a kernel may have, and the kernels that have none, which may be meant so; where no kernel has
    /// one, the first for each kernel.
    func kernelImages(of candidates: (_ kernel: String) -> [String]) throws(Failure) -> (images: [InitramfsFile], without: [String]) {
        var built: [InitramfsFile] = []
        var missing: [InitramfsFile] = []
        for kernel in try kernels() {
            let paths = candidates(kernel).compactMap { Path($0) }
            var there: [Path] = []
            for path in paths where try target(of: path) != nil { there.append(path) }
            built += try distinct(there).map { InitramfsFile(kernel: kernel, path: $0, exists: true) }
            if there.isEmpty, let first = paths.first, try hasKernel(kernel) {
                missing.append(InitramfsFile(kernel: kernel, path: first, exists: false))
            }
        }
        return built.isEmpty ? (missing, []) : (built, missing.map(\.kernel))
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

    /// What looks like an image in the usual places, or is named by a boot loader's entry, and is none of `images`.
    func leftImages(than images: [Path]) throws(Failure) -> [Path] {
        var found = try otherImages(than: images)
        for path in try entryImages() where try !isAmong(images + found, path) { found.append(path) }
        return found
    }

    /// The images of the entries of the boot loader specification, but for microcode.
    private func entryImages() throws(Failure) -> [Path] {
        var found: [Path] = []
        for partition in Self.systemPartitions {
            let folder = partition / "loader/entries"
            for name in try directory(at: folder)?.names() ?? [] where name.suffix(5).elementsEqual(".conf".utf8) {
                let entry = folder.appending(name: name)
                guard try target(of: entry)?.kind == .file else { continue }
                for line in try contents(of: entry)?.split(separator: UInt8(ascii: "\n")) ?? [] {
                    let words = line.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
                    guard words.count > 1, words[0].elementsEqual("initrd".utf8), let file = Path(words[1]) else { continue }
                    guard file.name.starts(with: "initr".utf8), try target(of: partition / file)?.kind == .file else { continue }
                    found.append(partition / file)
                }
            }
        }
        return found
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

    /// What boot loader entries are named after, unless kernel-install was told something else.
    func machineID() throws(Failure) -> String? { try firstLine(of: "etc/machine-id").flatMap { $0.utf8.count == 32 ? $0 : nil } }

    func entryToken() throws(Failure) -> String? { try firstLine(of: "etc/kernel/entry-token") }

    private func firstLine(of path: Path) throws(Failure) -> String? {
        try contents(of: path)?.split(separator: UInt8(ascii: "\n")).first.map { String(decoding: $0, as: UTF8.self) }
    }
}
