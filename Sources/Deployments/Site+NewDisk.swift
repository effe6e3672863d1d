package import Basics
package import BootEntries

extension Site {
    /// A disk that is being made: `boot` is going to be what its boot loader's partition has, with the loader's files already.
    package init(
        onNewDisk topLevel: Directory, _ volume: BootVolume, _ settings: Settings, boot: Directory, _ partition: BootVolume
    ) throws(Failure) {
        filesystem = MachineBtrfs(topLevel: topLevel, device: "/dev/disk/by-uuid/\(volume.uuid)", volume: volume)
        self.settings = settings
        disk = nil
        loader = try InstalledLoader.all(in: boot).first { $0.kind == settings.loader }
        kernels = settings.kernels == .btrfs ? KernelFolder(onTopLevel: topLevel, volume) : KernelFolder(inTopOf: boot, partition)
        self.boot = nil
        former = nil
        lock = nil
    }
}
