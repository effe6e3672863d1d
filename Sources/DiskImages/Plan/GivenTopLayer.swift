internal import Basics
internal import Boot
internal import Deployments
internal import Planning

/// The directory of `--top-layer`, whose files go over those that the disk's top layer has by itself.
struct GivenTopLayer {
    let folder: String
    let directory: Directory

    /// nil where none is given. Fails where the disk would be copied into itself, or would have no layer for the machine that it becomes, and
    /// on rules that cannot be read.
    init?(_ choices: DiskChoices) throws(Failure) {
        guard let folder = choices.topLayer else { return nil }
        let directory = try Directory(opening: folder)
        _ = try LayerManifest(of: directory)
        if try Directory(opening: Workshop.folder(of: choices.output)).isWithin(directory) {
            throw Failure(
                "could not make '\(choices.output)': it is in the top layer '\(folder)', which is copied to it",
                hint: "name a file outside of that")
        }
        if choices.plain == nil, try directory.target(of: Layout.machineLayers)?.kind == .directory {
            throw Failure(
                "could not take '\(folder)' for the disk's top layer: it holds layers that are chosen by a machine's own names",
                hint: "name the one that is meant: '\(folder)/\(Layout.machineLayers)/NAME'")
        }
        (self.folder, self.directory) = (folder, directory)
    }

    /// The rules of both, where it has some: without those of `setup` every machine of the image would have the same identity.
    func rules() throws(Failure) -> String? {
        guard let content = try directory.contents(of: LayerRules.manifest, limit: 1 << 20) else { return nil }
        return try Self.rules(content, of: directory.show(LayerRules.manifest), besides: SetupPlan.manifest)
    }

    /// What either of two manifests keeps of a machine is kept; all else is as the given one says it, and where that is silent as the usual
    /// one does.
    static func rules(_ given: [UInt8], of name: String, besides usual: String) throws(Failure) -> String {
        let (first, second) = (try JSON(parsing: given, name: name), try JSON(parsing: Array(usual.utf8), name: "the manifest of setup"))
        func words(_ value: JSON?) -> [String] { (value?.elements ?? []).compactMap { $0.string } }
        func list(_ words: [String]) -> JSONOutput { .array(words.map { .string($0) }) }
        var members = (first.members ?? []).map { ($0.key, JSONOutput($0.value)) }
        func set(_ key: String, _ value: JSONOutput) {
            if let place = members.firstIndex(where: { $0.0 == key }) { members[place].1 = value } else { members.append((key, value)) }
        }
        let kept = words(second["create_only"])
        set("create_only", list(kept + words(first["create_only"]).filter { !kept.contains($0) }))
        if first["image_identity"] == nil, let identity = second["image_identity"]?.string { set("image_identity", .string(identity)) }
        return JSONOutput.object(members).text
    }

    func size() throws(Failure) -> Int {
        do throws(Failure) { return try directory.contentSize() } catch {
            throw Failure("could not look at all of '\(folder)': \(error.message)", hint: error.hint)
        }
    }
}

extension Directory {
    /// What the contents of all files below it take on a disk, in bytes. Fails with the reason alone.
    func contentSize(depth: Int = 0) throws(Failure) -> Int {
        if depth == 0 { raiseFileLimit() }
        if depth > LayerRules.deepest { throw LayerRules.isTooDeep }
        var size = 0
        try forEachEntry { (name, status) throws(Failure) in
            if status.kind == .directory {
                let folder = try child(name)
                size = try size.clampedSum(with: folder.contentSize(depth: depth + 1))
            } else {
                // Of several names each counts for its share.
                size = size.clampedSum(with: status.allocated / max(1, status.links))
            }
        }
        return size
    }
}
