internal import Basics
internal import BootEntries

extension Settings {
    /// Where the boot loader's partition is mounted in the running system: where it was when this was set up, or else where it is now, as
    /// when that system was another one. nil for `print`.
    var currentBoot: String? {
        guard let boot, let bootVolume, !has(bootVolume, at: boot), let table = try? MachineMounts() else { return boot }
        return table.entries.last { $0.source.hasPrefix("/dev/") && has(bootVolume, at: $0.target) }?.target ?? boot
    }

    private func has(_ volume: DeviceName, at place: String) -> Bool {
        guard let tree = try? Directory(opening: place) else { return false }
        let loaders = (try? InstalledLoader.all(in: tree)) ?? []
        let folders = loader == .print ? [tree] : loaders.filter { $0.kind == loader }.map(\.directory)
        return folders.contains { folder in
            guard let found = try? MountedFolder(folder), let uuid = try? found.volume().uuid else { return false }
            return .uuid(uuid) == volume && (loaderFolder == nil ? found.path.isTop : found.path == loaderFolder)
        }
    }
}
