import Foundation
import TestSupport

/// What `Tests/Lab` keeps, and what its scripts do.
enum Lab {
    static let folder = ProcessInfo.processInfo.environment["LAB"] ?? Repository.path(".build/lab")

    /// The options of the menu entry in docs/examples/refind.conf, which are the article's line and a serial console.
    static func menuEntry() throws -> String {
        try String(contentsOfFile: "\(folder)/append", encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    static func command(_ script: String, _ arguments: [String]) -> [String] {
        [Repository.path("Tests/Lab/\(script)")] + arguments
    }

    /// The command that runs a Bash script in the top level of a disk's filesystem.
    static func inside(_ disk: String, docker option: [String], _ script: String) -> [String] {
        let shell = ["bash", "-euo", "pipefail", "-c", #"cd "$TOP"; "# + script]
        return command("with-store", [disk] + option + shell)
    }

    /// Runs a Bash script in the top level of a disk's filesystem and returns what it printed. `driver` is that of Docker.
    @discardableResult
    static func change(_ disk: String, docker: Bool = false, driver: String? = nil, _ script: String) async throws -> String {
        if !docker { return try await output(of: inside(disk, docker: [], script)) }
        let option = driver.map { "--docker=\($0)" } ?? "--docker"
        return try await engines.withPermit { try await output(of: inside(disk, docker: [option], script)) }
    }

    /// Runs a Bash script with an engine of Debian's newest suite on a disk, as `with-engine` has it.
    @discardableResult
    static func change(_ disk: String, engine: String, _ script: String) async throws -> String {
        try await engines.withPermit { try await output(of: command("with-engine", [disk, engine, script])) }
    }

    /// An engine writes much: one at a time.
    private static let engines = Permits(1)
    /// A guest takes 1 GB and one processor, and now and then it waits for something.
    static let guests = Permits(3)
}

/// So many may go on at a time; the others wait for their turn.
actor Permits {
    private var free: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(_ count: Int) {
        free = count
    }

    nonisolated func withPermit<Result>(_ body: () async throws -> Result) async rethrows -> Result {
        await acquire()
        do {
            let result = try await body()
            await release()
            return result
        } catch {
            await release()
            throw error
        }
    }

    private func acquire() async {
        if free > 0 {
            free -= 1
        } else {
            await withCheckedContinuation { waiting.append($0) }
        }
    }

    private func release() {
        if waiting.isEmpty {
            free += 1
        } else {
            waiting.removeFirst().resume()
        }
    }
}
