internal import Basics
internal import Boot
internal import BootEntries
internal import CLinux
internal import Files
internal import Linux
internal import Planning

/// A change to a machine's boot: everything that deploying, rolling back and removing can do. Its description is the line of a
/// dry run, what is said when it is done, and, after `could not`, the error.
enum DeploymentChange {
    /// On the root's filesystem.
    case step(Step)
    case makeKernelFolder(KernelFolder)
    /// New content under a new name. It is read back.
    case addFile(BootFile, to: KernelFolder, image: Directory)
    case removeFile(Path, from: KernelFolder)
    /// Unless somebody put something into it.
    case removeKernelFolder(KernelFolder)
    /// One of ours, that is empty, on the top level.
    case removeFolder(Path, on: Directory)
    /// Writes so many bytes beside the menu, and takes them away again.
    case findRoom(Int, of: InstalledLoader)
    case makeMenuFolder(Path, of: InstalledLoader)
    case writeMenu(MenuFile, of: InstalledLoader)
    case removeMenu(Path, of: InstalledLoader)
    /// Tells the boot loader which entry is the next one, once; nil, that it is the default again.
    case startOnce(String?, NextBoot, of: InstalledLoader)
    /// Looks for files of an entry, written before, as the boot loader does.
    case prove([Deployment.File], of: Deployment, in: KernelFolder)
    /// Waits until all is on the disk, and not in a log that no boot loader reads.
    case sync(Directory)
}

extension DeploymentChange: CustomStringConvertible {
    var description: String {
        switch self {
        case .step(let step): step.description
        case .makeKernelFolder(let folder): "make the directory '\(folder.tree.show(folder.path))'"
        case .addFile(let file, let folder, _):
            "write \(megabytes(file.file.size)) to '\(folder.tree.show(folder.place(of: file.file)))'\(file.source.map { ", from '\($0)' of the image" } ?? "")"
        case .removeFile(let path, let folder): "remove '\(folder.tree.show(path))'"
        case .removeFolder(let path, _): "remove the directory '\(path)'"
        case .removeKernelFolder(let folder): "remove the directory '\(folder.tree.show(folder.path))'"
        case .findRoom(let size, let loader):
            "find room for \(megabytes(size)) in '\(loader.directory.show(.top))', for the menu of \(loader.kind.title)"
        case .makeMenuFolder(let path, let loader): "make the directory '\(loader.directory.show(path))'"
        case .writeMenu(let file, let loader): "write the menu of \(loader.kind.title), '\(loader.directory.show(file.path))'"
        case .removeMenu(let path, let loader): "remove '\(loader.directory.show(path))'"
        case .startOnce(let id?, _, let loader): "tell \(loader.kind.title) that the next boot is '\(id)', once"
        case .startOnce(nil, _, let loader): "tell \(loader.kind.title) to forget the boot that it was told of"
        case .prove(_, let deployment, let folder): "read the files of \(deployment.title) in '\(folder.tree.show(folder.path))'"
        case .sync(let directory):
            // Of the top level, '/' would be read as the machine's own.
            "write everything in \(directory.show(.top) == "/" ? "the btrfs" : "'\(directory.show(.top))'") to the disk"
        }
    }

    /// Returns what is to be known of it.
    func perform(on machine: inout LinuxMachine) throws(Failure) -> [String] {
        do throws(Failure) { return try carryOut(on: &machine) } catch { throw error.hintingAtRoom(isOnBtrfs: isOnBtrfs) }
    }

    /// Whether it writes to where roots may be.
    private var isOnBtrfs: Bool {
        switch self {
        case .step: true
        case .makeKernelFolder(let folder), .addFile(_, let folder, _): folder.tree.isOnBtrfs
        case .findRoom(_, let loader), .makeMenuFolder(_, let loader), .writeMenu(_, let loader): loader.directory.isOnBtrfs
        case .sync(let directory): directory.isOnBtrfs
        case .removeFile, .removeKernelFolder, .removeFolder, .removeMenu, .startOnce, .prove: false
        }
    }

    private func carryOut(on machine: inout LinuxMachine) throws(Failure) -> [String] {
        switch self {
        case .step(let step): return try machine.carryOut(step)
        case .makeKernelFolder(let folder): try folder.tree.makeDirectory(folder.path, mode: 0o700)
        case .addFile(let file, let folder, let image): try folder.add(file, from: image)
        case .removeFile(let path, let folder): try folder.tree.remove(path)
        case .removeFolder(let path, let topLevel): try topLevel.removeEmptyDirectory(path)
        case .removeKernelFolder(let folder): try folder.tree.removeEmptyDirectory(folder.path)
        case .findRoom(let size, let loader):
            do throws(Failure) { try loader.findRoom(for: size) } catch { throw Failure("could not \(self): \(error.message)") }
        case .makeMenuFolder(let path, let loader): try loader.directory.makeDirectory(path, mode: 0o755)
        case .writeMenu(let file, let loader): try loader.write(file)
        case .removeMenu(let path, let loader): try loader.directory.remove(path)
        case .startOnce(_, .grubEnvironment(let file), let loader): try loader.write(file)
        case .startOnce(_, .firmwareVariable(let name, let content), _): try writeFirmwareVariable(name, content)
        case .prove(let files, _, let folder): for file in files { try folder.prove(file) }
        case .sync(let directory): try directory.sync()
        }
        return []
    }
}

extension InstalledLoader {
    /// No more may read it than could read the one before.
    fileprivate func write(_ file: MenuFile) throws(Failure) {
        let mode = try directory.status(of: file.path).modeOfSuccessor
        try directory.write(Array(file.text.utf8), mode: mode, to: file.path)
    }

    /// Fails, with the reason alone, where so many bytes are not to be had beside the menu.
    fileprivate func findRoom(for size: Int) throws(Failure) {
        // One that is not there is made later.
        let folder = try directory.directory(at: menuFolders.first ?? .top) ?? directory
        let draft = Directory.draftName.fileName
        _ = unlinkat(folder.descriptor, draft, 0)
        let file = try createDraft(draft, in: folder.descriptor)
        defer {
            close(file)
            _ = unlinkat(folder.descriptor, draft, 0)
            // It is free for others once that is on the disk.
            _ = fsync(folder.descriptor)
        }
        if !linux_write_all(file, [UInt8](repeating: 0, count: size), size) || fsync(file) != 0 { throw .reason() }
    }
}

extension Failure {
    /// The same failure, with what frees room where there is none.
    func hintingAtRoom(isOnBtrfs: Bool) -> Failure {
        if !message.ends(with: Failure.reason(ENOSPC).message) { return self }
        let remedy = "'docker-btrfs root ls' lists earlier roots, and 'docker-btrfs root rm NUMBER' frees their room"
        return hinting(isOnBtrfs ? remedy : "make room there")
    }
}
