package import Basics
package import Boot
internal import BootRun
internal import CLinux
internal import Files
internal import Linux
internal import Planning

/// A root that is made to be entered, and deleted after that: `/.docker-btrfs/enter/1/root`; or a project's, which stays.
///
/// The folder of a project's is locked (flock(2)) as long as somebody works in it.
package struct BesideRoot {
    private enum Folder {
        case work(WorkFolder)
        /// Open, and locked with that.
        case project(Directory)
    }

    package let tree: Directory
    /// A path below /dev of its filesystem.
    package let device: String
    private let topLevel: Directory
    private let place: Path
    private let folder: Folder
    /// Whether it was made here, and nobody has been in it yet.
    private var isNew = false

    /// Makes one as a boot of that request would: for a project where that is named, else for this one time. `image` is what a person
    /// asked for. `explain` gets each step before it is done.
    package init(
        for request: Request, kernel release: String?, project: String?, of image: ImageReference?, on device: String,
        explain: (String, String) -> Void, note: @escaping (String) -> Void
    ) throws(Failure) {
        // Until the root is made nobody else changes anything: sweeping, too, ends before the next one begins.
        let session = try BootSession(mounting: request, kernel: release, Notes(tell: note))
        topLevel = session.topLevel
        self.device = device
        try topLevel.makeWritableHere()
        let draft: Path
        if let project {
            try WorkFolder.sweep(Layout.entered, topLevel)
            let name = Layout.project(project)
            (place, draft) = (Layout.kept(name, 1), Layout.new(name))
            folder = .project(try Self.folder(of: name, topLevel))
            // What a run that was killed left.
            if try topLevel.status(of: draft) != nil { try Step.deleteSubvolume(Place(draft)).perform(on: topLevel) }
        } else {
            let work = try WorkFolder(in: Layout.entered, on: topLevel)
            (place, folder) = (work.place / "root", .work(work))
            draft = place
        }
        let path = place
        do throws(Failure) {
            // Another run may have made the project in the meantime.
            if try topLevel.status(of: path) == nil {
                let plan = try session.plan(besideAt: Place(draft), keepsLayer: project != nil)
                try session.perform(beside: plan, telling: { explain("\($0)", $0.call) }, note: note)
                if draft != path {
                    let record = try Mark.recording(ofProjectAt: draft, on: topLevel)
                    let ending = Plan(steps: [record, .rename(Place(draft), to: Place(path)), .sync])
                    try session.perform(beside: ending, telling: { explain("\($0)", $0.call) }, note: note)
                }
                for line in plan.notes { note(line) }
                isNew = true
            } else if let project {
                try Self.check(project, at: path, isOf: image, topLevel)
            }
            guard let tree = try topLevel.directory(at: path) else { throw Failure("'\(path)' is gone") }
            self.tree = tree
        } catch {
            if case .work(let work) = folder { try? work.delete() }
            // A project's, where nothing is in it yet.
            if project != nil { try? topLevel.removeEmptyDirectory(path.parent) }
            throw error
        }
    }

    /// Goes into the root of a project, which is there. Fails where that is of another image than the one that was asked for.
    package init(project: String, at path: Path, of image: ImageReference?, on topLevel: Directory, device: String) throws(Failure) {
        self.topLevel = topLevel
        self.device = device
        place = path
        let gone = Failure("could not enter '\(path)': it is not there any more")
        guard let folder = try topLevel.directory(at: path.parent) else { throw gone }
        if linux_flock(folder.descriptor, LOCK_SH | LOCK_NB) != 0 { throw Failure("could not enter '\(path)': it is being removed") }
        // Not before: it may have been removed until then.
        guard let tree = try folder.directory(at: Path.top.appending(name: path.name)) else { throw gone }
        self.folder = .project(folder)
        self.tree = tree
        try Self.check(project, at: path, isOf: image, topLevel)
        try topLevel.makeWritableHere()
    }

    private static func check(_ project: String, at path: Path, isOf image: ImageReference?, _ topLevel: Directory) throws(Failure) {
        guard let origin = try Facts.markedRoot(at: path, on: topLevel)?.mark.origin else {
            throw Failure("could not enter the project '\(project)': docker-btrfs did not make '\(path)'", hint: "move it away")
        }
        guard let image, !image.means(origin.imageID, foundAs: origin.reference) else { return }
        throw Failure(
            "could not enter the project '\(project)' as '\(image.text)': it was made of '\(origin.reference)'",
            hint: "leave the image out, or give another name")
    }

    /// A read-only copy of a subvolume for this one time. `note` is told that another process is waited for.
    package init(copying path: Path, on topLevel: Directory, device: String, note: (String) -> Void) throws(Failure) {
        let filesystem = try FilesystemLock(on: topLevel, seconds: FilesystemLock.patience, telling: note)
        self.topLevel = topLevel
        self.device = device
        try topLevel.makeWritableHere()
        let work = try WorkFolder(in: Layout.entered, on: topLevel)
        (place, folder) = (work.place / "root", .work(work))
        let copy = place
        do throws(Failure) {
            try Step.hold(layer: Place(path), at: Place(copy)).perform(on: topLevel)
            guard let tree = try topLevel.directory(at: copy) else { throw Failure("'\(copy)' is gone") }
            self.tree = tree
        } catch {
            try? work.delete()
            throw error
        }
        withExtendedLifetime(filesystem) {}
    }

    /// Deletes it, with all that was made in it, unless it is a project's.
    package func end(explain: (String, String) -> Void = { _, _ in }) throws(Failure) {
        defer { withExtendedLifetime(folder) {} }
        guard case .work(let work) = folder else { return }
        let step = Step.deleteSubvolume(Place(place))
        explain("\(step)", step.call)
        do throws(Failure) { try work.delete() } catch {
            throw error.hinting("the next run of enter deletes it, once nothing runs in it any more")
        }
    }

    /// The same where its command was never started: a project goes too that was made for it, unless somebody else is in that by now.
    package func abandon(explain: (String, String) -> Void) throws(Failure) {
        guard case .project(let folder) = folder, isNew else { return try end(explain: explain) }
        if linux_flock(folder.descriptor, LOCK_EX | LOCK_NB) != 0 { return }
        defer { withExtendedLifetime(folder) {} }
        let step = Step.deleteSubvolume(Place(place))
        explain("\(step)", step.call)
        try step.perform(on: topLevel)
        try? topLevel.remove(Layout.record(ofProjectAt: place))
        try? topLevel.removeEmptyDirectory(place.parent)
    }

    /// The folder of a project's roots, locked as by all who are in one.
    private static func folder(of name: Path, _ topLevel: Directory) throws(Failure) -> Directory {
        let path = Layout.roots(of: name)
        try topLevel.makeMissing([Layout.home, Layout.allRoots, path])
        guard let folder = try topLevel.directory(at: path), linux_flock(folder.descriptor, LOCK_SH | LOCK_NB) == 0 else {
            throw .system("lock '\(path)'")
        }
        return folder
    }
}

/// What a boot has to tell, where nothing is booted.
private struct Notes: BootLog {
    let tell: (String) -> Void

    func info(_ text: String) {}
    func notice(_ text: String) { tell(text) }
    func error(_ failure: Failure) { tell(failure.message) }
}

extension Step {
    /// The system calls that do it, as far as one line can say.
    var call: String {
        switch self {
        case .createDirectory: "mkdirat(), fchmodat()"
        case .snapshot: "ioctl(BTRFS_IOC_SNAP_CREATE_V2)"
        case .hold, .keepTemplate: "ioctl(BTRFS_IOC_SNAP_CREATE_V2, BTRFS_SUBVOL_RDONLY)"
        case .merge: "for each file: openat2(), ioctl(FICLONE), fchown(), fchmod(), fsetxattr(), futimens()"
        case .mark, .markGood: "fsetxattr(\"user.docker-btrfs.…\")"
        case .replacePlaceholder: "unlinkat(AT_REMOVEDIR), mkdirat()"
        case .copyTopLayer, .copyModules, .carryFile, .storeFile:
            "for each file: openat2(RESOLVE_IN_ROOT), ioctl(FICLONE), fchown(), fchmod(), fsetxattr(), futimens()"
        case .removeFile: "unlinkat()"
        case .replaceFile: "openat2(O_CREAT | O_EXCL), write(), fsync(), renameat()"
        case .sync: "syncfs()"
        case .rename: "renameat2(RENAME_NOREPLACE)"
        case .exchange: "renameat2(RENAME_EXCHANGE)"
        case .deleteSubvolume, .makeRoom: "ioctl(BTRFS_IOC_SNAP_DESTROY)"
        case .loadKernel: "kexec_file_load()"
        case .startKernel: "reboot(RB_KEXEC)"
        }
    }
}
