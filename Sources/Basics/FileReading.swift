internal import CLinux

extension Directory {
    /// Reads a regular file of any size, piece by piece.
    public func forEachPiece(of path: Path, _ take: ([UInt8]) -> Void) throws(Failure) {
        guard let opened = try open(path, O_RDONLY | O_NONBLOCK, what: "open") else { return }
        defer { close(opened) }
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(opened, &buffer, buffer.count)
            if count < 0 { throw .system("read '\(show(path))'") }
            if count == 0 { return }
            take(Array(buffer[..<count]))
        }
    }
}
