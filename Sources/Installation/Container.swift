internal import Basics

extension Directory {
    /// Whether this is the root of a container: what Docker, Podman and systemd leave there, or, as there is nothing of the
    /// kind in `docker build`, that of the first process of a group of processes that is not the machine's.
    var isContainer: Bool {
        get throws(Failure) {
            let marks: [Path] = [".dockerenv", "run/.containerenv", "run/systemd/container"]
            for mark in marks where try status(of: mark) != nil { return true }
            guard isInContainer(), let first = try? Directory(opening: "/proc/1/root") else { return false }
            return try isSame(as: first)
        }
    }
}
