internal import Basics
internal import Boot
internal import CLinux
internal import Files

/// What a package manager did in a root since it was made.
struct PackageDifference {
    private let manager: PackageSet.Manager
    private let tree: Directory
    private let added: [Package]
    private let changed: [Package]
    private let removed: [Package]
    /// The packages that were added or brought to another version, by the paths of the files that they have now.
    private let owners: [Path: [String]]
    /// The packages that were removed or brought to another version, by the paths of the files that they had.
    private let formerOwners: [Path: [String]]
    /// The MD5 digests of the files of packages that are there, as they came.
    private let digests: [Path: String]
    /// The same of configuration files that ucf(1) put there for packages' scripts.
    private let managed: [Path: String]
    /// Foreign ones that packages may be of since then, as dpkg calls them.
    private let architectures: [String]
    /// Files that a package brought and that somebody deleted: a build would have them again.
    private let deleted: [Path: [String]]

    /// nil where nothing was installed, removed or brought to another version.
    init?(of tree: Directory, from base: Directory) throws(Failure) {
        guard let now = try PackageSet(in: tree), let before = try PackageSet(in: base), now.manager == before.manager else { return nil }
        (manager, self.tree) = (now.manager, tree)
        let sorted = { (packages: [String: Package]) in packages.values.sorted { $0.name < $1.name } }
        added = sorted(now.packages).filter { before.packages[$0.name] == nil }
        changed = sorted(now.packages).filter { before.packages[$0.name].map(\.version) ?? $0.version != $0.version }
        removed = sorted(before.packages).filter { now.packages[$0.name] == nil }
        if added.isEmpty && changed.isEmpty && removed.isEmpty { return nil }
        var (owners, formerOwners): ([Path: [String]], [Path: [String]]) = ([:], [:])
        var places = PlacesOfFiles(tree: tree)
        for package in added + changed {
            for path in try Self.files(of: package, now.manager, in: tree) {
                owners[try places.place(of: path), default: []].append(package.name)
            }
        }
        for package in removed + changed.compactMap({ before.packages[$0.name] }) {
            for path in try Self.files(of: package, now.manager, in: base) {
                formerOwners[try places.place(of: path), default: []].append(package.name)
            }
        }
        (self.owners, self.formerOwners) = (owners, formerOwners)
        var digests: [Path: String] = [:]
        for package in added + changed {
            var own = package.digests
            if manager == .dpkg { own.merge(try PackageSet.digests(besides: package.list, in: tree)) { first, _ in first } }
            for (path, digest) in own { digests[try places.place(of: path)] = digest }
        }
        self.digests = digests
        let former = try Self.architectures(of: base)
        architectures = try Self.architectures(of: tree).filter { !former.contains($0) }
        managed = manager == .dpkg ? try PackageSet.digests(listedIn: "var/lib/ucf/hashfile", of: tree) : [:]
        let leftOut = manager == .dpkg ? try PackageSet.pathsLeftOut(in: tree) : []
        var deleted: [Path: [String]] = [:]
        for (path, packages) in owners where try tree.status(of: path) == nil {
            // Else that is a change as any other.
            if try base.status(of: path) != nil { continue }
            if !leftOut.contains(where: { path.bytes.starts(with: $0.bytes) }) { deleted[path] = packages }
        }
        // Of a directory that is gone itself all is gone.
        let all = deleted
        self.deleted = all.filter { all[$0.key.parent] == nil }
    }

    /// Whether it says where packages come from and who signs them: in a build it has to be there before them. What one of them brings itself
    /// is laid over that.
    func isSource(_ path: Path) -> Bool {
        owners[path] == nil && PackageTrace.sources.contains { path.isWithin($0) }
    }

    private static func architectures(of tree: Directory) throws(Failure) -> [String] {
        try tree.text(of: "var/lib/dpkg/arch").parts(at: "\n")
    }

    /// What somebody deleted of the packages that `isWanted` says true to, in the order of the paths.
    func deletions(where isWanted: (String) -> Bool) -> [Path] {
        deleted.filter { $0.value.contains(where: isWanted) }.keys.sortedByBytes { $0.bytes }
    }

    private static func files(of package: Package, _ manager: PackageSet.Manager, in tree: Directory) throws(Failure) -> [Path] {
        let content = try tree.contents(of: package.list) ?? []
        let lines =
            switch manager {
            case .dpkg: content.split(separator: UInt8(ascii: "\n")).map { Array($0) }
            case .pacman: (PackageSet.sections(of: content)["FILES"] ?? []).map { Array($0.utf8) }
            }
        return lines.compactMap { Path($0) }.filter { !$0.isTop }
    }

    /// The packages that a change belongs to; empty where somebody else made it. What a person wrote into a package's file is not
    /// the package's, nor that it was deleted, while the package has it.
    func owners(of change: RootChange) throws(Failure) -> [String] {
        let path = change.path
        if change.kind == .deleted { return owners[path] == nil ? formerOwners[path] ?? [] : [] }
        guard let owners = owners[path] else { return [] }
        if change.kind == .changed {
            // Packages share directories, and leave those that are there as they are. No list has modes and owners.
            if change.file == .directory || !change.isOfContent { return [] }
            // A link to another version of a library is the package's; one to what somebody put there is not.
            if change.file == .symlink, try !leadsToPackage(path) { return [] }
        }
        return try isAsItCame(path, digests) == false ? [] : owners
    }

    /// Whether a symlink leads to a file of a package that was added or brought to another version.
    private func leadsToPackage(_ path: Path) throws(Failure) -> Bool {
        // It may lead nowhere, or round.
        guard let place = try? tree.resolved(path) else { return false }
        return owners[place] != nil
    }

    /// nil where that is not known, or is no file.
    private func isAsItCame(_ path: Path, _ digests: [Path: String]) throws(Failure) -> Bool? {
        guard let digest = digests[path], try tree.status(of: path)?.kind == .file else { return nil }
        return try digest == md5(ofFile: path)
    }

    /// Whether the package manager or packages' scripts write this, and would do so again in a build.
    func isTrace(_ change: RootChange) throws(Failure) -> Bool {
        let path = change.path
        if PackageTrace.isOne(path) { return true }
        if change.isOfContent, try isAsItCame(path, managed) == true { return true }
        guard change.file == .symlink, try tree.status(of: path)?.kind == .symlink else { return false }
        if let unit = PackageTrace.units.first(where: { path.isBelow($0.links) }),
            let name = path.path(below: unit.links)
        {
            // Debian's scripts write down what they enable; pacman enables nothing.
            if manager == .pacman { return false }
            if try tree.status(of: unit.notes / name) == nil { return false }
        }
        // The names of alternatives, and what enables units.
        if try tree.text(ofLinkAt: path).starts(with: "/etc/alternatives/".utf8) {
            return true
        }
        return try leadsToPackage(path)
    }

    /// The commands that do the same in a build, of the packages that `isWanted` says true to.
    func commands(where isWanted: (String) -> Bool) -> [[String]] {
        let new = chosen(added.filter { isWanted($0.name) }).map(\.name)
        let newer = changed.map(\.name).filter(isWanted)
        let gone = removed.map(\.name).filter(isWanted)
        var commands: [[String]] = []
        switch manager {
        case .dpkg:
            let apt = ["DEBIAN_FRONTEND=noninteractive", "apt-get"]
            let isWhole = (added + changed + removed).allSatisfy { isWanted($0.name) }
            let foreign = architectures.filter { name in isWhole || (new + newer).contains { $0.hasSuffix(":\(name)") } }
            commands += foreign.map { ["dpkg", "--add-architecture", $0] }
            if !new.isEmpty || !newer.isEmpty { commands.append(["apt-get", "update"]) }
            if !new.isEmpty { commands.append(apt + ["install", "--yes", "--no-install-recommends"] + new) }
            if !newer.isEmpty { commands.append(apt + ["install", "--yes", "--no-install-recommends", "--only-upgrade"] + newer) }
            if !gone.isEmpty { commands.append(apt + ["purge", "--yes"] + gone) }
        case .pacman:
            // A part of a system that is newer than the rest is what Arch does not support.
            if !new.isEmpty || !newer.isEmpty { commands.append(["pacman", "-Syu", "--noconfirm", "--needed"] + new) }
            if !gone.isEmpty { commands.append(["pacman", "-Rn", "--noconfirm"] + gone) }
        }
        return commands
    }

    /// Without those that come by themselves for the others' sake. One that was only recommended does not.
    private func chosen(_ packages: [Package]) -> [Package] {
        var chosen = packages.filter { !$0.isDependency }
        var waiting = packages.filter(\.isDependency)
        func takeNeeded(by first: [Package]) {
            var needing = first
            while let next = needing.popLast() {
                let needed = { (one: Package) in next.needs.contains { $0.contains { one.provides.contains($0) } } }
                needing += waiting.filter(needed)
                waiting.removeAll(where: needed)
            }
        }
        takeNeeded(by: chosen)
        while !waiting.isEmpty {
            let first = waiting.first { one in
                !waiting.contains { $0.name != one.name && $0.needs.contains { $0.contains { one.provides.contains($0) } } }
            }
            let next = first ?? waiting[0]
            waiting.removeAll { $0.name == next.name }
            chosen.append(next)
            takeNeeded(by: [next])
        }
        return chosen.sorted { $0.name < $1.name }
    }

    private func md5(ofFile path: Path) throws(Failure) -> String {
        var context = md5_ctx()
        var digest = [UInt8](repeating: 0, count: Int(MD5_DIGEST_SIZE))
        nettle_md5_init(&context)
        let folder = try tree.directory(withoutLinks: path.parent)
        do throws(Failure) {
            try folder.forEachPiece(of: cString(path.name)) { nettle_md5_update(&context, $0.count, $0) }
        } catch { throw Failure("could not read '\(tree.show(path))': \(error.message)") }
        nettle_md5_digest(&context, digest.count, &digest)
        return hexadecimal(digest)
    }
}

/// Where packages' files are: they say `/lib`, and that leads to `/usr/lib`.
private struct PlacesOfFiles {
    let tree: Directory
    private var known: [Path: Path] = [:]

    init(tree: Directory) { self.tree = tree }

    mutating func place(of path: Path) throws(Failure) -> Path {
        if path.parent.isTop { return path }
        if let parent = known[path.parent] { return parent.appending(name: path.name) }
        let parent = try tree.resolved(path.parent) ?? path.parent
        known[path.parent] = parent
        return parent.appending(name: path.name)
    }
}

/// What package managers keep for themselves, and what packages' scripts write for all packages together.
enum PackageTrace {
    private static let trees: [Path] = [
        "var/lib/apt", "var/lib/dpkg", "var/lib/pacman", "var/lib/ucf", "var/lib/dkms", "var/lib/initramfs-tools", "var/lib/pam",
        "var/lib/systemd/deb-systemd-helper-enabled", "var/lib/systemd/deb-systemd-helper-masked",
        "var/lib/systemd/deb-systemd-user-helper-enabled", "var/lib/systemd/deb-systemd-user-helper-masked", "etc/alternatives",
        "etc/hosts.allow", "etc/hosts.deny", "etc/nsswitch.conf", "etc/shells", "etc/ssl/certs", "usr/share/applications/mimeinfo.cache",
        "usr/share/glib-2.0/schemas/gschemas.compiled",
        "usr/share/info/dir", "usr/share/mime",
    ]

    /// Where links enable units, and where deb-systemd-helper(1p) notes those that it made.
    static let units: [(links: Path, notes: Path)] = [
        ("etc/systemd/system", "var/lib/systemd/deb-systemd-helper-enabled"),
        ("etc/systemd/user", "var/lib/systemd/deb-systemd-user-helper-enabled"),
    ]

    /// The users that services run as, which packages make again. People are the top layer's.
    private static let users: [Path] = ["etc/group", "etc/gshadow", "etc/passwd", "etc/shadow", "etc/subgid", "etc/subuid"]

    /// What these were before the last change, as passwd(1) keeps it.
    private static let formerUsers = users.map { $0.parent.appending(name: $0.name + [UInt8(ascii: "-")]) }

    /// What update-initramfs(8) and pam-auth-update(8) make.
    private static let prefixes = ["boot/initrd.img", "etc/pam.d/common-"]

    /// Whether it is in no image: a secret of this machine or of its people (users, and the keys that a first start makes), or how its clock
    /// is set.
    static func isOfMachine(_ path: Path) -> Bool {
        (users + formerUsers + [RoutineChange.clock, "var/lib/systemd/credential.secret"]).contains(path)
            || path.isBelow("etc/docker-btrfs") || path.bytes.starts(with: "etc/ssh/ssh_host_".utf8)
    }

    static let sources: [Path] = [
        "etc/apt", "etc/pacman.conf", "etc/pacman.d", "usr/share/keyrings", "usr/local/share/keyrings",
    ]

    static func isOne(_ path: Path) -> Bool {
        if isOfMachine(path) || trees.contains(where: { path.isWithin($0) }) { return true }
        return prefixes.contains { path.bytes.starts(with: $0.utf8) }
            || path.isBelow("usr/lib/modules") && path.name.starts(with: "modules.".utf8)
    }
}
