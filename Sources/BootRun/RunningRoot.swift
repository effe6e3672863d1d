internal import Basics
internal import Boot
internal import Linux
internal import Planning

/// The root of docker-btrfs that the running system came from, on its filesystem.
struct RunningRoot {
    let topLevel: Directory
    let name: Path
    let mark: Mark

    /// By what is mounted at `/`; where that is another filesystem, such as an overlay, by the report of the boot.
    init() throws(Failure) {
        let running = try Directory(opening: "/")
        if try running.subvolume() != nil {
            guard let root = try Facts.markedRoot(at: .top, on: running) else {
                throw Self.failure("the root was not made by docker-btrfs")
            }
            (topLevel, name) = try Self.place(of: running)
            mark = root.mark
            return
        }
        guard let report = try Report.Root.ofThisBoot() else {
            throw Self.failure("'/' is not the root of a btrfs, and '\(Report.path)' does not tell which root is below it")
        }
        var devices = try BlockDevices()
        let device = try devices.waiting(for: report.device, key: "root", seconds: 0, degraded: true)
        topLevel = try Self.topLevel(of: device.path)
        name = report.path
        guard let root = try Facts.markedRoot(at: name, on: topLevel), root.subvolume.uuid == report.subvolume else {
            throw Self.failure("'\(report.path)' of \(report.device) is not the root that '\(Report.path)' tells of")
        }
        mark = root.mark
    }

    private static func topLevel(of device: String) throws(Failure) -> Directory {
        try .mounting(MountRequest(device: device, filesystemType: "btrfs", options: ["subvolid=5"]), label: "")
    }

    /// The top level of the running root's filesystem, and the root's name there.
    private static func place(of running: Directory) throws(Failure) -> (topLevel: Directory, name: Path) {
        guard let mounted = try Linux.runningRoot() else { throw failure("'/proc/self/mountinfo' does not say where '/' is from") }
        let topLevel = try topLevel(of: mounted.device)
        // The kernel tells devices by the paths that they had, and another filesystem may have one of those by now.
        guard let found = try topLevel.directory(at: mounted.path)?.status(of: .top), let own = try running.status(of: .top),
            found.isSameFile(as: own)
        else { throw failure("'\(mounted.device)' does not have '\(mounted.path)', which is '/' here") }
        return (topLevel, mounted.path)
    }

    private static func failure(_ reason: String) -> Failure { Failure("could not mark this boot as good: \(reason)") }
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
