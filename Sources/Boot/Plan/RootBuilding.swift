internal import Basics
package import Planning

extension Rotation {
    func hold(_ source: Facts.Source) -> [Step] { facts.held.contains(source.chainID) ? [] : [source.hold] }

    /// A root at `new` from a template, or from a layer: then first what the layer lacks, and the machine's own files over all of
    /// it. Nothing here depends on where the root goes from there.
    func build(_ source: Facts.Source, _ mark: Mark, _ modules: Path?, _ template: Path?, at new: Place) -> [Step] {
        if let template, facts.templates.contains(template) { return [.snapshot(of: Place(template), at: new), .mark(new, mark)] }
        var steps: [Step] = [.snapshot(of: source.tree, at: new), .mark(new, mark)]
        steps += source.contents.preparation(of: new, from: source.tree, removingIdentity: layers.removeIdentity)
        if isLabelled(source) { steps.append(.replaceFile(new / ".autorelabel", content: "")) }
        steps += copying(modules, to: new)
        if let device = request.topLayer?.device {
            steps += layers.map { .copyTopLayer(Place($0.path, on: .topLayer(device)), $0.manifest.rules, over: new) }
        }
        return steps + facts.minted.map { .carryFile($0, of: root, to: new) }
    }

    /// In the order in which they are laid over the root.
    var layers: [Facts.Layer] { request.topLayer == nil ? [] : facts.topLayer?.layers ?? [] }

    /// Whether the system of the root is to label its files: a root of every boot would do so at every boot, and boot again.
    private func isLabelled(_ source: Facts.Source) -> Bool { source.contents.usesSELinux && request.mode == .persist }

    /// What the person must know of SELinux's labels, which no layer of an image has.
    func labelNote(_ source: Facts.Source) -> [String] {
        if !source.contents.usesSELinux { return [] }
        let what = "image '\(source.reference.text)' uses SELinux, for which no file of an image has its label"
        if isLabelled(source) { return ["\(what): the first boot of this root labels them ('/.autorelabel'), and starts once more"] }
        return ["\(what): with docker_mode=persist they get them once; else put SELINUX=disabled into '/etc/selinux/config'"]
    }

    func copying(_ modules: Path?, to new: Place) -> [Step] {
        modules.map { [.copyModules(Place($0), to: ("lib/modules" as Path).appending(name: $0.name), of: new)] } ?? []
    }

    /// What a snapshot takes that has all its files, by far.
    static let snapshot = Room(need: Need(data: 0, metadata: 2 << 20), wish: Need(data: 0, metadata: 14 << 20) + .record)

    /// What a root takes, and what is wished for beside that: it is hard to tell when a filesystem has no metadata left, and a root that
    /// cannot be made costs nothing.
    struct Room {
        let need: Need
        var wish = Need.record
    }

    func needed(for source: Facts.Source, using template: Path?) -> Room {
        if let template, facts.templates.contains(template) { return Self.snapshot }
        let merging = facts.held.contains(source.chainID) ? .nothing : source.needToHold
        let layer = facts.topLayer?.extent.map { $0.need(shared: facts.topLayer?.isShared == true) } ?? .nothing
        return Room(need: Need(data: 0, metadata: 16 << 20) + merging + layer)
    }

    /// Where there is no room for a new root, one that was not finished goes, and a hold that was not, then templates of others, then
    /// older ones, but for the last good one and the one that the new one is made from. Nothing goes where that cannot be enough.
    func makeRoom(for room: Room, sparing root: Facts.Root?, _ template: Path?) throws(Failure) -> [Step] {
        let need = room.need
        guard let space = facts.space, !space.covers(need + room.wish) else { return [] }
        if let capacity = facts.capacity, !capacity.covers(need) {
            throw noRoom("could have \(capacity.text) if it was empty", need, free: capacity)
        }
        let (good, goodHere) = (facts.roots.last { $0.isGood }, goodWithThisKernel(among: facts.roots))
        let unfinished = (facts.leftover == .unfinished ? [new] : []) + facts.unfinishedHolds.map { Place($0) }
        // A root that persisted has work in it, which is worth more than what is only wished for.
        let isNeeded = !space.covers(need)
        let older = facts.kept.filter { kept in
            kept != good && kept != goodHere && kept != root && kept.obstacle == nil
                && (isNeeded || request.mode != .persist && !kept.persists)
        }
        let leftovers = unfinished + facts.templates.filter { $0 != template }.map { Place($0) }
        if !leftovers.isEmpty || !older.isEmpty {
            return [.makeRoom(need, wish: room.wish, deleting: leftovers, roots: older.map { Place($0.path) })]
        }
        if !isNeeded { return [] }
        throw noRoom("has \(space.text)", need, free: space)
    }

    private func noRoom(_ what: String, _ need: Need, free: Need) -> Failure {
        let extent = facts.topLayer?.extent
        let largest = extent?.largest.map { " (the largest is '\($0)', \((extent?.largestSize ?? 0) >> 20) MiB)" } ?? ""
        return Failure(
            "could not make a new root: the filesystem \(what), and \(need.data >> 20) and \(need.metadata >> 20) are needed",
            hint: need.data == 0
                ? need.hint(free: free)
                : "take files out of the top layer\(largest), or remove images that are not needed"
        )
    }
}

extension Facts.Root {
    /// What is deeper is not to be had by its path. Its place in the copy stays empty.
    private static let longest = 3500

    /// A copy of it. What lies in its nested subvolumes stays there.
    package func copy(at new: Place, _ mark: Mark?) -> [Step] {
        [.snapshot(of: Place(path), at: new)] + (mark.map { [.mark(new, $0)] } ?? [])
            + nested.filter { $0.bytes.count < Self.longest }.map { .replacePlaceholder($0, of: new, like: Place(path)) }
    }

    /// What a copy of it has not.
    package var leftBehind: [String] {
        occupied.map { "what is in '\($0)' of root \(mark.number) stays there, in '\(path / $0)'" }
    }
}

extension Facts.Contents {
    /// What makes of a snapshot of a layer what a top layer is laid over.
    package func preparation(of root: Place, from tree: Place, removingIdentity: Bool) -> [Step] {
        var steps: [Step] = placeholders.map { .replacePlaceholder($0, of: root, like: tree) }
        steps += missingDirectories.map { .createDirectory(root / $0, permissions: $0 == "tmp" ? 0o1777 : 0o755) }
        steps += leftovers.map { .removeFile($0, of: root) }
        return steps + (removingIdentity ? identity.map { .removeFile($0, of: root) } : [])
    }
}

extension [Facts.Layer] {
    /// Whether one of them says that an identity which the image brings goes.
    package var removeIdentity: Bool { contains { $0.manifest.imageIdentity == .remove } }
}

extension Need {
    fileprivate var text: String { "\(data >> 20) MiB free for data and \(metadata >> 20) MiB for metadata\(eitherText)" }
}

extension Facts.Extent {
    /// What a copy of these files takes. Each costs metadata for its inode, its name and its extents.
    fileprivate func need(shared: Bool) -> Need {
        Need(data: shared ? 0 : size, metadata: files * 2048)
    }
}

extension Facts.Source {
    /// What a root of it is a snapshot of, once it is held.
    package var tree: Place {
        switch root {
        case .subvolume(let layer) where layer.filesystem == .root: layer
        default: Place(Layout.hold(chainID))
        }
    }

    /// Makes of what the store has what a root can be a snapshot of, and keeps that whatever becomes of the image.
    package var hold: Step {
        let place = Place(Layout.hold(chainID))
        switch root {
        case .subvolume(let layer) where layer.filesystem == .root: return .hold(layer: layer, at: place)
        default: return .merge(root.places, at: place)
        }
    }

    /// What that takes.
    package var needToHold: Need {
        extent.map { $0.need(shared: root.isOnRoot) } ?? .nothing
    }
}
