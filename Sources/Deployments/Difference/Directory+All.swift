internal import Basics
internal import CLinux
internal import Files

extension Directory {
    /// Calls `body` with all below a directory of this one, each after what it is in; without a status where another filesystem or
    /// subvolume begins, of which nothing else is looked at. Returns how many paths were left out, for they are too long.
    func forAll(below path: Path, _ body: (Path, Status?) throws(Failure) -> Void) throws(Failure) -> Int {
        let device = try status(of: .top)?.device
        var tooLong = 0
        for name in try directory(withoutLinks: path).names() {
            let inner = path.appending(name: name)
            if inner.isTooLong {
                tooLong += 1
                continue
            }
            let found = try status(of: inner)
            let own = found?.device == device ? found : nil
            try body(inner, own)
            if own?.kind == .directory { tooLong += try forAll(below: inner, body) }
        }
        return tooLong
    }
}

extension Path {
    /// Whether no program can name it in one piece, as the kernel has it with the NUL at its end.
    var isTooLong: Bool { bytes.count >= Int(PATH_MAX) }

    /// One note of them all: nobody could type such a path.
    static func leftOut(_ count: Int) -> String {
        let (are, them) = count == 1 ? ("is", "it") : ("are", "them")
        return "\(counted(count, "path")) \(are) left out: longer than \(PATH_MAX - 1) bytes, as no program can name \(them)"
    }
}
