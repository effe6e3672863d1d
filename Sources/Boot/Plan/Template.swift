internal import Basics
internal import Planning

/// A template is a root as it was before its first boot. The next root of the same making is a snapshot of it, whatever the top
/// layer's size.
extension Facts {
    /// Where the template of that layer and the top layer lies, or would; nil where a new root is made from more than these, or no file
    /// can have that name.
    func template(of source: Source, for request: Request) -> Path? {
        guard request.mode == .fresh, minted.isEmpty, let topLayer, let layerState = source.layerState else { return nil }
        // The number is that of the way in which a top layer is laid over an image: another way makes another root of the same two.
        let recipe = "docker-btrfs template 2\n\(source.chainID)\n\(layerState)\n\(topLayer.state)\n"
        let template = Layout.template(request.name, Digest.of(Array(recipe.utf8)))
        return template.name.count > 255 ? nil : template
    }

    /// Whether a root of that layer needs no copy of the top layer.
    func hasTemplate(of source: Source, for request: Request) -> Bool {
        template(of: source, for: request).map { templates.contains($0) } ?? false
    }
}

extension Rotation {
    /// Keeps the new root as the template, and no other: steps after the swap, before the root's first boot.
    func keepTemplate(_ template: Path?, _ plan: Plan) -> Plan {
        var afterwards = plan.afterwards
        let isFree = template.map { !facts.templates.contains($0) && !facts.strayTemplates.contains($0) } ?? false
        if let template, isFree { afterwards.append(.keepTemplate(of: root, at: Place(template))) }
        let leaving = facts.templates.filter { $0 != template && !plan.steps.deleted.contains(Place($0)) }
        return Plan(steps: plan.steps, afterwards: afterwards + leaving.map { .deleteSubvolume(Place($0)) }, notes: plan.notes)
    }

    /// Writes what the last root's system made for this machine to the layer that is this machine's. A root that persists has it,
    /// and would end with a change of the layer.
    func storeMinted(_ plan: Plan) -> Plan {
        if request.mode == .persist { return plan }
        guard let layer = request.topLayer, let own = layers.last else { return plan }
        let place = Place(own.path, on: .topLayer(layer.device))
        let storing = facts.minted.map { Step.storeFile($0, of: root, in: place) }
        return Plan(steps: plan.steps, afterwards: plan.afterwards + storing, notes: plan.notes)
    }
}
