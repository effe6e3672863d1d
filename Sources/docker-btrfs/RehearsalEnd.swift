import Basics
import Deployments
import DiskImages

/// How a rehearsal ended, for people and for programs.
struct RehearsalEnd {
    let image: String
    let id: String
    let outcome: Rehearsal.Outcome

    /// 124 is what timeout(1) ends with.
    var status: Int32 {
        switch outcome.verdict {
        case .good: 0
        case .bad: 1
        case .late: 124
        }
    }

    var lines: [String] {
        switch outcome.verdict {
        case .good: ["good: \(image) booted well, in \(outcome.seconds) s"]
        case .bad: end("bad: \(image) does not boot well")
        case .late: end("late: \(image) was not up after \(outcome.seconds) s")
        }
    }

    private func end(_ sentence: String) -> [String] {
        let console = outcome.console
        let shown = console.isEmpty ? [] : ["the last that its console showed:"] + console.map { "    " + $0 }
        return [sentence + (outcome.reason.map { ": \($0)" } ?? "")] + shown
    }

    /// Of a boot that could not be rehearsed.
    static func json(of failure: Failure, image: String?) -> String {
        JSONOutput.object([
            ("image", .text(image)), ("id", .null), ("verdict", .null), ("reason", .string(failure.note)), ("seconds", .integer(0)),
            ("console", .array([])),
        ]).line
    }

    var json: String {
        JSONOutput.object([
            ("image", .string(image)), ("id", .string(id)), ("verdict", .string(outcome.verdict.rawValue)),
            ("reason", .text(outcome.reason)), ("seconds", .integer(outcome.seconds)),
            ("console", .array(outcome.console.map { .string($0) })),
        ]).line
    }
}
