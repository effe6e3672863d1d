/// What the guest does, in order.
struct Scenario {
    private(set) var operations: [Operation] = []
    /// What `top` leads to: as on the disk that the guest starts with.
    private var linked = Operation.Top.a
    private let extra: [String]

    enum Carelessness: String, CaseIterable {
        case withoutSync = "without-sync"
        case deleteFirst = "delete-first"
    }

    /// All that docker-btrfs-init does to a disk.
    init() {
        extra = []
        fresh()
        persist()
        fallBack()
        fail()
        lowSpace()
        killed()
    }

    /// Enough for a careless program to be caught.
    init(_ carelessness: Carelessness) {
        extra = ["careless=\(carelessness.rawValue)"]
        operations.append(.hold)
        for turn in 0..<6 {
            alternate(turn, keep: 0)
            operations.append(turn == 0 ? .sync : .wait)
        }
    }

    private mutating func boot(_ boot: Boot, isGood: Bool = false) {
        var boot = boot
        boot.options += extra
        operations.append(.boot(boot))
        if isGood { operations.append(.good) }
    }

    private mutating func link(_ top: Operation.Top) {
        if top == linked { return }
        linked = top
        operations.append(.link(top))
    }

    /// Every boot another image and another top layer, from the same filesystem every third time.
    private mutating func alternate(_ turn: Int, keep: Int, isGood: Bool = false) {
        let top: Operation.Top = turn % 4 < 2 ? .a : .b
        let hasOwnTop = turn % 3 != 2
        if !hasOwnTop { link(top) }
        boot(Boot(image: turn % 2 == 0 ? .v1 : .v2, top: top, hasOwnTop: hasOwnTop, keep: keep), isGood: isGood)
    }

    private mutating func fresh() {
        for turn in 0..<8 { alternate(turn, keep: 1, isGood: turn % 3 == 0) }
        operations.append(.sync)
        operations.append(.hold)
        for turn in 0..<8 {
            alternate(turn, keep: 2, isGood: turn % 4 == 1)
            if turn % 4 == 3 { operations.append(.wait) }
        }
        operations.append(.sync)
        for turn in 0..<3 { alternate(turn, keep: 0) }
        operations.append(.release)
    }

    private mutating func persist() {
        var request = Boot(image: .v1, top: linked, hasOwnTop: false, options: ["docker_mode=persist"])
        boot(request, isGood: true)
        boot(request)
        link(linked == .a ? .b : .a)
        request.top = linked
        boot(request)
        request.image = .v2
        boot(request, isGood: true)
        boot(request)
    }

    /// v2 never boots well, and what is asked for without a choice falls back to v1.
    private mutating func fallBack() {
        boot(Boot(image: .v1, isChosen: false, top: .a), isGood: true)
        let failing = Boot(image: .v2, isChosen: false, top: .b, options: ["docker_tries=2"])
        for _ in 0..<5 { boot(failing) }
        boot(Boot(image: .v2, top: .b))
        boot(failing)
    }

    private mutating func fail() {
        boot(Boot(image: .v1, top: .a), isGood: true)
        operations.append(.sync)
        boot(Boot(image: .v1, isMissing: true, top: .b))
        boot(Boot(image: .v1, isMissing: true, top: .b, options: ["docker_onfail=stop"]))
        boot(Boot(image: .v1, isMissing: true, top: .b))
        boot(Boot(image: .v2, top: .b))
    }

    private mutating func lowSpace() {
        for turn in 0..<3 { alternate(turn, keep: 3, isGood: turn == 0) }
        operations.append(.fill)
        for turn in 0..<4 { boot(Boot(image: turn % 2 == 0 ? .v1 : .v2, top: .b, keep: 3)) }
        operations.append(.empty)
    }

    /// While the top layer is copied, at the record, the sync, the swap and what follows it.
    private mutating func killed() {
        for (turn, steps) in [1, 8, 8, 9, 10, 11, 12, 13].enumerated() {
            let request = Boot(image: turn % 2 == 0 ? .v1 : .v2, top: turn % 4 < 2 ? .b : .a)
            operations.append(.killed(request, steps: steps))
            if turn % 2 == 1 { boot(request) }
        }
    }
}
