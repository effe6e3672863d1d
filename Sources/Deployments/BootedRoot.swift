internal import Basics
internal import Linux
internal import Planning

/// The root that the running system is on, where docker-btrfs made it.
struct BootedRoot {
    let mark: Mark
    let isGood: Bool

    /// nil for any other.
    static func current() throws(Failure) -> BootedRoot? {
        let running = try Directory(opening: "/")
        guard let subvolume = try running.subvolume(), let value = try running.attribute(Mark.attribute),
            let mark = Mark(parsing: value, subvolume: subvolume)
        else { return nil }
        let good = try running.attribute(GoodMark.attribute)
        return BootedRoot(mark: mark, isGood: good?.elementsEqual(GoodMark.text(subvolume: subvolume).utf8) == true)
    }
}
