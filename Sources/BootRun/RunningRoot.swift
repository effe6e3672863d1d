public import Basics
internal import Boot
internal import Linux
public import Planning

/// The root of docker-btrfs that the running system is on.
public struct RunningRoot {
    /// Without what lies over it at `/`.
    public let tree: Directory
    public let subvolume: Subvolume
    public let mark: Mark
    private let reported: (topLevel: Directory, name: Path)?

    /// By what is mounted at `/`; where that is another filesystem, such as an overlay, by the report of the boot. nil where the system
    /// is on no root of docker-btrfs, as far as these tell. Fails where the report tells of one that is not there.
    public static func current() throws(Failure) -> RunningRoot? {
        let running = try Directory(opening: "/")
        if try running.subvolume() != nil {
            guard let root = try Facts.markedRoot(at: .top, on: running) else { return nil }
            return RunningRoot(tree: running, subvolume: root.subvolume, mark: root.mark, reported: nil)
        }
        guard let report = try Report.Root.ofThisBoot() else { return nil }
        var devices = try BlockDevices()
        let device = try devices.waiting(for: report.device, key: "root", seconds: 0, degraded: true)
        let topLevel = try topLevel(of: device.path)
        guard let tree = try topLevel.directory(at: report.path), let root = try Facts.markedRoot(at: .top, on: tree),
            root.subvolume.uuid == report.subvolume
        else { throw failure("'\(report.path)' of \(report.device) is not the root that '\(Report.path)' tells of") }
        return RunningRoot(tree: tree, subvolume: root.subvolume, mark: root.mark, reported: (topLevel, report.path))
    }

    /// The top level of its filesystem, and its name there.
    public func place() throws(Failure) -> (topLevel: Directory, name: Path) {
        if let reported { return reported }
        guard let mounted = try runningRoot() else { throw Self.failure("'/proc/self/mountinfo' does not say where '/' is from") }
        let topLevel = try Self.topLevel(of: mounted.device)
        // The kernel tells devices by the paths that they had, and another filesystem may have one of those by now.
        guard let found = try topLevel.directory(at: mounted.path), try found.isSame(as: tree) else {
            throw Self.failure("'\(mounted.device)' does not have '\(mounted.path)', which is '/' here")
        }
        return (topLevel, mounted.path)
    }

    private static func topLevel(of device: String) throws(Failure) -> Directory {
        try .mounting(MountRequest(device: device, filesystemType: "btrfs", options: ["subvolid=5"]), label: "")
    }

    private static func failure(_ reason: String) -> Failure { Failure("could not find the root that this system runs on: \(reason)") }
}

extension Report {
    /// What a report says of the root.
    struct Root {
        let device: DeviceName
        let path: Path
        /// The UUID of the subvolume.
        let subvolume: String

        /// nil where the boot of the running system left no report, or one without a root.
        static func ofThisBoot() throws(Failure) -> Root? {
            guard let content = try fileContents(Report.path) else { return nil }
            let report = try JSON(parsing: content, name: Report.path)
            guard let device = report["root"]?["device"]?.string.flatMap({ DeviceName($0) }),
                let path = report["root"]?["path"]?.string.flatMap({ Path($0) }), let subvolume = report["root_uuid"]?.string
            else { return nil }
            return Root(device: device, path: path, subvolume: subvolume)
        }
    }
}
