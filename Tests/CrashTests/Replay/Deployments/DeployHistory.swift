/// What the guest had deployed by some place in the log of writes.
struct DeployHistory: Notes {
    /// The operation that is going on or was the last one.
    private(set) var current = -1
    private var isOver = true
    /// Operations that failed.
    private(set) var failures: [Int] = []
    private let operations: [DeployOperation]

    init(_ operations: [DeployOperation]) {
        self.operations = operations
    }

    mutating func take(_ bytes: [UInt8]) {
        guard let note = Note(bytes) else { return }
        isOver = note.isEnd
        current = note.operation
        if note.isEnd && note.result != "0" { failures.append(note.operation) }
    }

    var name: String {
        guard current >= 0 else { return "before the first operation" }
        let words = operations[current].line.split(separator: "\t").joined(separator: " ")
        return "\(isOver ? "after" : "during") operation \(current) (\(words), \(loader?.rawValue ?? ""))"
    }

    /// Whose menu there is; nil while it is being set up.
    var loader: DeployOperation.Loader? {
        guard current >= 0 else { return nil }
        for (number, operation) in operations[...current].enumerated().reversed() {
            if case .setup(let loader) = operation { return number == current && !isOver ? nil : loader }
        }
        return nil
    }

    /// What the machine may boot when nobody chooses: nil stands for nothing of ours. While one is made the default, it may be that
    /// or the one before.
    var allowed: [DeployOperation.Image?] {
        let before = deployments(before: current).first
        let after = deployments(before: current + 1).first
        return isOver || before == after ? [after] : [before, after]
    }

    /// Whether the menu has the entry of the root that has a name; nil while that is being made or removed, or the menu is written anew.
    var hasNamedRoot: Bool? {
        if isOver { return staysNamed }
        return isNamed(before: current) || staysNamed ? nil : false
    }

    /// Whether it has it once the operation has ended.
    var staysNamed: Bool { isNamed(before: current + 1) }

    private func isNamed(before end: Int) -> Bool {
        var isNamed = false
        for operation in operations.prefix(end) {
            switch operation {
            case .keep: isNamed = true
            case .setup, .forget, .uninstall: isNamed = false
            default: break
            }
        }
        return isNamed
    }

    /// The command about root 1 that is going on or was the last one, and whether the menu has the entry when it is run once more.
    var again: (words: [String], hasNamedRoot: Bool)? {
        guard current >= 0 else { return nil }
        switch operations[current] {
        case .adopt: return (["adopt", "/adopted", "--root", "1"], false)
        case .keep: return (["root", "keep", "1", Self.named], true)
        case .forget: return (["root", "rm", Self.named], false)
        default: return nil
        }
    }

    /// As the guest calls it.
    static let named = "old"

    /// Whose entries the menu has once the operation has ended.
    var staying: [DeployOperation.Image] { deployments(before: current + 1) }

    /// The default first.
    private func deployments(before end: Int) -> [DeployOperation.Image] {
        var found: [DeployOperation.Image] = []
        for operation in operations.prefix(end) {
            switch operation {
            case .setup, .uninstall: found = []
            case .refused, .boot, .adopt, .keep, .forget: break
            case .deploy(let image): found = [image] + found.filter { $0 != image }
            case .rollback: found.swapAt(0, 1)
            case .remove(let image): found.removeAll { $0 == image }
            // None was ever booted: the way back is the second one.
            case .prune: found = Array(found.prefix(2))
            }
        }
        return found
    }
}
