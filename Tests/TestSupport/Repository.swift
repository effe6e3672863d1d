public import Foundation

/// Where things are in the working copy that the tests were built in.
public enum Repository {
    public static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    public static func path(_ relative: String) -> String {
        folder.appending(path: relative).path
    }

    /// Both programs as `make build` leaves them.
    public static let embeddedInit = path(".build/bin/docker-btrfs-init")
    public static let companion = path(".build/bin/docker-btrfs")

    /// What merges layers as that program does, and does nothing else.
    public static let embeddedMerge = path(".build-embedded/release/merge-layers")

    /// The same sources, built together with the tests and not optimised.
    public static let ordinaryInit = builtHere("docker-btrfs-init")
    public static let ordinaryCompanion = builtHere("docker-btrfs")

    private static func builtHere(_ program: String) -> String {
        URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent().appending(path: program).path
    }
}
