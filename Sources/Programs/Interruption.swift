package import Basics
internal import CLinux
internal import Glibc
internal import Synchronization

/// A signal that asks this program to end, while it does what it has to undo then.
package enum Interruption {
    private static let signals = [SIGINT, SIGTERM, SIGHUP]
    private static let caught = Atomic<Int32>(0)
    /// Whether another program sent it. Ctrl-C goes to all that run at the terminal.
    private static let wasSent = Atomic<Bool>(false)

    /// The one that came; nil where none did.
    package static var signal: Int32? {
        let number = caught.load(ordering: .sequentiallyConsistent)
        return number == 0 ? nil : number
    }

    /// Ends this program as the signal would have done at once.
    package static func end(by number: Int32) -> Never {
        fflush(nil)
        Glibc.signal(number, SIG_DFL)
        raise(number)
        exit(128 + number)
    }

    /// Fails where a signal came. What this program started is ended before that, which takes up to five seconds.
    package static func check() throws(Failure) {
        guard let signal else { return }
        endChildren()
        throw Failure("signal \(signal) interrupted the work")
    }

    private static let isTaken = Atomic<Bool>(false)

    /// Takes the signals while `body` runs, which calls `check` from time to time, and may do the same for a part of it.
    package static func taken<Result>(in body: () async throws(Failure) -> Result) async throws(Failure) -> Result {
        if isTaken.exchange(true, ordering: .sequentiallyConsistent) { return try await body() }
        defer { isTaken.store(false, ordering: .sequentiallyConsistent) }
        // A static is made when it is first used: not in the handler.
        caught.store(0, ordering: .sequentiallyConsistent)
        wasSent.store(false, ordering: .sequentiallyConsistent)
        // What a program leaves behind when it ends becomes a child of this one.
        linux_adopt_orphans()
        // nohup(1) lets one be ignored.
        let taken = signals.filter { !linux_is_ignored($0) }
        for number in taken { take(number) }
        defer { for number in taken { Glibc.signal(number, SIG_DFL) } }
        return try await body()
    }

    private static func take(_ number: Int32) {
        var action = sigaction()
        action.sa_flags = SA_SIGINFO | SA_RESTART
        action.__sigaction_handler.sa_sigaction = { number, info, _ in
            Interruption.wasSent.store((info?.pointee.si_code ?? 0) <= 0, ordering: .sequentiallyConsistent)
            Interruption.caught.store(number, ordering: .sequentiallyConsistent)
        }
        sigaction(number, &action, nil)
    }

    /// Waits for a signal until it is cancelled, and hands it on to the programs that this one runs.
    static func watch() -> Task<Void, any Error> { Task { try await handOn() } }

    /// Ends the programs that this one runs once a signal came, at last whether they want it or not.
    private static func handOn() async throws {
        while signal == nil { try await Task.sleep(for: .milliseconds(100)) }
        let number = signal ?? SIGTERM
        if wasSent.load(ordering: .sequentiallyConsistent) { endPrograms(by: number) }
        for number in [SIGTERM, SIGKILL] {
            try await Task.sleep(for: .seconds(5))
            endPrograms(by: number)
        }
    }

    /// What an interrupted program started and did not wait for must not go on writing.
    private static func endChildren() {
        endPrograms(by: SIGTERM)
        // Time to clear up.
        for _ in 0..<50 where !programs(below: getpid()).isEmpty {
            while waitpid(-1, nil, WNOHANG) > 0 {}
            usleep(100_000)
        }
        while let program = programs(below: getpid()).first {
            kill(program, SIGKILL)
            waitpid(program, nil, 0)
        }
    }

    private static func endPrograms(by number: Int32) {
        for program in programs(below: getpid()) { kill(program, number) }
    }

    /// The processes that one has started, each before what it started itself.
    private static func programs(below process: pid_t) -> [pid_t] {
        guard let threads = try? Directory(opening: "/proc/\(process)/task"), let names = try? threads.names() else { return [] }
        let lists = names.compactMap { try? threads.contents(of: Path.top.appending(name: $0) / "children") }
        let children = lists.flatMap { $0.split(separator: UInt8(ascii: " ")) }.compactMap { pid_t(String(decoding: $0, as: UTF8.self)) }
        return children + children.flatMap { programs(below: $0) }
    }
}
