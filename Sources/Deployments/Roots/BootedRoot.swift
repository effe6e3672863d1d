internal import Basics
internal import Boot
internal import BootRun
internal import Glibc
internal import Planning

/// The root that the running system is on, where docker-btrfs made it.
struct BootedRoot {
    let mark: Mark
    let isGood: Bool

    /// nil for any other.
    static func current() throws(Failure) -> BootedRoot? {
        guard let root = try RunningRoot.current() else { return nil }
        let good = try root.tree.attribute(GoodMark.attribute)
        return BootedRoot(mark: root.mark, isGood: good?.elementsEqual(GoodMark.text(subvolume: root.subvolume).utf8) == true)
    }

    /// Whether the running system was asked to boot an image, and its initramfs did nothing about it: it goes on in a root of before.
    static var isWithoutInit: Bool {
        guard let line = try? KernelCommandLine.running() else { return false }
        // The kernel that was started by an earlier one may have an initramfs of the image's own.
        return Request.isAsked(by: line) && line.last(.dockerKernel)?.value != "started" && access(Report.path, F_OK) != 0
    }

    /// Whether this boot is one of an image, and nobody knows yet whether it is good.
    func isPending(_ image: ImageID) -> Bool { !isGood && mark.origin.imageID == image }

    /// What docker-btrfs-init told of this boot; nothing where it left no report.
    var notes: [String] {
        do throws(Failure) {
            guard let bytes = try fileContents(Report.path, limit: 1 << 20) else { return [] }
            return try JSON(parsing: bytes, name: Report.path)["notes"]?.elements?.compactMap { $0.string.map { display($0.utf8) } } ?? []
        } catch {
            return []
        }
    }
}
