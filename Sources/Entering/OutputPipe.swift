internal import Basics
internal import CEntering
internal import CLinux
internal import Glibc

/// What a command writes to in place of a file, a named pipe, a disk or a directory of the caller: that has a mode, an owner and attributes, which the
/// command could change, and by its name in /proc a content, which it could read.
final class OutputPipe {
    /// Which of the command's files it is: both where they are one file, so that what is written to these keeps its order.
    private(set) var numbers: [Int32]
    private(set) var reading: Int32
    private(set) var writing: Int32
    /// Why something is lost; nothing more is read then.
    private(set) var failure: Failure?

    /// It is the user's, who may open it by its name.
    private init(_ number: Int32, of user: UInt32) throws(Failure) {
        numbers = [number]
        var ends: [Int32] = [-1, -1]
        let made = pipe2(&ends, O_CLOEXEC)
        (reading, writing) = (ends[0], ends[1])
        if made != 0 || fchown(writing, user, gid_t.max) != 0 { throw .system("make a pipe") }
    }

    deinit { for end in [reading, writing] where end >= 0 { close(end) } }

    /// Those that stand for what this process writes to.
    static func needed(for user: UInt32) throws(Failure) -> [OutputPipe] {
        var pipes: [OutputPipe] = []
        var first: (stat, Int32)?
        for number in [STDOUT_FILENO, STDERR_FILENO] {
            var status = stat()
            if fstat(number, &status) != 0 { continue }
            let isFile = [S_IFREG, S_IFBLK, S_IFDIR].contains(Int32(status.st_mode) & S_IFMT)
            if !isFile && !entering_is_named_pipe(number) { continue }
            let flags = fcntl(number, F_GETFL)
            if let first, let pipe = pipes.first, (first.0.st_dev, first.0.st_ino, first.1) == (status.st_dev, status.st_ino, flags) {
                pipe.numbers.append(number)
                continue
            }
            first = (status, flags)
            pipes.append(try OutputPipe(number, of: user))
        }
        return pipes
    }

    func closeWriting() {
        close(writing)
        writing = -1
    }

    /// Who goes on writing is told so, as by any pipe that nobody reads.
    func closeReading() {
        close(reading)
        reading = -1
    }

    /// Hands on what is there; false where nothing more comes, or where it cannot be written.
    func handOn() -> Bool {
        guard failure == nil, let bytes = takeBytes(from: reading) else { return false }
        if bytes.isEmpty || linux_write_all(numbers[0], bytes, bytes.count) { return true }
        failure = .system("write the standard \(numbers[0] == STDOUT_FILENO ? "output" : "error")")
        return false
    }
}
