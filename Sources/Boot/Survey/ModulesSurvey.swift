internal import Basics

extension Facts.Modules {
    /// `layers` lie over one another, the first on top.
    init(of layers: [Directory], _ host: Facts.Host) throws(Failure) {
        self = .notNeeded
        guard let release = host.kernelRelease.flatMap({ Path($0) }) else { return }
        for layer in layers {
            for folder: Path in ["lib/modules", "usr/lib/modules"] {
                guard try layer.target(of: folder)?.kind == .directory, let modules = try layer.directory(at: folder) else { continue }
                if try layer.isModuleFolder(folder / release) {
                    self = .present
                    return
                }
                let hasOthers = try modules.search { (name, _) throws(Failure) in
                    try layer.isModuleFolder(folder.appending(name: name.dropLast().map { UInt8(bitPattern: $0) }))
                }
                if hasOthers { self = .absent }
            }
        }
    }
}
