public import Basics

/// That a boot of a root was good: a second attribute, written by the booted system.
public enum GoodMark {
    public static let attribute = "user.docker-btrfs.good"

    /// Names the subvolume, as the mark does.
    public static func text(subvolume: Subvolume) -> String { subvolume.uuid }
}
