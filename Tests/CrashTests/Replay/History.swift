import Basics

/// What the guest had done by some place in the log of writes: its notes, which it writes behind the filesystem.
struct History: Notes {
    /// The operation that is going on or was the last one.
    private(set) var current = -1
    private(set) var isOver = true
    /// Operations that brought something about, with what they printed: for a boot the root's number.
    private(set) var results: [Int: String] = [:]
    private let operations: [Operation]

    init(_ operations: [Operation]) {
        self.operations = operations
    }

    mutating func take(_ bytes: [UInt8]) {
        guard let note = Note(bytes) else { return }
        isOver = note.isEnd
        current = note.operation
        if note.isEnd, let result = note.result { results[note.operation] = result }
    }

    var name: String {
        guard current >= 0 else { return "before the first operation" }
        let words = operations[current].line.split(separator: "\t").joined(separator: " ")
        return "\(isOver ? "after" : "during") operation \(current) (\(words))"
    }

    private var begun: Range<Int> { 0..<(current + 1) }

    /// Whether a root must stand in its place: from the first boot that was written to the disk, but for a boot that was to stop.
    var mustHaveRoot: Bool {
        var must = false
        for number in begun {
            switch operations[number] {
            case .boot(let boot) where boot.stops: must = false
            case .sync, .link, .fill, .empty: must = results[number] == "0" ? hasRoot(before: number) : must
            default: break
            }
        }
        return must
    }

    /// Whether almost no room may be left on the disk.
    var mayBeFull: Bool {
        for number in begun.reversed() {
            switch operations[number] {
            case .fill: return true
            case .empty: return results[number] == nil
            default: continue
            }
        }
        return false
    }

    /// What is killed may have come to its end or not.
    var failures: [Int] {
        operations.indices.filter { number in
            switch operations[number] {
            case .boot(let boot): !boot.stops && results[number].flatMap { Int($0) } == nil
            case .killed: false
            default: results[number] != "0"
            }
        }
    }

    private func hasRoot(before end: Int) -> Bool {
        let last = operations[..<end].lastIndex { $0.boot != nil }
        guard let last, case .boot(let boot) = operations[last] else { return false }
        return !boot.stops
    }

    /// The numbers of roots one of which must be there: that of the last good boot, unless none was to be kept. While one is being
    /// marked, it may be that or the one before.
    var goodRoots: [Int] {
        var good: [Int] = []
        var standing: Int?
        for number in begun {
            switch operations[number] {
            case .boot(let boot), .killed(let boot, _):
                if boot.keep == 0 { good = [] }
                standing = results[number].flatMap { Int($0) }
            case .good:
                guard let standing else { break }
                good = results[number] == "0" ? [standing] : good.isEmpty ? [] : good + [standing]
            default: break
            }
        }
        return good
    }

    /// The boot that comes after a power cut here: once more the one that was cut off, else the next one.
    var nextBoot: Boot? {
        let start = isOver ? current + 1 : max(0, current)
        let boots = (operations[start...] + operations.reversed()).lazy.compactMap { $0.boot }
        return boots.first { !$0.isMissing }
    }

    /// What was asked for when a root with that time in its mark was made; nil for one that was made after the power cut.
    func boot(at time: Int) -> Boot? {
        let number = time / 1_000_000 - 1
        return operations.indices.contains(number) ? operations[number].boot : nil
    }
}
