public import Basics
internal import Planning

extension Facts {
    /// Finds out all that the plan needs. Changes nothing.
    ///
    /// `topLevel` is subvolume 5 of the root's filesystem, `topLayer` the filesystem of `toplayer=`. Fails where the disk
    /// cannot be read; that the image or the top layer is not there is one of the facts.
    public init(
        surveying topLevel: Directory, topLayer filesystem: Result<Directory?, Failure>, for request: Request, on host: Host
    ) throws(Failure) {
        self.host = host
        standing = try Standing(of: request.name, on: topLevel, host)
        (kept, lastNumber) = try Root.kept(request.name, on: topLevel, host)
        (record, recordDamage) = Record.current(on: topLevel)
        held = try topLevel.directory(at: Layout.layers)?.names().compactMap { Digest(hex: $0).map { ChainID($0) } } ?? []
        heldForOthers = try Root.chains(but: request.name, on: topLevel, host)
        missingDirectories = try Self.missing(request, on: topLevel)
        leftover = try Self.leftover(of: request.name, standing, on: topLevel, host)
        modulesBesideKernel = try Self.modules(in: request.bootFolders, on: topLevel, host)
        space = nil
        templates = try Self.templates(of: request.name, on: topLevel)
        minted = []
        let sources: SourceSurvey
        do throws(Failure) {
            let machineFiles = try MachineFiles(of: request, on: filesystem.get(), host)
            sources = SourceSurvey(request: request, topLevel: topLevel, topLayer: machineFiles?.layers ?? [], host: host)
            let source = try sources.wanted(roots: Self.inOrder(kept, leftover, standing))
            try checkPlaces(request, on: topLevel, machineFiles?.folder)
            wanted = .success(source)
            topLayer = try machineFiles?.facts(host)
            minted = try machineFiles?.minted(by: standing, on: topLevel) ?? []
            if topLayer?.extent == nil && !hasTemplate(of: source, for: request) { topLayer?.extent = try machineFiles?.extent() }
        } catch {
            wanted = .failure(error)
            return
        }
        if case .success(let source) = wanted, let image = record.lastGood(but: source.imageID) {
            do throws(Failure) {
                lastGood = try sources.recorded(image)
            } catch {
                // What is not asked for stops no boot.
                lastGood = nil
            }
        }
    }

    private static func templates(of name: Path, on topLevel: Directory) throws(Failure) -> [Path] {
        let names = try topLevel.directory(at: Layout.templates)?.names() ?? []
        return names.filter { Layout.isTemplate($0, of: name) }.map { Layout.templates.appending(name: $0) }
    }

    /// A root gets its number when its building begins: one that was replaced is older than the one that stands.
    private static func leftover(
        of name: Path, _ standing: Standing, on topLevel: Directory, _ host: Host
    ) throws(Failure) -> Leftover {
        let place = Layout.new(name)
        guard let status = try topLevel.status(of: place) else { return .nothing }
        guard status.kind == .directory, var left = try Root(at: place, on: topLevel, host) else { return .unfinished }
        if case .root(let root) = standing {
            if left.mark.number >= root.mark.number { return .unfinished }
        } else if !left.isGood {
            // One that booted well was in its place once.
            return .unfinished
        }
        left.path = Layout.kept(name, left.mark.number)
        return .replaced(left)
    }

    private static func missing(_ request: Request, on topLevel: Directory) throws(Failure) -> [Path] {
        var missing: [Path] = []
        for directory in [Layout.home, Layout.layers, Layout.templates, Layout.allRoots, Layout.roots(of: request.name)] {
            if try topLevel.status(of: directory) == nil { missing.append(directory) }
        }
        var parent = request.name.parent
        var parents: [Path] = []
        while !parent.isTop {
            if try topLevel.status(of: parent) != nil { break }
            parents.insert(parent, at: 0)
            parent = parent.parent
        }
        guard try topLevel.target(of: parent)?.kind == .directory else {
            throw Failure("could not make the root '\(request.name)': '\(parent)' is not a directory")
        }
        return missing + parents
    }

    private static func modules(in folders: [Path], on topLevel: Directory, _ host: Host) throws(Failure) -> Path? {
        guard let release = host.kernelRelease.flatMap({ Path($0) }) else { return nil }
        for folder in folders {
            let modules = folder / "modules" / release
            if try topLevel.target(of: modules)?.kind == .directory { return modules }
        }
        return nil
    }
}

extension Directory {
    /// The failure that says that `path` is not there, and what is there instead.
    func absent(_ path: Path, as what: String, key: String) throws(Failure) -> Failure {
        var parent = path.parent
        var found = try directory(at: parent)
        while found == nil && !parent.isTop {
            parent = parent.parent
            found = try directory(at: parent)
        }
        let names = try found?.names().map { display($0) } ?? []
        return Failure(
            "could not find \(what) '\(show(path))' (\(key)=): there is no such directory",
            hint: "'\(show(parent))' holds \(names.isEmpty ? "nothing" : names.joined(separator: ", "))"
        )
    }
}
