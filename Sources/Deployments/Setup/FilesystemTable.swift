package import Basics
internal import BootEntries
internal import Files

/// The top layer's fstab, read and written by libmount: what is there stays, and what is missing is added.
package struct FilesystemTable {
    package static let path: Path = "etc/fstab"

    /// nil where nothing is missing.
    let text: String?
    /// That of the table that it comes from: who keeps passwords of network filesystems there lets nobody else read it.
    let mode: UInt32
    /// What was added, for a person.
    let added: [String]
    /// What a person should know.
    let notes: [String]
    /// Where all lines mount.
    let targets: [Path]
    /// What of a filesystem they mount, from its top, but for all of it; nil where a line does not tell what of this btrfs.
    let origins: [Path]?
    /// Data that is on the btrfs already, and where it is mounted.
    private(set) var filled: [(place: Path, subvolume: Path)] = []
    /// Where our own lines mount, each after those above it, with its mode. Not each init makes the place of a mount.
    private(set) var places: [(path: Path, mode: UInt32)] = []

    /// Whole filesystems are mounted in there. Others than root find old roots on them, with old programs that run as root, and can lock
    /// what roots are changed under.
    static let closed: Path = "mnt/docker-btrfs"
    /// The whole filesystem of the store.
    static let top = closed / "top"

    /// What an image has, and a machine does not mount over it: with the package manager's records of another system, or its programs, an
    /// image would not be what it is.
    static let ofImages = ["/usr", "/usr/local", "/opt", "/var", "/var/lib"]

    /// Whether what this system has mounted there is mounted in no root.
    static func isOfImages(_ mountPoint: String) -> Bool { mountPoint == "/" || ofImages.contains(mountPoint) }

    /// A machine boots without its store too, but no engine starts: it would begin an empty one in the root. What is required by a service is
    /// mounted for that alone, unless something else wants it, and Podman has no service.
    package static let storeOptions =
        formerStoreOptions + """
            ,x-systemd.required-by=docker.service,x-systemd.required-by=containerd.service,x-systemd.wanted-by=local-fs.target
            """
    /// As setup wrote them before.
    static let formerStoreOptions = "noatime,nofail,x-systemd.before=docker.service,x-systemd.before=containerd.service"

    /// The top layer's, or where it has none the running system's without its root; with the images' store, which builds the next
    /// one, and with the directories that are the same in each root.
    init(_ machine: FoundMachine, data: [String], in topLayer: Directory?) throws(Failure) {
        let existing = try topLayer?.contents(of: Self.path)
        let base = if let existing { existing } else { try machine.system.contents(of: Self.path) ?? [] }
        mode = try (existing == nil ? machine.system : topLayer)?.target(of: Self.path).modeOfSuccessor ?? 0o644
        var update = try TableUpdate(machine: machine, table: MountsFile(parsing: base), isNew: existing == nil)
        let (store, boot) = (update.store, update.boot)
        let inside = (store + boot).compactMap { Path($0.target) }.filter { $0.isBelow(Self.closed) }
        let folders = inside + boot.compactMap { Path($0.target) }
        if !inside.isEmpty { places.append((Self.closed, 0o700)) }
        places += folders.map { ($0, 0o755) }
        let wanted = (store + boot).compactMap { Path($0.target) }
        try update.renew(besides: wanted)
        if update.isNew { update.leaveOut(besides: data) }
        let kept = try update.lines(ofData: data, besides: store + boot)
        for line in store { try update.add(toStore: line) }
        for line in boot + kept where try update.table.add(line, isReplacing: update.isNew) { update.added.append("'\(line.target)'") }
        try update.end(wanted)
        let isSame = !update.isNew && update.added.isEmpty && update.told.isEmpty
        let mounts = update.isNew && update.added.isEmpty ? ["what this system does"] : update.added
        added = (mounts.isEmpty ? [] : ["mounts " + mounts.joined(separator: ", ")]) + update.told
        notes = update.notes
        targets = update.table.lines.compactMap { Path($0.target) }
        let found = update.table.lines.compactMap { update.table.origin(of: $0) }
        let own = machine.filesystem.volume.uuid.lowercased()
        let isKnown = !found.contains { $0.path == nil && $0.volume == own }
        origins = isKnown ? found.compactMap(\.path).filter { !$0.isTop } : nil
        text = isSame ? nil : try update.table.text()
        for line in update.table.lines where line.source == update.device && DataDirectory.isMounted(by: line) {
            guard let place = Path(line.target), let subvolume = line.subvolume,
                try machine.filesystem.topLevel.status(of: subvolume) != nil
            else { continue }
            filled.append((place, subvolume))
        }
    }

    /// Where a system's own table mounts something that a root could have too, and no line of this one does.
    func missing(of system: Directory) throws(Failure) -> [String] {
        let own = try MountsFile(parsing: system.contents(of: Self.path) ?? [])
        for place in ["/"] + Self.ofImages { own.remove(target: place) }
        _ = own.removeThoseInRoot(besides: targets.map(\.description))
        return own.lines.filter { $0.type != "swap" }.map(\.target).filter { target in !targets.contains { $0 == Path(target) } }
    }
}
