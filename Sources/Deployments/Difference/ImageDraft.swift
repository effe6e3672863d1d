internal import Basics
internal import Boot
internal import CLinux
internal import Files
internal import Linux
internal import Planning

/// Lines in the making.
struct ImageDraft {
    let tree: Directory
    /// The image's; nil where it is gone, and what it has is not known.
    let layer: Directory?
    var topLayers: [Directory] = []
    var notes: [String]
    private(set) var lines: [String] = []
    private(set) var copied: [Path] = []

    private struct Item {
        let status: Status
        let isNew: Bool
    }
    private var items: [Path: Item] = [:]
    private var attributesLeft: Set<Path> = []
    private var tooLong = 0
    private var inner: [Path: [Path]] = [:]
    private var commands: [[String]] = []
    private var copies: [String] = []
    /// After all others.
    private var modes: [[String]] = []

    init(tree: Directory, layer: Directory?, notes: [String]) { (self.tree, self.layer, self.notes) = (tree, layer, notes) }

    mutating func add(_ change: RootChange) throws(Failure) {
        // Its name may be taken by something else.
        if let from = change.from, try tree.status(of: from) == nil { try remove(from) }
        if try isHidden(change.path) {
            notes.append("'\(change.path)' is left out: the top layer takes away what the image has there")
            return
        }
        if change.kind == .deleted { return try remove(change.path) }
        // It may be in a directory that was renamed: under this path the image has nothing that could be changed.
        let standing = try layer?.status(of: change.path)
        let isInImage = layer == nil || standing != nil
        if isInImage && change.kind == .changed && change.aspects == [.attributes] {
            notes.append("'\(change.path)' is left out: COPY has no extended attributes, ACLs or flags")
            return
        }
        if change.aspects.contains(.attributes), try !isOfTopLayer(change.path) { leaveAttributes(of: change.path) }
        if isInImage && change.file == .file && !change.isOfContent {
            return try changeMode(of: change.path)
        }
        // COPY puts a file into a directory of its name, and adds to one.
        let isOverOther =
            standing.map { $0.kind != .file || change.file != .file } ?? (change.kind == .renamed && change.file == .directory)
        if change.aspects.contains(.type) || change.kind != .changed && isOverOther { try remove(change.path) }
        try put(change.path, isNew: !isInImage || change.kind != .changed || change.aspects.contains(.type))
        if change.kind == .renamed && change.file == .directory { try putAll(below: change.path) }
    }

    /// Of a file whose content is the image's.
    private mutating func changeMode(of path: Path) throws(Failure) {
        guard let status = try tree.status(of: path), try !isTaken(path), let word = word(path) else { return }
        let permissions = try permissions(of: path, status)
        // An ACL changes what is seen of the mode.
        if let old = try layer?.status(of: path), old.owner == status.owner, old.group == status.group, old.permissions == permissions {
            return
        }
        // In this order: a new owner takes bits away.
        commands.append(["chown", "\(status.owner):\(status.group)", word])
        commands.append(["chmod", String(permissions, radix: 8), word])
        try noteCapabilities(of: path)
    }

    /// A file's mode without its ACL, whose mask is where the group's bits are (acl(5)): the image has no ACL, and the group no more than it had.
    private func permissions(of path: Path, _ status: Status) throws(Failure) -> UInt32 {
        let list = status.kind == .symlink ? nil : try tree.attribute("system.posix_acl_access", of: path)
        guard let list, let group = AccessList(list).group else { return status.permissions }
        return status.permissions & ~0o070 | group << 3
    }

    private mutating func remove(_ path: Path) throws(Failure) {
        if try isHidden(path) { return }
        // To delete what is not there does no harm.
        let isInImage = if let layer { try layer.status(of: path) != nil } else { try !isOfTopLayer(path) }
        if !isInImage {
            if try isOfTopLayer(path) {
                notes.append("'\(path)' is left out: it was deleted from the top layer's files, not from the image's")
            }
            return
        }
        if let word = word(path) { commands.append(["rm", "-rf", word]) }
    }

    /// What a package brings in the build.
    mutating func delete(_ path: Path) {
        if let word = word(path) { commands.append(["rm", "-rf", word]) }
    }

    private func isOfTopLayer(_ path: Path) throws(Failure) -> Bool {
        for layer in topLayers {
            if let status = try layer.status(of: path), status.kind != .directory { return true }
        }
        return false
    }

    /// Whether the top layer has a whiteout of it, or of a directory that it is in.
    private func isHidden(_ path: Path) throws(Failure) -> Bool {
        for layer in topLayers {
            for place in sequence(first: path, next: { $0.parent.isTop ? nil : $0.parent }) {
                if try layer.status(of: LayerName.whiteout(of: place)) != nil { return true }
            }
        }
        return false
    }

    private mutating func isTaken(_ path: Path) throws(Failure) -> Bool {
        let isTaken = try isOfTopLayer(path)
        if isTaken { notes.append("'\(path)' is left out: the top layer has it, and lies over the image") }
        return isTaken
    }

    private mutating func put(_ path: Path, isNew: Bool) throws(Failure) {
        guard items[path] == nil, let status = try tree.status(of: path) else { return }
        if try isTaken(path) { return }
        if status.kind == .other {
            notes.append("'\(path)' is left out: COPY has no devices, fifos or sockets")
        } else {
            items[path] = Item(status: status, isNew: isNew)
            if !path.isTop { inner[path.parent, default: []].append(path) }
        }
    }

    private mutating func putAll(below path: Path) throws(Failure) {
        let left = try tree.forAll(below: path) { (path, status) throws(Failure) in
            if status != nil { try put(path, isNew: true) }
        }
        tooLong += left
    }

    /// Puts all together. What says where packages come from is first, then they, so that files are laid over theirs.
    mutating func finish(after packages: [[String]], isSource: (Path) -> Bool) throws(Failure) {
        if tooLong > 0 { notes.append(Path.leftOut(tooLong)) }
        for (path, item) in items where item.isNew && item.status.kind == .directory && inner[path] == nil {
            // All that is in it was left out, and what made that makes this.
            if let names = try? tree.directory(withoutLinks: path).names(), !names.isEmpty { items[path] = nil }
        }
        let tops = items.keys.filter { $0.isTop || items[$0.parent] == nil }.sortedByBytes { $0.bytes }
        func isEarly(_ command: [String]) -> Bool { command.last.flatMap { Path($0) }.map { isSource($0) } == true }
        let others = commands.filter { !isEarly($0) }
        commands = commands.filter(isEarly)
        try place(tops.filter(isSource))
        lines = takeLines() + Dockerfile.run(packages)
        commands = others
        try place(tops.filter { !isSource($0) })
        lines += takeLines()
        // Docker's limit is 127 with those of the image below.
        if lines.count > 100 { notes.append("\(lines.count) lines make as many layers, and an image can have no more than 127") }
    }

    private mutating func takeLines() -> [String] {
        defer { (commands, copies, modes) = ([], [], []) }
        return Dockerfile.run(commands) + copies + Dockerfile.run(modes)
    }

    /// `paths` are in one another's order.
    private mutating func place(_ paths: [Path]) throws(Failure) {
        var groups: [(parent: Path, owner: UInt32, group: UInt32, files: [Path])] = []
        for path in paths {
            guard let item = items[path], let word = word(path) else { continue }
            let status = item.status
            switch status.kind {
            case .directory:
                let within = (inner[path] ?? []).sortedByBytes { $0.bytes }
                let isWhole = item.isNew && !within.isEmpty && isUniform(path)
                let permissions = try permissions(of: path, status)
                if !isWhole || permissions != 0o755 {
                    // It takes the group's bit away from a directory that is there only where the number has five digits.
                    let mode = (item.isNew ? "" : "00") + String(permissions, radix: 8)
                    commands.append(["install", "-d", "-m", mode, "-o", "\(status.owner)", "-g", "\(status.group)", word])
                }
                if isWhole {
                    try takeAll(path)
                    copies.append(Dockerfile.copy([source(word) + "/"], to: word + "/", owner: status.owner, group: status.group))
                } else {
                    if item.isNew { try noteAttributes(of: path) }
                    try place(within)
                }
            case .symlink:
                guard let target = try target(of: path) else {
                    notes.append("'\(path)' is left out: it leads to a name that is not UTF-8, and a Dockerfile has only those")
                    continue
                }
                commands.append(["ln", "-sfn", "--", target, word])
                if status.owner != 0 || status.group != 0 { modes.append(["chown", "-h", "\(status.owner):\(status.group)", word]) }
            case .file:
                try take(path, status)
                let index = groups.firstIndex { $0.parent == path.parent && $0.owner == status.owner && $0.group == status.group }
                if let index { groups[index].files.append(path) } else { groups.append((path.parent, status.owner, status.group, [path])) }
            case .other: break
            }
        }
        for group in groups {
            let words = group.files.compactMap { word($0) }
            let target = words.count == 1 ? words[0] : group.parent.absolute + (group.parent.isTop ? "" : "/")
            copies.append(Dockerfile.copy(words.map(source), to: target, owner: group.owner, group: group.group))
        }
    }

    /// What a symlink says; nil where that is not UTF-8.
    private func target(of path: Path) throws(Failure) -> String? {
        do throws(Failure) {
            return String(validating: try tree.text(ofLinkAt: path), as: UTF8.self)
        } catch { throw Failure("could not read the link '\(tree.show(path))': \(error.message)") }
    }

    /// Whether all in a new directory is its owner's and has names in UTF-8, so that one COPY has all of it.
    private func isUniform(_ directory: Path) -> Bool {
        guard let status = items[directory]?.status else { return false }
        return (inner[directory] ?? []).allSatisfy { path in
            guard let one = items[path]?.status, one.owner == status.owner, one.group == status.group else { return false }
            if String(validating: path.bytes, as: UTF8.self) == nil { return false }
            if one.kind == .symlink { return (try? target(of: path)) != nil }
            return one.kind != .directory || isUniform(path)
        }
    }

    private mutating func takeAll(_ path: Path) throws(Failure) {
        guard let status = items[path]?.status else { return }
        try take(path, status)
        for next in inner[path] ?? [] { try takeAll(next) }
    }

    private mutating func take(_ path: Path, _ status: Status) throws(Failure) {
        copied.append(path)
        try noteAttributes(of: path)
        guard status.kind == .file else { return }
        if status.permissions & 0o004 == 0 {
            notes.append("'\(path)' is not for everybody to read: who has the image can read it")
        }
        try noteCapabilities(of: path)
        // Whoever is given a file loses these, and what COPY takes is the mode with an ACL's mask.
        let permissions = try permissions(of: path, status)
        if permissions & 0o6000 != 0 || permissions != status.permissions, let word = word(path) {
            modes.append(["chmod", String(permissions, radix: 8), word])
        }
    }

    /// Of what is made anew in the image.
    private mutating func noteAttributes(of path: Path) throws(Failure) {
        // Labels are a host's, and properties of btrfs say how data is stored.
        let isLost = { (name: [UInt8]) in !name.starts(with: "security.".utf8) && !name.starts(with: "btrfs.".utf8) }
        if try tree.attributeNames(of: path).contains(where: isLost) { leaveAttributes(of: path) }
    }

    private mutating func leaveAttributes(of path: Path) {
        if !attributesLeft.insert(path).inserted { return }
        notes.append("the attributes of '\(path)' are left out: COPY has no extended attributes, ACLs or flags")
    }

    /// Of a file that is copied, or given to somebody.
    private mutating func noteCapabilities(of path: Path) throws(Failure) {
        if try tree.attributeNames(of: path).contains(Array("security.capability".utf8)) {
            notes.append("'\(path)' has capabilities, which are left out: setcap(8)")
        }
    }

    private func source(_ word: String) -> String { ImageAdoption.folder + word }

    /// nil where there is no way to say it.
    private mutating func word(_ path: Path) -> String? {
        guard let text = String(validating: path.bytes, as: UTF8.self) else {
            notes.append("'\(path)' is left out: a Dockerfile has only names in UTF-8")
            return nil
        }
        return "/" + text
    }
}
