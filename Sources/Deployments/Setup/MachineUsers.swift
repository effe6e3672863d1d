internal import Basics
internal import Boot
internal import CLinux
internal import Files
internal import Linux
internal import Programs

/// The people of a system: what passwd(5), group(5), shadow(5) and subuid(5) say of them and of nobody else. The users of an image's
/// packages are the image's.
struct MachineUsers {
    /// Name, content and mode of each file.
    let files: [(name: String, text: String, mode: UInt32)]
    /// Who they are, as a person is told.
    let title: String
    /// Who else is another one than in the image, as a person is told: these are the image's own; empty where nobody is.
    let leftOut: String
    private let homes: [(name: String, path: Path)]

    /// Where a top layer has them.
    static let folder: Path = "etc/docker-btrfs/users"

    /// What is left in a root by the script that gave it these people.
    private static let mark: Path = "etc/docker-btrfs/users.given"

    /// What says who they are: one of these without the others would be half a person.
    static let sources: [Path] = ["etc/group", "etc/gshadow", "etc/passwd", "etc/shadow", "etc/subgid", "etc/subuid"]

    /// `known` are those that a top layer has in its folder: whoever it names is one of them, and in a group that this system lacks stays in
    /// that. `image` is what the system was made of: who is in that as he is here is the image's.
    init(in system: Directory, known: Directory? = nil, image: Directory? = nil) throws(Failure) {
        let source = try Source(system, known: known, image: image)
        func isPersons(_ line: [Substring], _ known: Set<Substring>, _ isImages: ([Substring]) -> Bool) -> Bool {
            line.count > 2 && (known.contains(line[0]) || Int(line[2]).map { Self.people.contains($0) } ?? false && !isImages(line))
        }
        let users = source.users.filter { isPersons($0, source.knownUsers, source.imageUsers.contains) }
        let names = Set(users.map { $0[0] })
        let numbers = Set(users.map { $0[2] })
        // The machine's people may be in a group of the image's.
        let own = source.groups.filter {
            isPersons($0, source.knownGroups) { group in source.imageGroups.contains { $0.prefix(3) == group.prefix(3) } }
        }
        let ownNames = Set(own.map { $0[0] })
        // A password that is not the image's is the machine's too, root's for one; the other data of such users are the image's.
        let withPassword = Set(source.imagePasswords.map { $0[0] }).union(["root"])
        let passwords = source.passwords.filter { line in
            let isOthers = withPassword.contains(line[0]) && !source.imagePasswords.contains(line)
            return names.contains(line[0]) || source.knownPasswords.contains(line[0]) || isOthers
        }
        // Its first field may be a number.
        func isOfPerson(_ line: [Substring]) -> Bool { names.contains(line[0]) || numbers.contains(line[0]) }
        func text(_ lines: [[Substring]]) -> String { lines.map { $0.joined(separator: ":") + "\n" }.joined() }
        files = [
            ("passwd", text(users), 0o644), ("group", text(own), 0o644), ("shadow", text(passwords), 0o600),
            ("gshadow", text(source.groupPasswords.filter { ownNames.contains($0[0]) }), 0o600),
            ("members", source.members(of: names, besides: ownNames).map { $0 + "\n" }.joined(), 0o644),
            ("subuid", text(source.userRanges.filter(isOfPerson)), 0o644),
            ("subgid", text(source.groupRanges.filter(isOfPerson)), 0o644),
        ]
        homes = users.compactMap { line in line.count > 5 ? Path(line[5].utf8).map { (String(line[0]), $0) } : nil }
        let others = passwords.filter { !names.contains($0[0]) }.map { "\($0[0])'s password" }
        let people = users.map { String($0[0]) } + others
        title = Self.list(people.isEmpty ? own.map { "the group \($0[0])" } : people)
        let left = image == nil ? [] : source.leftOut(besides: names, groups: ownNames)
        leftOut = left.isEmpty ? "" : Self.list(left)
    }

    /// UID_MIN and UID_MAX of login.defs(5) as distributions have them.
    private static let people = 1000...60000

    /// What is said of homes that no other root has: nothing of `mounts` brings them along, or they came after what is there was copied to
    /// `data`. What this system has mounted is not looked into: it may be a network's that does not answer.
    func homeNotes(
        in system: Directory, besides mounts: [Path], _ data: [(place: Path, subvolume: Path)], on topLevel: Directory
    ) throws(Failure) -> [String] {
        let (table, top) = (try MachineMounts(), try system.place())
        let root = table.entry(of: top)?.target
        var lost: [(name: String, path: Path)] = []
        var mounted: [(place: String, names: [String])] = []
        var late: [(name: String, path: Path, copy: Path)] = []
        func copied(_ path: Path) -> Path? {
            guard let (place, subvolume) = data.first(where: { path.isBelow($0.place) }) else { return nil }
            return path.path(below: place).map { subvolume / $0 }
        }
        for home in homes where !home.path.isTop {
            // Where it is: `/home` may be a link to `/data/home`.
            let path = try system.unlinked(home.path) { table.entry(of: ((Path(top) ?? .top) / $0).description)?.target == root }
            func isBrought(_ path: Path) -> Bool { mounts.contains { !$0.isTop && path.isWithin($0) } }
            let place = table.entry(of: ((Path(top) ?? .top) / path).description)?.target
            if isBrought(home.path) || isBrought(path) {
                if place == root, let copy = copied(home.path) ?? copied(path), try topLevel.status(of: copy) == nil,
                    try system.status(of: path)?.kind == .directory
                {
                    late.append((home.name, path, copy))
                }
                continue
            }
            if let place, place != root {
                // Each boot has its own of these.
                if ["dev", "proc", "run", "sys", "tmp"].contains(display(home.path.components[0])) { continue }
                if let index = mounted.firstIndex(where: { $0.place == place }) {
                    mounted[index].names.append(home.name)
                } else {
                    mounted.append((place, [home.name]))
                }
            } else if try system.status(of: path)?.kind == .directory {
                // Also in a subvolume of its own.
                lost.append(home)
            }
        }
        func those(_ names: [String]) -> String { "\(names.count == 1 ? "the home" : "the homes") of \(Self.list(names))" }
        func are(_ names: [String]) -> String { names.count == 1 ? "is" : "are" }
        var notes: [String] = []
        if let first = lost.first {
            let names = lost.map(\.name)
            notes.append(
                "\(those(names)) \(are(names)) in this system's root and in no other one: "
                    + "--data \(first.path.parent.isTop ? first.path : first.path.parent) keeps what is there for all")
        }
        for (name, path, copy) in late {
            let words = [((Path(top) ?? .top) / path).absolute, "DIR" + copy.absolute].map(typedWord).joined(separator: " ")
            notes.append("\(those([name])) is in no root: 'cp -a \(words)' copies what is there, with the top level of the btrfs at DIR")
        }
        return notes
            + mounted.map { place, names in
                "\(those(names)) \(are(names)) on what is mounted at '\(display(place.utf8))', which no line of the top layer's etc/fstab mounts: "
                    + "no root has that unless its image mounts it"
            }
    }

    /// Who is another one in the folder of a top layer, if that is there; nil where nobody is.
    func difference(from folder: Directory?) throws(Failure) -> String? {
        var names: Set<String> = []
        for (name, text, _) in files {
            let standing = try folder?.text(of: Self.place(name)) ?? ""
            for line in Set(text.split(separator: "\n")).symmetricDifference(standing.split(separator: "\n")) {
                let fields = line.split(separator: ":", omittingEmptySubsequences: false)
                names.insert(String(fields[name == "members" ? fields.count - 1 : 0]))
            }
        }
        return names.isEmpty ? nil : Self.list(names.sorted())
    }

    /// Who is in the folder of a top layer and none of them, or has a password there and none here.
    func missing(of folder: Directory) throws(Failure) -> [String] {
        func names(_ text: String) -> [String] { text.split(separator: "\n").map { String($0.prefix { $0 != ":" }) } }
        var (known, own): (Set<String>, Set<String>) = ([], [])
        for (name, text, _) in files where name == "passwd" || name == "shadow" {
            known.formUnion(names(try folder.text(of: Self.place(name))))
            own.formUnion(names(text))
        }
        return known.subtracting(own).sorted()
    }

    /// Whether a root was given the people of a top layer: no boot does that where nothing runs the script. Without them, nobody can tell who
    /// went and who was never there.
    static func isGiven(to root: Directory) throws(Failure) -> Bool { try root.status(of: mark) != nil }

    static func isLacking(_ people: [String], in root: String, _ folder: Path) -> Failure {
        let names = people.map { display($0.utf8) }.joined(separator: ", ")
        return Failure(
            "could not take the people of \(root): it was never given those of '\(folder)', and what that has of \(names) would be gone",
            hint: "there 'sh /usr/lib/docker-btrfs/users' gives it them, as docker-btrfs-users.service does at a boot; "
                + "then no two people may have one number. Where they came from here, remove '\(folder)', and run setup again")
    }

    /// Whether each file that is in the folder of a top layer says the same, and none is of something else.
    func has(allOf folder: Directory?) throws(Failure) -> Bool {
        if try !others(in: folder).isEmpty { return false }
        for (name, text, _) in files {
            if let standing = try folder?.contents(of: Self.place(name)), !standing.elementsEqual(text.utf8) { return false }
        }
        return true
    }

    /// Puts them into a top layer, in the place of all that it has of them at once: whoever reads it finds these people or those.
    func replace(in layer: Directory) throws(Failure) {
        do throws(Failure) {
            var parent = layer
            for name in Self.folder.parent.components {
                if mkdirat(parent.descriptor, cString(name), 0o755) != 0 && linux_errno() != EEXIST { throw .reason() }
                parent = try parent.child(cString(name))
            }
            try replace(beside: parent)
        } catch { throw Failure("could not write '\(layer.show(Self.folder))': \(error.message)", hint: error.hint) }
    }

    private func replace(beside parent: Directory) throws(Failure) {
        let name = cString(Self.folder.name)
        let isThere = faccessat(parent.descriptor, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0
        var mode: UInt32 = 0o755
        if isThere {
            let standing = try parent.child(name)
            mode = try standing.status(of: .top)?.permissions ?? mode
            if let other = try others(in: standing).first {
                throw Failure("'\(display(other))' is in it, which says nothing of people", hint: "move it away")
            }
        }
        try removeDraft(in: parent)
        try check(mkdirat(parent.descriptor, Self.draft, 0o700))
        let draft = try parent.child(Self.draft)
        for (name, text, mode) in files { try draft.write(Array(text.utf8), mode: mode, to: Self.place(name)) }
        try check(fchmod(draft.descriptor, mode))
        try check(fsync(draft.descriptor))
        let flags = UInt32(isThere ? RENAME_EXCHANGE : RENAME_NOREPLACE)
        try check(renameat2(parent.descriptor, Self.draft, parent.descriptor, name, flags))
        try check(fsync(parent.descriptor))
        try removeDraft(in: parent)
    }

    /// What is in their folder and says nothing of people.
    private func others(in folder: Directory?) throws(Failure) -> [[UInt8]] {
        try folder?.names { file in !files.contains { $0.name.utf8.elementsEqual(file) } } ?? []
    }

    /// What they are in until all are there. A layer's names of this kind are never copied to a root.
    private static let draft = cString(Array(".wh..wh.docker-btrfs".utf8))

    private func removeDraft(in parent: Directory) throws(Failure) {
        if faccessat(parent.descriptor, Self.draft, F_OK, AT_SYMLINK_NOFOLLOW) != 0 { return }
        let draft = try parent.child(Self.draft)
        for name in try draft.names() { try check(unlinkat(draft.descriptor, cString(name), 0)) }
        try check(unlinkat(parent.descriptor, Self.draft, AT_REMOVEDIR))
    }

    private static func place(_ name: String) -> Path { Path.top.appending(name) }

    private static func list(_ names: [String]) -> String {
        let shown = names.prefix(5).map { display($0.utf8) }.joined(separator: ", ")
        return names.isEmpty ? "nobody" : shown + (names.count > 5 ? ", …" : "")
    }
}

/// What the files of people say, each line as its fields: those of a system, of the image that it was made of, and of a top layer.
private struct Source {
    let users, groups, passwords, groupPasswords, userRanges, groupRanges: [[Substring]]
    let imageUsers, imageGroups, imagePasswords: [[Substring]]
    /// The names that a top layer has.
    let knownUsers, knownGroups, knownPasswords: Set<Substring>
    let knownMembers: [[Substring]]

    init(_ system: Directory, known: Directory?, image: Directory?) throws(Failure) {
        func lines(_ path: Path, in tree: Directory?) throws(Failure) -> [[Substring]] {
            let text = try tree?.text(of: path) ?? ""
            return text.split(separator: "\n").map { $0.split(separator: ":", omittingEmptySubsequences: false) }
        }
        func names(_ path: Path) throws(Failure) -> Set<Substring> { Set(try lines(path, in: known).map { $0[0] }) }
        (knownUsers, knownGroups, knownPasswords) = (try names("passwd"), try names("group"), try names("shadow"))
        imageUsers = try lines("etc/passwd", in: image)
        imageGroups = try lines("etc/group", in: image)
        imagePasswords = try lines("etc/shadow", in: image)
        users = try lines("etc/passwd", in: system)
        groups = try lines("etc/group", in: system)
        passwords = try lines("etc/shadow", in: system)
        knownMembers = try lines("members", in: known)
        groupPasswords = try lines("etc/gshadow", in: system)
        userRanges = try lines("etc/subuid", in: system)
        groupRanges = try lines("etc/subgid", in: system)
    }

    /// Who of these users is in groups that are none of the machine's own, and was not in the image's; each as `GROUP:NAME`.
    func members(of users: Set<Substring>, besides own: Set<Substring>) -> [String] {
        var members = groups.filter { $0.count == 4 && !own.contains($0[0]) }.flatMap { group in
            let before = imageGroups.first { $0[0] == group[0] && $0.count == 4 }?[3].split(separator: ",")
            return group[3].split(separator: ",").filter { users.contains($0) || before?.contains($0) == false }
                .map { "\(group[0]):\($0)" }
        }
        let groupNames = Set(groups.map { $0[0] })
        for line in knownMembers where line.count == 2 {
            if users.contains(line[1]) && !groupNames.contains(line[0]) { members.append("\(line[0]):\(line[1])") }
        }
        return members
    }

    /// Who else is another one than in the image, as a person is told: users, then groups.
    func leftOut(besides own: Set<Substring>, groups ownGroups: Set<Substring>) -> [String] {
        // A password is there apart, and who is in a group.
        func data(_ line: [Substring]) -> [Substring] { [line[0]] + line.dropFirst(2) }
        func otherNames(_ lines: [[Substring]], _ own: Set<Substring>, _ before: [[Substring]]) -> [String] {
            let (now, then) = (Set(lines.map(data)), Set(before.map(data)))
            return now.symmetricDifference(then).map { String($0[0]) }.filter { !own.contains(Substring($0)) }
        }
        let left = otherNames(users, own, imageUsers)
        let leftGroups = otherNames(groups.map { Array($0.prefix(3)) }, ownGroups, imageGroups.map { Array($0.prefix(3)) })
        return Set(left).sorted() + Set(leftGroups).subtracting(left).sorted().map { "the group \($0)" }
    }
}

extension Directory {
    /// A path without the symlinks on its way, as far as `isOwn` says that they are of this filesystem: nothing else is looked at.
    fileprivate func unlinked(_ path: Path, isOwn: (Path) -> Bool) throws(Failure) -> Path {
        var path = path
        // As many as the kernel follows.
        for _ in 0..<40 {
            var (place, isChanged) = (Path.top, false)
            for name in path.components {
                place = place.appending(name: name)
                if !isOwn(place) { return path }
                guard try status(of: place)?.kind == .symlink else { continue }
                let target = try linkTarget(of: place)
                let from: Path = target.begins(with: "/") ? .top : place.parent
                guard let below = Path(target), let rest = path.path(below: place) else { return path }
                (path, isChanged) = (from / below / rest, true)
                break
            }
            if !isChanged { return path }
        }
        return path
    }
}
