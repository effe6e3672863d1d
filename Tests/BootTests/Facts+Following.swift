import Basics
import Planning

@testable import Boot

/// What a disk is like once a plan was performed on it, as far as roots and the record go: boots one after the other.
extension Facts {
    mutating func follow(_ plan: Plan) {
        var places: [Path: Root] = [:]
        for root in kept { places[root.path] = root }
        if case .root(let root) = standing { places["docker_rwlayer"] = root }
        let workplace = Layout.new("docker_rwlayer")
        if case .replaced(let root) = leftover { places[workplace] = root }
        for step in plan.steps + plan.afterwards { perform(step, &places) }
        settle(places)
    }

    private mutating func perform(_ step: Step, _ places: inout [Path: Root]) {
        switch step {
        case .mark(let root, let mark):
            places[root.path] = Root(path: root.path, mark: mark, isGood: false, modules: .present, nested: [], occupied: [])
        case .rename(let place, let to): (places[to.path], places[place.path]) = (places[place.path], nil)
        case .exchange(let one, let other): (places[one.path], places[other.path]) = (places[other.path], places[one.path])
        case .deleteSubvolume(let place):
            places[place.path] = nil
            held.removeAll { Layout.hold($0) == place.path }
        case .hold(_, let place): held += [Digest(hex: place.path.name)].compactMap { $0.map { ChainID($0) } }
        case .makeRoom(_, _, let leftovers, let roots): for place in leftovers + roots { places[place.path] = nil }
        case .replaceFile(_, let content): record = Record(parsing: Array(content.utf8)) ?? Record()
        default: break
        }
    }

    private mutating func settle(_ places: [Path: Root]) {
        var places = places
        for path in places.keys { places[path]?.path = path }
        standing = places["docker_rwlayer"].map { .root($0) } ?? .nothing
        leftover = .nothing
        places["docker_rwlayer"] = nil
        kept = places.values.sorted { $0.mark.number < $1.mark.number }
        takenNumbers = kept.map { $0.mark.number }
    }

    /// The standing root's system found its boot good.
    mutating func markGood() {
        guard case .root(var root) = standing else { return }
        root.isGood = true
        standing = .root(root)
        record = record.good(root.mark, of: "docker_rwlayer")
    }
}
