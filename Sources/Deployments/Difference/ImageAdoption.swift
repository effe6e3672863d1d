public import Basics
internal import Boot
internal import CLinux
internal import Files
internal import Linux
internal import Planning

/// Changes of a root as lines of a Dockerfile, so that the next image has them.
public struct ImageAdoption {
    fileprivate let tree: Directory
    /// What the lines copy.
    fileprivate let files: [Path]
    /// The lines.
    public let lines: [String]
    /// What is to be known.
    public let notes: [String]

    public var copiesFiles: Bool { !files.isEmpty }

    /// Where the files are in the context of the build.
    public static let folder = "root"

    /// What a build leaves out of the context it leaves out without a word.
    public static func notes(on context: Directory) throws(Failure) -> [String] {
        // The first is read in place of the other.
        for name in ["Dockerfile.dockerignore", ".dockerignore"] as [Path] {
            guard let content = try context.contents(of: name, limit: 1 << 20) else { continue }
            let needed = "!\(folder)/**"
            let words = String(decoding: content, as: UTF8.self).split(whereSeparator: \.isWhitespace)
            return words.last.map(String.init) == needed
                ? [] : ["'\(context.show(name))' may keep files out of the build: add '\(needed)' as its last line"]
        }
        return []
    }

    /// Puts the files that the lines copy into the context of a build. Only their owner reaches them there, and none of them gives rights
    /// to who runs it: the lines do. Fails where something is in their folder already.
    public func write(to context: Directory) throws(Failure) {
        let folder = Path.top.appending(Self.folder)
        if try context.status(of: folder) == nil { try context.makeDirectory(folder) }
        let target = try context.directory(withoutLinks: folder)
        if try !target.names().isEmpty {
            throw Failure(
                "could not put files into '\(context.show(folder))': it is not empty, and the image would get what is in it",
                hint: "remove it, or name another directory")
        }
        if fchmod(target.descriptor, 0o700) != 0 { throw .system("change the mode of '\(context.show(folder))'") }
        var writer = LayerWriter(from: tree, into: target, keepingPrivileges: false)
        for path in files {
            do throws(Failure) { try writer.take(path) } catch {
                throw Failure("could not put '\(path)' into '\(target.show(.top))': \(error.message)", hint: error.hint)
            }
        }
    }
}

extension Site {
    /// What was changed at these paths of a root, and below them, as lines of a Dockerfile; all that was changed where there are none.
    /// What is in the context of the build is none of it.
    public func adoptingIntoImage(_ paths: [String], ofRoot number: Int?, context: Directory?) throws(Failure) -> ImageAdoption {
        let (difference, packages) = try difference(ofRoot: number) { tree, base throws(Failure) in
            try PackageDifference(of: tree, from: base)
        }
        let root = difference.root
        guard let tree = try topLevel.directory(at: root.root.path) else { throw Failure("could not open '\(root.path)': it is not there") }
        if paths.isEmpty && difference.changes.isEmpty {
            return ImageAdoption(tree: tree, files: [], lines: [], notes: ["nothing was changed in \(root.title)"])
        }
        var (changes, notes) = try difference.changes(at: difference.asked(paths.isEmpty ? ["/"] : paths, in: tree))
        if let place = try context.flatMap({ context throws(Failure) in try changes.place(of: context, in: tree) }) {
            changes.removeAll { $0.path == place || $0.path.isBelow(place) }
        }
        let named = Set(paths.compactMap { Path($0) })
        let (owners, traces, isWhole) = try Self.leaveToPackages(packages, &changes, named)
        if traces > 0 {
            notes.append(
                "\(counted(traces, "path")) that package managers and packages' scripts write, or that are this machine's, are left out: name one to have it"
            )
        }
        var draft = ImageDraft(tree: tree, layer: try layer(of: root)?.tree, notes: notes)
        for path in root.root.mark.origin.topLayers {
            if let layer = try topLevel.directory(at: path) { draft.topLayers.append(layer) }
        }
        for change in changes { try draft.add(change) }
        let commands = packages?.commands { isWhole || owners.contains($0) }
        for path in packages?.deletions(where: { isWhole || owners.contains($0) }) ?? [] {
            if named.isEmpty || named.contains(where: { path.isWithin($0) }) { draft.delete(path) }
        }
        try draft.finish(after: commands ?? []) { packages?.isSource($0) == true }
        return ImageAdoption(tree: tree, files: draft.copied, lines: draft.lines, notes: draft.notes)
    }

    /// Takes out of the changes what packages bring, and the traces that package managers leave, but for the paths that were named. Returns
    /// the packages whose files were changed, how many traces there are, and whether the list of packages itself was changed.
    private static func leaveToPackages(
        _ packages: PackageDifference?, _ changes: inout [RootChange], _ named: Set<Path>
    ) throws(Failure) -> (owners: Set<String>, traces: Int, isWhole: Bool) {
        var (owners, traces): (Set<String>, Int) = ([], 0)
        var isWhole = false
        if let packages {
            isWhole = changes.contains { $0.path == PackageSet.debianStatus || $0.path.isBelow(PackageSet.pacmanDatabase) }
            var others: [RootChange] = []
            for change in changes {
                let found = try packages.owners(of: change)
                owners.formUnion(found)
                if !found.isEmpty {
                    // Whoever gave it that mode or owner: as they are they are right.
                    if let rest = change.besidesContent { others.append(rest) }
                } else if !named.contains(change.path), try packages.isTrace(change) {
                    traces += 1
                } else {
                    others.append(change)
                }
            }
            changes = others
        } else {
            let own = changes.filter { PackageTrace.isOfMachine($0.path) && !named.contains($0.path) }
            traces = own.count
            changes.removeAll { own.contains($0) }
        }
        return (owners, traces, isWhole)
    }
}

extension [RootChange] {
    /// Where a directory is in the root; nil where nothing was changed in it.
    fileprivate func place(of directory: Directory, in tree: Directory) throws(Failure) -> Path? {
        guard let wanted = try directory.status(of: .top) else { return nil }
        var known: Set<Path> = [.top]
        for change in self {
            var place = change.file == .directory && change.kind != .deleted ? change.path : change.path.parent
            while known.insert(place).inserted {
                if try tree.status(of: place)?.isSameFile(as: wanted) == true { return place }
                place = place.parent
            }
        }
        return nil
    }
}
