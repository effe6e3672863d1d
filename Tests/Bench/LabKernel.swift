internal import Foundation
internal import TestSupport

/// The lab's kernel, with the initramfs that `initramfs build` made for it.
struct LabKernel {
    let kernel: Data
    let initramfs: Data
    private let release: String
    /// Of all kernels of the lab.
    private let modules: String

    init() throws {
        let folder = ProcessInfo.processInfo.environment["SYSTEM"] ?? Repository.path(".build/lab/initramfs")
        modules = "\(folder)/tree/usr/lib/modules"
        guard let found = try FileManager.default.contentsOfDirectory(atPath: modules).first else {
            throw BenchError("the lab has no kernel's modules in '\(modules)'")
        }
        release = found
        kernel = try Data(contentsOf: URL(filePath: "\(folder)/vmlinuz"))
        initramfs = try Data(contentsOf: URL(filePath: "\(folder)/init.img"))
    }

    /// What the two files are called in an image's /boot.
    var names: [String] { ["vmlinuz-\(release)", "initrd.img-\(release)"] }

    /// Makes an image's tree one of merged directories, with the kernel's modules.
    func addModules(to tree: Tree) async throws {
        let script = "rmdir $1/lib; ln -s usr/lib $1/lib; mkdir -p $1/usr/lib/modules; cp -a $2/$3 $1/usr/lib/modules"
        try await output(of: ["bash", "-euc", script, "bash", tree.folder, modules, release])
    }

    /// Writes both into the image at `place`, with these bytes behind them.
    func addBootFiles(to place: String, ending kernelEnd: Data = Data(), _ initramfsEnd: Data = Data()) throws {
        let boot = URL(filePath: "\(place)/boot")
        try FileManager.default.createDirectory(at: boot, withIntermediateDirectories: true)
        for (name, content) in zip(names, [kernel + kernelEnd, initramfs + initramfsEnd]) {
            try content.write(to: boot.appending(path: name))
        }
    }
}
