public import Basics
public import Planning

extension Plan {
    /// Makes a root beside those that are booted: a new one of the image that a person chose, whatever kernel runs, else what the next
    /// boot would go on with. It takes nobody's place, no boot is counted, and nothing is deleted for it. Fails as that boot would.
    ///
    /// With `keepsLayer` the image's layer is held as for a root that stays. What has to be merged is held in any case.
    public init(besideFor request: Request, given facts: Facts, at place: Place, keepsLayer: Bool) throws(Failure) {
        let rotation = Rotation(request, facts)
        let folders = rotation.directories.filter { step in
            [Layout.home, Layout.layers].contains { step == .createDirectory(Place($0), permissions: 0o700) }
        }
        let building: [Step]
        var notes: [String] = []
        switch try Self.choice(for: request, given: facts, &notes) {
        case .stay(let root), .restore(let root, _):
            building = root.copy(at: place, Mark(origin: root.mark.origin, number: 1, made: facts.host.time))
            notes += root.leftBehind
        case .build(let source, let modules):
            let origin = Origin(
                reference: source.reference, imageID: source.imageID, chainID: source.chainID, layer: source.tree.path, topLayer: nil,
                topLayers: rotation.layers.map { $0.path })
            let template = modules == nil ? facts.template(of: source, for: request) : nil
            var holding = rotation.hold(source)
            if !keepsLayer, case .hold = source.hold { holding = [] }
            let mark = Mark(origin: origin, number: 1, made: facts.host.time)
            building = holding + rotation.build(source, mark, modules, template, at: place)
            notes += rotation.imageNotes(source) + (facts.topLayer?.notes ?? [])
        }
        self.init(steps: folders + building, notes: notes)
    }

    private static func choice(for request: Request, given facts: Facts, _ notes: inout [String]) throws(Failure) -> RootChoice {
        if request.isImageChosen && request.earlierRoot == nil {
            let source = try facts.wanted.get()
            try source.contents.checkOwner(of: source.reference.text)
            if let note = source.note { notes.append(note) }
            return .build(source, modules: nil)
        }
        let decision = try Decision(for: request, given: facts)
        notes = decision.notes
        return decision.choice
    }
}
