internal import CLinux

extension Directory {
    /// Reads a regular file of any size in this directory, piece by piece. Fails with the system's reason alone.
    package func forEachPiece(of name: [CChar], _ take: ([UInt8]) -> Void) throws(Failure) {
        let opened = linux_openat2(descriptor, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC, 0, linux_resolve_no_links)
        if opened < 0 { throw .reason() }
        defer { close(opened) }
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(opened, &buffer, buffer.count)
            if count < 0 { throw .reason() }
            if count == 0 { return }
            take(Array(buffer[..<count]))
        }
    }

    /// What a symlink in this directory says. Fails with the system's reason alone.
    package func text(ofLink name: [CChar]) throws(Failure) -> [UInt8] {
        var text = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = readlinkat(descriptor, name, &text, text.count)
        if count < 0 { throw .reason() }
        return Array(text[..<count])
    }
}
