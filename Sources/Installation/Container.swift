internal import Basics
internal import CLinux

extension Directory {
    /// Whether this is the root of a container: what Docker, Podman and systemd leave there, or, as there is nothing of the
    /// kind in `docker build`, that of the first process of a group of processes that is not the machine's.
    var isContainer: Bool {
        get throws(Failure) {
            let marks: [Path] = [".dockerenv", "run/.containerenv", "run/systemd/container"]
            for mark in marks where try status(of: mark) != nil { return true }
            guard let namespaces = try? Directory(opening: "/proc/self/ns"), let first = try? Directory(opening: "/proc/1/root"),
                let processes = try? namespaces.text(ofLink: "pid".utf8CString.map { $0 }), let top = try first.status(of: .top)
            else { return false }
            // The number of the namespace that the kernel begins with.
            let isMachine = processes.elementsEqual("pid:[4026531836]".utf8)
            if isMachine { return false }
            return try status(of: .top)?.isSameFile(as: top) == true
        }
    }
}
