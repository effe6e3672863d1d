internal import Foundation
internal import TestSupport

/// All that was measured, as a page.
struct Result {
    let boots: Boots
    let copies: Copies
    let size: ProgramSize
    let rounds: Int
    let longRounds: Int

    private var situations: [Situation] { Situation.small + Situation.large }

    var tables: String {
        [("Goals", goalTable), ("Boots", bootTable), ("Where the time goes", stepTable), ("Copies", copyTable)]
            .map { "## \($0)\n\n\($1)" }.joined(separator: "\n")
    }

    private var goalTable: String {
        let rows = goals.map { goal in
            [goal.what, goal.wanted, number(goal.found), goal.isReached ? "✔" : "✘ by \(number(goal.gap))", explanation(of: goal)]
        }
        return table(["what", "goal", "found", "", "where the time goes"], rows, numbers: [2])
    }

    /// The three steps of a missed goal's boot that take longest, or that much longer than in the other boot.
    private func explanation(of goal: Goal) -> String {
        if goal.isReached { return "" }
        guard let situation = goal.situation else { return goal.remark }
        let steps = (boots.stepNames + [Boots.rest]).map { name in
            (name: name, time: (boots.step(name, situation) ?? 0) - (goal.base.flatMap { boots.step(name, $0) } ?? 0))
        }
        let longest = steps.sorted { $0.time > $1.time }.prefix(3)
        return longest.map { "\($0.name) \(milliseconds($0.time)) ms" }.joined(separator: ", ")
    }

    private var bootTable: String {
        let rows = situations.map { situation in
            let other = comparable(situation)
            let times = Way.allCases.map { boots.time($0, $0 == .ours ? situation : other) }
            let memory = Way.allCases.map { boots.kibibytes($0, $0 == .ours ? situation : other) }
            return ["\(situation.layers)", "\(situation.imageFiles)", situation.topLayer.words] + times.map(milliseconds)
                + [number(times[1] / times[0]), number(times[2] / times[0])] + memory.map { number(Double($0) / 1024) }
        }
        let head =
            ["layers", "image", "top layer"] + Way.allCases.map { "\($0.rawValue), ms" }
            + ["predecessor ÷ ours", "careful ÷ ours"] + ["ours, MiB", "predecessor, MiB", "careful, MiB"]
        return table(head, rows, numbers: [0, 1] + Array(3..<head.count))
    }

    private var stepTable: String {
        let shown = [Situation.usual, Situation(layers: 5_000), Situation(topLayer: TopLayer(files: 1_000))] + Situation.large
        let rows = (boots.stepNames + [Boots.rest]).map { name in
            [name] + shown.map { boots.step(name, $0).map(milliseconds) ?? "" }
        }
        let head = ["step, ms"] + shown.map { "\($0.layers) layers, \($0.topLayer.words)" }
        return table(head, rows, numbers: Array(1..<head.count))
    }

    private var copyTable: String {
        let rows = Copier.allCases.map { copier in
            [
                "`\(copier.rawValue)`", number(copies.times[copier]?.median ?? 0), number(copies.syncs[copier]?.median ?? 0),
                number(copies.calls[copier] ?? 0), number(Double(copies.memory[copier] ?? 0) / 1024),
            ]
        }
        return table(["copier", "µs a file", "then to the disk, µs a file", "system calls a file", "MiB"], rows, numbers: [1, 2, 3, 4])
    }

    private func milliseconds(_ microseconds: Double) -> String { number(microseconds / 1000) }

    /// A table of Markdown.
    private func table(_ head: [String], _ rows: [[String]], numbers: [Int]) -> String {
        let rule = head.indices.map { numbers.contains($0) ? "--:" : "---" }
        return ([head, rule] + rows).map { "| " + $0.joined(separator: " | ") + " |\n" }.joined()
    }
}

extension TopLayer {
    var words: String {
        files < 20_000 ? "\(files) files" : "\(files) files, \(kind), \(change)"
    }
}
