package import Basics
package import Boot
internal import BootRun
internal import CLinux
internal import Linux
internal import Planning

/// A root that is made to be entered, and deleted after that: `/.docker-btrfs/enter/1/root`.
///
/// Its folder is locked (flock(2)) as long as somebody works in it. What nobody has locked was left by a process that was killed; the
/// next one deletes it.
package struct BesideRoot {
    private static let folder: Path = ".docker-btrfs/enter"
    private static let name: Path = "root"

    package let tree: Directory
    package let device: String
    private let topLevel: Directory
    private let place: Path
    /// Open, and locked with that.
    private let lock: Directory

    /// Makes one as a boot of that request would. `explain` gets each step before it is done.
    package init(
        for request: Request, kernel release: String?, explain: (String, String) -> Void, note: @escaping (String) -> Void
    ) throws(Failure) {
        // Until the root is made nobody else changes anything: sweeping, too, ends before the next one begins.
        let session = try BootSession(mounting: request, kernel: release, Notes(tell: note))
        topLevel = session.topLevel
        device = try session.rootDevice()
        try topLevel.makeWritable()
        try Self.sweep(topLevel)
        (place, lock) = try Self.makeFolder(topLevel)
        let own = place
        do throws(Failure) {
            let plan = try session.plan(besideAt: Place(own / Self.name), keepsLayer: false)
            try session.perform(beside: plan, telling: { explain("\($0)", $0.call) }, note: note)
            for line in plan.notes { note(line) }
            guard let tree = try topLevel.directory(at: own / Self.name) else { throw Failure("'\(own / Self.name)' is gone") }
            self.tree = tree
        } catch {
            try? Self.delete(own, topLevel)
            throw error
        }
    }

    /// Deletes it, with all that was made in it.
    package func delete(explain: (String, String) -> Void) throws(Failure) {
        let step = Step.deleteSubvolume(Place(place / Self.name))
        explain("\(step)", step.call)
        try Self.delete(place, topLevel)
        withExtendedLifetime(lock) {}
    }

    private static func delete(_ place: Path, _ topLevel: Directory) throws(Failure) {
        if try topLevel.status(of: place / name) != nil {
            let step = Step.deleteSubvolume(Place(place / name))
            var machine = LinuxMachine(topLevel: topLevel, topLayer: .success(nil))
            do throws(Failure) { _ = try machine.perform(step) } catch {
                throw Failure("could not \(step): \(error.message)", hint: "the next run of enter deletes it")
            }
        }
        guard let parent = try topLevel.directory(at: place.parent) else { return }
        if unlinkat(parent.descriptor, cString(place.name), AT_REMOVEDIR) != 0 && linux_errno() != ENOENT {
            throw .system("remove '\(place)'")
        }
    }

    /// Deletes what nobody works in.
    private static func sweep(_ topLevel: Directory) throws(Failure) {
        for entry in try topLevel.directory(at: folder)?.names() ?? [] {
            let place = folder.appending(name: entry)
            guard try topLevel.status(of: place)?.kind == .directory, let left = try topLevel.directory(at: place) else { continue }
            if linux_flock(left.descriptor, LOCK_EX | LOCK_NB) != 0 { continue }
            try delete(place, topLevel)
        }
    }

    private static func makeFolder(_ topLevel: Directory) throws(Failure) -> (Path, Directory) {
        for path in [Place.home.path, folder] where try topLevel.status(of: path) == nil {
            if mkdirat(topLevel.descriptor, path.cString, 0o700) != 0 { throw .system("make the directory '\(path)'") }
        }
        guard let parent = try topLevel.directory(at: folder) else { throw Failure("could not find '\(folder)'") }
        for number in 1... {
            let name = Array("\(number)".utf8)
            if mkdirat(parent.descriptor, cString(name), 0o700) != 0 {
                if linux_errno() == EEXIST { continue }
                throw .system("make a directory in '\(folder)'")
            }
            let place = folder.appending(name: name)
            guard let made = try topLevel.directory(at: place), linux_flock(made.descriptor, LOCK_EX | LOCK_NB) == 0 else {
                throw .system("lock '\(place)'")
            }
            return (place, made)
        }
        throw Failure("could not make a directory in '\(folder)'")
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
