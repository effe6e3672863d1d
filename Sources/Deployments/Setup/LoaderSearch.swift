internal import Basics
internal import BootEntries
internal import CLinux

/// The boot loader of the running system, and where it finds kernels.
extension FoundMachine {
    /// The only one, or the one that was chosen, and where its partition is mounted. What could not be looked through is noted.
    static func loader(
        _ choices: SetupChoices, _ before: Settings?, _ system: Directory, _ notes: inout [String]
    ) throws(Failure) -> (InstalledLoader?, String?) {
        let before = before.flatMap { choices.loader ?? $0.loader == $0.loader ? $0 : nil }
        let known = before?.currentBoot
        if choices.loader ?? before?.loader == .print { return (nil, choices.boot ?? known) }
        let root = choices.system == "/" ? "" : choices.system
        var folders = InstalledLoader.usualFolders.map { root + $0 }
        var found: [(InstalledLoader, String)] = []
        var unread: [String] = []
        func look(in folders: [String]) throws(Failure) {
            for folder in folders {
                guard let tree = try? Directory(opening: folder) else { continue }
                let place = try tree.place()
                let all: [InstalledLoader]
                do throws(Failure) { all = try InstalledLoader.all(in: tree) } catch {
                    // What nobody chose is no obstacle.
                    if folder == choices.boot || folder == known { throw error }
                    unread.append("no boot loader was looked for in '\(folder)': \(error.message)")
                    continue
                }
                for loader in all {
                    // A link, or a second mount, leads to the same one.
                    var isKnown = false
                    for (other, _) in found where try other.directory.isSame(as: loader.directory) { isKnown = true }
                    if !isKnown { found.append((loader, place)) }
                }
            }
        }
        defer { notes += unread }
        if let chosen = choices.boot {
            folders = [chosen]
        } else if let known, !folders.contains(known) {
            // It may have been mounted there only while another system ran.
            try look(in: [known])
            if found.isEmpty { folders.insert(known, at: 0) } else { folders = [known] }
        }
        // Where it was set up is its place.
        if found.isEmpty { try look(in: folders.filter { $0 == known } + folders.filter { $0 != known }) }
        let wanted = choices.loader ?? before?.loader
        var fitting = found.filter { wanted == nil || $0.0.kind == wanted }
        if choices.boot == nil && fitting.contains(where: { $0.1 == known }) { fitting = fitting.filter { $0.1 == known } }
        if fitting.count > 1, let before, fitting.contains(where: { $0.0.folder == before.loaderFolder }) {
            fitting = fitting.filter { $0.0.folder == before.loaderFolder }
        }
        // It reads the ESP and, where there is one, XBOOTLDR, which is for the entries.
        if fitting.count > 1, fitting.allSatisfy({ $0.0.kind == .systemdBoot }) { fitting = fitting.filter { $0.0.hasEntries } }
        if fitting.isEmpty, let chosen = choices.boot, let one = try around(chosen), wanted == nil || one.0.kind == wanted { return one }
        if fitting.count == 1 { return fitting[0] }
        let seen = found.map { "\($0.0.kind.title) in '\($0.1)\($0.0.folder)'" }.joined(separator: ", ")
        if fitting.isEmpty {
            throw Failure(
                "could not find \(wanted?.title ?? "rEFInd, GRUB or systemd-boot") in \(folders.map { "'\($0)'" }.joined(separator: ", "))",
                hint: unread.map { "\($0); " }.joined() + (seen.isEmpty ? "" : "there is \(seen); ")
                    + (choices.loader == nil && found.count == 1 ? "'--loader \(found[0].0.kind.rawValue)' takes it; " : "")
                    + "mount its partition and say where: --boot DIR; '--loader print' prints the entry for any other")
        }
        throw Failure(
            "could not choose a boot loader: there is \(seen)", hint: "choose with --loader, and --boot with the loader's own folder")
    }

    /// The one whose own folder that is, and where its partition is mounted.
    private static func around(_ folder: String) throws(Failure) -> (InstalledLoader, String)? {
        guard let own = try Directory(opening: folder).status(of: .top) else { return nil }
        // `EFI/refind` at most.
        for above in ["..", "../.."] {
            guard let place = try? Directory(opening: "\(folder)/\(above)").place() else { continue }
            for loader in try InstalledLoader.all(in: Directory(opening: place)) {
                if try loader.directory.status(of: .top)?.isSameFile(as: own) == true { return (loader, place) }
            }
        }
        return nil
    }

    static func kernels(for loader: InstalledLoader?, on filesystem: RootFilesystem) throws(Failure) -> Settings.Kernels {
        if loader?.kind == .systemdBoot { return .boot }
        return try filesystem.obstacle(to: loader) == nil ? .btrfs : .boot
    }
}

extension InstalledLoader {
    fileprivate var hasEntries: Bool { menuFolders.allSatisfy { (try? directory.directory(at: $0)) != nil } }

    /// Whether rEFInd has its driver for btrfs.
    fileprivate var readsBtrfs: Bool {
        get throws(Failure) {
            for folder in ["drivers_x64", "drivers_aa64", "drivers"] as [Path] {
                for name in try directory.directory(at: folder)?.names() ?? [] where name.starts(with: "btrfs".utf8) { return true }
            }
            return false
        }
    }
}

extension RootFilesystem {
    /// Why a boot loader may not find kernels on it; nil where it does. An unknown one is as rEFInd is.
    fileprivate func obstacle(to loader: InstalledLoader?) throws(Failure) -> String? {
        if isMapped { return "the btrfs is on '\(device)'" }
        let members = try? Directory(opening: "/sys/fs/btrfs/\(volume.uuid)/devices").names()
        if let members, members.count > 1 { return "the btrfs is on \(members.count) devices" }
        if loader?.kind == .refind, try loader?.readsBtrfs == false { return "it has no driver for btrfs" }
        if loader?.kind == .refind, volume.nameForRefind == nil { return "the btrfs has no label, and is on no partition of a GPT" }
        // For GRUB the entries say from where paths go.
        if loader?.kind != .grub, try !hasTopLevelAsDefault { return "the default subvolume of the btrfs is not its top level" }
        return nil
    }

    /// What a person should know of kernels on it, for setup may have found it otherwise. GRUB reads most of what setup leaves alone.
    func note(on kernels: Settings.Kernels, for loader: InstalledLoader?) throws(Failure) -> String? {
        guard kernels == .btrfs, loader?.kind == .refind, let obstacle = try obstacle(to: loader) else { return nil }
        return """
            rEFInd may not find the kernels on the btrfs: \(obstacle); 'docker-btrfs setup --kernels boot', then 'docker-btrfs deploy' brings \
            them to rEFInd's own partition
            """
    }

    private var hasTopLevelAsDefault: Bool {
        get throws(Failure) {
            var id: UInt64 = 0
            if btrfs_util_get_default_subvolume_fd(topLevel.descriptor, &id) != BTRFS_UTIL_OK {
                throw .system("tell the default subvolume of '\(device)'")
            }
            return id == 5
        }
    }
}
