internal import Basics

/// An image for one kernel.
struct KernelImage {
    let kernel: String
    let image: Path
    let exists: Bool
}

extension Directory {
    /// The images that are there of those that a kernel may have; where no kernel has one, the first for each kernel.
    func kernelImages(of candidates: (_ kernel: String) -> [String]) throws(Failure) -> [KernelImage] {
        var built: [KernelImage] = []
        var missing: [KernelImage] = []
        for kernel in try kernels() {
            let paths = candidates(kernel).compactMap { Path($0) }
            for path in paths where try target(of: path) != nil {
                built.append(KernelImage(kernel: kernel, image: path, exists: true))
            }
            if let first = paths.first, try hasKernel(kernel) {
                missing.append(KernelImage(kernel: kernel, image: first, exists: false))
            }
        }
        return built.isEmpty ? missing : built
    }

    /// The versions that have modules.
    private func kernels() throws(Failure) -> [String] {
        try directory(at: "lib/modules")?.names().map { String(decoding: $0, as: UTF8.self) } ?? []
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
