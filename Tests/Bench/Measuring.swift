internal import Foundation
internal import TestSupport

/// A command, where it runs and what it finds there.
struct Command {
    let arguments: [String]
    /// The directory it starts in.
    let folder: String
    var environment: [String: String] = [:]

    /// The time from its start to its end. It is started without a shell or a library between.
    func duration() throws -> Duration { try measured().duration }

    /// The same, and the microseconds of processor time that it and its children took: other work on the machine is not in these.
    func measured() throws -> (duration: Duration, processor: Double) {
        let errors = "\(folder)/errors"
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 2, errors, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        posix_spawn_file_actions_addchdir_np(&actions, folder)
        var status: Int32 = 0
        let start = ContinuousClock.now
        let child = try spawn(&actions)
        var usage = rusage()
        while wait4(child, &status, 0, &usage) < 0 && errno == EINTR {}
        let duration = start.duration(to: .now)
        if status != 0 {
            let text = try String(contentsOfFile: errors, encoding: .utf8)
            throw BenchError("\(arguments.joined(separator: " ")) ended with status \(status >> 8)\n\(text)")
        }
        let times = [usage.ru_utime, usage.ru_stime].map { Double($0.tv_sec) * 1e6 + Double($0.tv_usec) }
        return (duration, times[0] + times[1])
    }

    private func spawn(_ actions: inout posix_spawn_file_actions_t) throws -> pid_t {
        var child: pid_t = 0
        var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        var settings: [UnsafeMutablePointer<CChar>?] = all.map { strdup("\($0)=\($1)") } + [nil]
        defer { for text in words + settings { free(text) } }
        errno = posix_spawnp(&child, arguments[0], &actions, nil, &words, &settings)
        if errno != 0 { throw BenchError(call: "start", arguments[0]) }
        return child
    }

    private var all: [String: String] {
        ProcessInfo.processInfo.environment.merging(environment) { $1 }
    }

    /// The most memory that it, or the largest program that it starts, has at a time, in KiB.
    func peakMemory() throws -> Int {
        // What wait4 tells of a child of this process is at least what this process has itself: GNU time is small.
        let file = "\(folder)/memory"
        _ = try with(["time", "--format", "%M", "--output", file]).duration()
        return Int(try String(contentsOfFile: file, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)) ?? 0
    }

    /// How many system calls it makes, with all that it starts.
    func systemCalls() throws -> Int {
        let file = "\(folder)/calls"
        _ = try with(["strace", "-f", "-c", "-U", "calls,name", "-o", file]).duration()
        let total = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n").last { $0.hasSuffix("total") }
        return total?.split(separator: " ").first.flatMap { Int($0) } ?? 0
    }

    private func with(_ tool: [String]) -> Command {
        Command(arguments: tool + arguments, folder: folder, environment: environment)
    }
}

extension Duration {
    var microseconds: Double { self / .microseconds(1) }
}

extension [Double] {
    var median: Double {
        if isEmpty { return .nan }
        let sorted = sorted()
        return (sorted[count / 2] + sorted[(count - 1) / 2]) / 2
    }
}
