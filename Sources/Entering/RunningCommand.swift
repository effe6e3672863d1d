internal import Basics
internal import CEntering
internal import CLinux
internal import Glibc
internal import Synchronization

/// A command in a root, seen from outside.
struct RunningCommand {
    private let process: pid_t
    private let terminal: Terminal?
    private let outputs: [OutputPipe]

    /// What asks a command to end.
    private static let ending = [SIGINT, SIGTERM, SIGHUP, SIGQUIT]
    private static let signals = ending + [SIGWINCH, SIGUSR1, SIGUSR2]
    /// What a handler writes the number of its signal to.
    private static let pipe = Atomic<Int32>(-1)

    init(_ process: pid_t, _ terminal: Terminal?, _ outputs: [OutputPipe]) {
        self.process = process
        self.terminal = terminal
        self.outputs = outputs
    }

    /// Hands on keys, output and signals until the command ends. Returns its exit status as a shell tells it. Fails where it cannot be watched;
    /// it is ended then.
    func wait() throws(Failure) -> Int32 {
        var ends: [Int32] = [-1, -1]
        let isMade = pipe2(&ends, O_CLOEXEC | O_NONBLOCK) == 0
        let watch = isMade ? entering_watch(process) : -1
        if watch < 0 {
            let failure = Failure.system("watch the command")
            for end in ends where end >= 0 { close(end) }
            kill(process, SIGKILL)
            _ = ending()
            terminal?.end()
            throw failure
        }
        Self.pipe.store(ends[1], ordering: .sequentiallyConsistent)
        // A terminal of its own stops it by itself.
        let signals = Self.signals + (terminal == nil ? [SIGTSTP, SIGCONT] : [])
        let taken = signals.filter { !linux_is_ignored($0) }
        for number in taken { Self.take(number) }
        // A file that may not become as large is said as any that cannot be written.
        let before = signal(SIGXFSZ, SIG_IGN)
        terminal?.handOver()
        serve(watch, signals: ends[0])
        if let terminal { drain(terminal.master) { hand(from: terminal.master, to: STDOUT_FILENO) } }
        for output in outputs { drain(output.reading, output.handOn) }
        terminal?.end()
        for number in taken { signal(number, SIG_DFL) }
        signal(SIGXFSZ, before)
        Self.pipe.store(-1, ordering: .sequentiallyConsistent)
        for end in ends + [watch] { close(end) }
        return ending()
    }

    private func ending() -> Int32 {
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0 && linux_errno() == EINTR {}
        let signal = status & 0x7f
        return signal == 0 ? status >> 8 & 0xff : 128 + signal
    }

    private static func take(_ number: Int32) {
        var action = sigaction()
        action.sa_flags = SA_RESTART
        action.__sigaction_handler.sa_handler = { number in
            // Of the call that it comes in between.
            let error = errno
            defer { errno = error }
            var byte = UInt8(truncatingIfNeeded: number)
            _ = write(RunningCommand.pipe.load(ordering: .sequentiallyConsistent), &byte, 1)
        }
        sigaction(number, &action, nil)
    }

    private func serve(_ watch: Int32, signals: Int32) {
        var polled = [
            pollfd(fd: watch, events: Int16(POLLIN), revents: 0), pollfd(fd: signals, events: Int16(POLLIN), revents: 0),
            pollfd(fd: terminal == nil ? -1 : STDIN_FILENO, events: Int16(POLLIN), revents: 0),
            pollfd(fd: terminal?.master ?? -1, events: Int16(POLLIN), revents: 0),
        ]
        let (watched, signalled, typed, shown) = (0, 1, 2, 3)
        let first = polled.count
        polled += outputs.map { pollfd(fd: $0.reading, events: Int16(POLLIN), revents: 0) }
        var asked = 0
        // Keys that the other side has not read yet. Who sends them may not read what is shown until they are taken.
        var keys: ArraySlice<UInt8> = []
        var hasInput = terminal != nil
        while true {
            polled[typed].fd = hasInput && keys.count < 1 << 20 ? STDIN_FILENO : -1
            polled[shown].events = Int16(keys.isEmpty ? POLLIN : POLLIN | POLLOUT)
            let count = poll(&polled, nfds_t(polled.count), -1)
            if count < 0 { continue }
            if polled[signalled].revents != 0 {
                var number: UInt8 = 0
                while read(signals, &number, 1) == 1 { handle(Int32(number), &asked) }
            }
            if let terminal {
                // A terminal that went away is no reason to end: the command decides.
                if polled[typed].fd >= 0 && polled[typed].revents != 0 {
                    if let more = takeBytes(from: STDIN_FILENO) { keys += more } else { hasInput = false }
                }
                if !keys.isEmpty { type(&keys, to: terminal.master) }
                if polled[shown].revents & ~Int16(POLLOUT) != 0, !hand(from: terminal.master, to: STDOUT_FILENO) { polled[shown].fd = -1 }
            }
            for (index, output) in outputs.enumerated() where polled[first + index].revents != 0 && !output.handOn() {
                polled[first + index].fd = -1
                output.closeReading()
            }
            if polled[watched].revents != 0 { return }
        }
    }

    /// Whoever does not end when asked to is ended at the third time.
    private func handle(_ number: Int32, _ asked: inout Int) {
        if number == SIGWINCH, let terminal {
            _ = entering_copy_size(STDIN_FILENO, terminal.master)
            return
        }
        if Self.ending.contains(number) { asked += 1 }
        kill(process, asked < 3 ? number : SIGKILL)
        // Whoever stopped this program stopped the command: it reads nothing until both go on.
        if number == SIGTSTP { raise(SIGSTOP) }
    }

    private func hand(from: Int32, to: Int32) -> Bool {
        guard let bytes = takeBytes(from: from) else { return false }
        return bytes.isEmpty || linux_write_all(to, bytes, bytes.count)
    }

    /// As many as the other side takes now. Where that is closed, nobody reads them any more.
    private func type(_ keys: inout ArraySlice<UInt8>, to master: Int32) {
        let count = keys.withUnsafeBytes { write(master, $0.baseAddress, $0.count) }
        if count > 0 { keys = keys.dropFirst(count) } else if linux_errno() != EAGAIN && linux_errno() != EINTR { keys = [] }
    }

    /// What was written before the end. Whoever outlives that, outside, is not waited for.
    private func drain(_ file: Int32, _ handOn: () -> Bool) {
        var polled = pollfd(fd: file, events: Int16(POLLIN), revents: 0)
        while poll(&polled, 1, 0) > 0 && polled.revents & Int16(POLLIN) != 0 {
            if !handOn() { return }
        }
    }
}

/// What is there to be read; nil at the end.
func takeBytes(from file: Int32) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    let count = read(file, &bytes, bytes.count)
    if count < 0 { return linux_errno() == EINTR || linux_errno() == EAGAIN ? [] : nil }
    return count > 0 ? Array(bytes.prefix(count)) : nil
}
