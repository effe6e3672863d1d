package import Basics
internal import Boot
internal import BootRun
internal import CLinux
internal import Files
internal import Linux
internal import Planning
internal import Programs

/// A file that `export` wrote, which becomes a project.
package final class RootArchiveFile {
    private let path: String
    /// Open: what is at the path may be another one later.
    private let file: Int32
    private let format: RootArchive
    /// What the image is called, and its id; of a stream nothing is known.
    private let image: (reference: ImageReference, id: ImageID)?
    /// Of the layer's archive in the file, in bytes.
    private let layer: Range<Int>
    /// Of what becomes the root.
    private let digest: Digest

    /// Reads all of it. Fails on what is neither, and on an archive whose layer is not what it says.
    package init(_ path: String) throws(Failure) {
        // A pipe would be waited for.
        file = linux_open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC, 0)
        if file < 0 { throw .system("open '\(path)'") }
        self.path = path
        do throws(Failure) { (format, image, layer, digest) = try Self.read(file) } catch {
            close(file)
            throw Failure("could not import '\(path)': \(error.message)", hint: error.hint)
        }
    }

    deinit { close(file) }

    private typealias Content = (
        format: RootArchive, image: (reference: ImageReference, id: ImageID)?, layer: Range<Int>, digest: Digest
    )

    private static func read(_ file: Int32) throws(Failure) -> Content {
        var status = stat()
        if fstat(file, &status) != 0 { throw .reason() }
        if status.st_mode & mode_t(S_IFMT) != S_IFREG { throw Failure("it is no regular file", hint: "write what export writes to one") }
        let size = Int(status.st_size)
        // BTRFS_SEND_STREAM_MAGIC of the kernel's fs/btrfs/send.h.
        if try bytes(of: file, at: 0, 13) == Array("btrfs-stream\0".utf8) {
            return (.btrfs, nil, 0..<size, try RootArchive.digest(of: file, in: 0..<size))
        }
        let refusal = Failure(
            "it is not what docker-btrfs export writes",
            hint: "an image goes to the store by docker load or podman load, and is entered from there")
        guard let (name, length) = RootArchive.member(try bytes(of: file, at: 0, RootArchive.block)), name == RootArchive.layer
        else { throw refusal }
        if length > size - RootArchive.block { throw Failure("it is cut off", hint: "copy it again, or export it again") }
        let layer = RootArchive.block..<(RootArchive.block + length)
        let digest = try RootArchive.digest(of: file, in: layer)
        var place = RootArchive.block.clampedSum(with: RootArchive.padded(length))
        var (reference, id): (ImageReference?, ImageID?)
        while let (name, length) = RootArchive.member(try bytes(of: file, at: place, RootArchive.block)) {
            guard length <= 1 << 20 else { throw refusal }
            let content = try bytes(of: file, at: place + RootArchive.block, length)
            if name == "manifest.json" {
                let manifest = try JSON(parsing: content, name: "manifest.json").elements?.first
                guard let text = manifest?["RepoTags"]?.elements?.first?.string else { throw refusal }
                reference = try ImageReference(text)
            } else {
                let layers = try JSON(parsing: content, name: name)["rootfs"]?["diff_ids"]?.elements ?? []
                guard layers.count == 1, layers.first?.string == digest.description else {
                    throw Failure("its content is not what it says", hint: "export it again")
                }
                id = ImageID(Digest.of(content))
            }
            place += RootArchive.block + RootArchive.padded(length)
        }
        guard let reference, let id else { throw refusal }
        return (.docker, (reference, id), layer, digest)
    }

    /// Makes the project. What the root is compared with later is the root as it was imported, which is held as its layer. Fails where there is
    /// one of that name; nothing is left then. `tell` is told that another process is waited for.
    package func makeProject(_ name: String, on site: Site, telling tell: (String) -> Void) async throws(Failure) {
        try site.checkIsFree(project: name)
        if try site.project(name) != nil {
            throw Failure("could not import '\(path)': there is a project '\(name)' already", hint: "give another name, or root rm \(name)")
        }
        let topLevel = site.topLevel
        try topLevel.makeWritableHere()
        let project = Layout.project(name)
        let folder = Layout.roots(of: project)
        try topLevel.makeMissing([Layout.home, Layout.allRoots, Layout.layers, folder])
        // Nobody makes or enters the project before it is there.
        guard let lock = try topLevel.directory(at: folder), linux_flock(lock.descriptor, LOCK_EX | LOCK_NB) == 0 else {
            throw Failure("could not import '\(path)': somebody else makes the project '\(name)'", hint: "wait until that has ended")
        }
        defer { withExtendedLifetime(lock) {} }
        do throws(Failure) {
            try clear(project, topLevel)
            try await unpack(to: folder, on: site, tell)
            try finish(project, topLevel, tell)
        } catch {
            try? clear(project, topLevel)
            try? topLevel.removeEmptyDirectory(folder)
            throw Failure("could not import '\(path)': \(error.message)", hint: error.hint)
        }
    }

    /// What a stream makes is in a subvolume of ours, and goes with it, whatever it is.
    private static let received: Path = "received"

    /// The subvolumes that a run left in a project's folder which was killed before there was the project, or that one is making.
    static func drafts(in folder: Path, _ topLevel: Directory) throws(Failure) -> [Path] {
        var drafts: [Path] = []
        for path in [folder / received, folder / "new"] where try topLevel.status(of: path) != nil { drafts.append(path) }
        return drafts
    }

    /// Deletes them, what is written down of a project, and its folder if that is empty then.
    static func removing(_ drafts: [Path], of project: Path, _ topLevel: Directory) throws(Failure) -> [DeploymentChange] {
        var changes: [DeploymentChange] = drafts.map { .step(.deleteSubvolume(Place($0))) }
        let record = Layout.record(ofProjectAt: Layout.kept(project, 1))
        if try topLevel.status(of: record) != nil { changes.append(.step(.removeFile(record, of: Place(.top)))) }
        return changes + [.removeFolder(Layout.roots(of: project), on: topLevel)]
    }

    /// What a run that was killed left.
    private func clear(_ project: Path, _ topLevel: Directory) throws(Failure) {
        for draft in try Self.drafts(in: Layout.roots(of: project), topLevel) {
            try Step.deleteSubvolume(Place(draft)).perform(on: topLevel)
        }
        let root = Layout.kept(project, 1)
        // What has its name already keeps what is written down of it.
        if try topLevel.status(of: root) == nil { try? topLevel.remove(Layout.record(ofProjectAt: root)) }
    }

    private func unpack(to folder: Path, on site: Site, _ tell: (String) -> Void) async throws(Failure) {
        let topLevel = site.topLevel
        let draft = folder / "new"
        guard let parent = try topLevel.directory(at: folder) else { throw Failure("'\(folder)' is gone") }
        if try copyHeld(to: draft, topLevel, tell) { return }
        switch format {
        case .docker:
            try parent.makeSubvolume(named: draft.fileName)
            guard let tree = try topLevel.directory(at: draft) else { throw Failure("'\(draft)' is gone") }
            try await give(to: [
                "tar", "--extract", "--file=-", "--numeric-owner", "--same-owner", "--same-permissions", "--xattrs",
                "--xattrs-include=*", "--directory=\(tree.pathForPrograms)",
            ])
            withExtendedLifetime(tree) {}
        case .btrfs:
            let received = folder / Self.received
            try parent.makeSubvolume(named: received.fileName)
            // btrfs-progs looks for its target among the mounts. This process has its own: nobody else sees this one, over a directory that
            // every system has, and nothing is left of it where this process is killed.
            let mounted = "/tmp"
            if mount(site.device, mounted, "btrfs", UInt(MS_NOSUID | MS_NODEV), "subvolid=5") != 0 {
                throw .system("mount '\(site.device)'", hint: "run this as root")
            }
            defer { umount2(mounted, Int32(MNT_DETACH)) }
            // A stream may write through symlinks of its own, and say '..'.
            try await give(to: ["btrfs", "receive", "-q", "--chroot", mounted + received.description])
            // A stream may also leave a directory there, or a symlink to any subvolume.
            guard let made = try topLevel.directory(at: received), case let names = try made.names(), names.count == 1,
                try made.status(of: Path.top.appending(name: names[0]))?.kind == .directory,
                try made.child(cString(names[0])).isSubvolume()
            else { throw Failure("it has several subvolumes, or none") }
            try Step.snapshot(of: Place(received.appending(name: names[0])), at: Place(draft)).perform(on: topLevel)
            try Step.deleteSubvolume(Place(received)).perform(on: topLevel)
        }
    }

    /// Makes the draft of what is held, where the same was imported before, or came as a layer: it shares all with that. Returns whether it did.
    private func copyHeld(to draft: Path, _ topLevel: Directory, _ tell: (String) -> Void) throws(Failure) -> Bool {
        let filesystem = try FilesystemLock(on: topLevel, seconds: FilesystemLock.patience, telling: tell)
        defer { withExtendedLifetime(filesystem) {} }
        let chain = ChainID(digest)
        if topLevel.held(chain) == nil { return false }
        try Step.snapshot(of: Place(Layout.hold(chain)), at: Place(draft)).perform(on: topLevel)
        return true
    }

    /// Lets a program read it. Fails where that was other bytes than those that were read first.
    private func give(to command: [String]) async throws(Failure) {
        var builder = Digest.Builder()
        var place = layer.lowerBound
        let outcome = try await runProgram(command) { () throws(Failure) in
            try Interruption.check()
            let piece = try bytes(of: file, at: place, min(1 << 20, layer.upperBound - place))
            builder.add(piece)
            place += piece.count
            return piece
        }
        guard let outcome else { throw Failure("there is no program '\(command[0])'", hint: "install it") }
        if outcome.status != 0 { throw Failure(outcome.complaint(of: command[0])) }
        if builder.digest() != digest { throw Failure("it changed while it was read", hint: "try it again") }
    }

    private func finish(_ project: Path, _ topLevel: Directory, _ tell: (String) -> Void) throws(Failure) {
        let filesystem = try FilesystemLock(on: topLevel, seconds: FilesystemLock.patience, telling: tell)
        defer { withExtendedLifetime(filesystem) {} }
        let draft = Place(Layout.new(project))
        // Of a single layer the chain is the layer.
        let chain = ChainID(digest)
        if topLevel.held(chain) == nil {
            try Step.hold(layer: draft, at: Place(Layout.hold(chain))).perform(on: topLevel)
        }
        let origin = Origin(
            reference: image?.reference ?? ImageReference(ImageID(digest)), imageID: image?.id ?? ImageID(digest), chainID: chain,
            layer: Layout.hold(chain), topLayer: nil)
        try Step.mark(draft, Mark(origin: origin, number: 1, made: secondsNow())).perform(on: topLevel)
        try Mark.recording(ofProjectAt: draft.path, on: topLevel).perform(on: topLevel)
        try Step.rename(draft, to: Place(Layout.kept(project, 1))).perform(on: topLevel)
        try Step.sync.perform(on: topLevel)
    }
}
