package import Basics

extension Facts.Modules {
    /// `layers` lie over one another, the first on top.
    package init(of layers: [ImageFiles], _ host: Facts.Host) throws(Failure) {
        self = .notNeeded
        guard let release = host.kernelRelease.flatMap({ Path($0) }) else { return }
        for layer in layers {
            for folder in ImageFiles.modulesFolders {
                if try layer.isModuleFolder(folder / release) {
                    self = .present
                    return
                }
                let hasOthers = try layer.search(folder) { (path, _) throws(Failure) in try layer.isModuleFolder(path) }
                if hasOthers { self = .absent }
            }
        }
    }
}

extension ImageFiles {
    /// Whether a folder in `lib/modules` is that of a kernel: it has depmod's index, or the kernel's own list of what is built in.
    /// Removing a kernel's package leaves a folder behind where others put files there: DKMS its modules, an administrator his.
    func isModuleFolder(_ folder: Path) throws(Failure) -> Bool {
        for index: Path in ["modules.dep", "modules.dep.bin", "modules.builtin"] {
            if try target(of: folder / index)?.kind == .file { return true }
        }
        return false
    }
}
