internal import Basics
internal import BootEntries

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
        var search = LoaderSearch(asked: [choices.boot, known])
        defer { notes += search.unread }
        if let chosen = choices.boot {
            folders = [chosen]
        } else if let known, !folders.contains(known) {
            // It may have been mounted there only while another system ran.
            try search.look(in: [known])
            if search.found.isEmpty { folders.insert(known, at: 0) } else { folders = [known] }
        }
        // Where it was set up is its place.
        if search.found.isEmpty { try search.look(in: folders.filter { $0 == known } + folders.filter { $0 != known }) }
        let wanted = choices.loader ?? before?.loader
        var fitting = search.found.filter { wanted == nil || $0.0.kind == wanted }
        if choices.boot == nil && fitting.contains(where: { $0.1 == known }) { fitting = fitting.filter { $0.1 == known } }
        if fitting.count > 1, let before, fitting.contains(where: { $0.0.folder == before.loaderFolder }) {
            fitting = fitting.filter { $0.0.folder == before.loaderFolder }
        }
        // It reads the ESP and, where there is one, XBOOTLDR, which is for the entries.
        if fitting.count > 1, fitting.allSatisfy({ $0.0.kind == .systemdBoot }) { fitting = fitting.filter { $0.0.hasEntries } }
        if fitting.isEmpty, let chosen = choices.boot, let one = try around(chosen), wanted == nil || one.0.kind == wanted { return one }
        if fitting.count == 1 { return fitting[0] }
        let seen = search.found.map { "\($0.0.kind.title) in '\($0.1)\($0.0.folder)'" }.joined(separator: ", ")
        if fitting.isEmpty { throw search.failure(wanted, in: folders, seen, isAsked: choices.loader != nil) }
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
}

/// The boot loaders that were found in some folders.
private struct LoaderSearch {
    /// Folders that a person named, or that were set up: what cannot be read there is an error.
    let asked: [String?]
    /// Each with the place of its partition.
    private(set) var found: [(InstalledLoader, String)] = []
    /// Where nothing could be looked for, and why.
    private(set) var unread: [String] = []

    init(asked: [String?]) { self.asked = asked }

    mutating func look(in folders: [String]) throws(Failure) {
        for folder in folders {
            guard let tree = try? Directory(opening: folder) else { continue }
            let place = try tree.place()
            let all: [InstalledLoader]
            do throws(Failure) { all = try InstalledLoader.all(in: tree) } catch {
                // What nobody chose is no obstacle.
                if asked.contains(folder) { throw error }
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

    /// What to say where none of those that were `seen` fits.
    func failure(_ wanted: BootLoader?, in folders: [String], _ seen: String, isAsked: Bool) -> Failure {
        Failure(
            "could not find \(wanted?.title ?? "rEFInd, GRUB or systemd-boot") in \(folders.map { "'\($0)'" }.joined(separator: ", "))",
            hint: unread.map { "\($0); " }.joined() + (seen.isEmpty ? "" : "there is \(seen); ")
                + (!isAsked && found.count == 1 ? "'--loader \(found[0].0.kind.rawValue)' takes it; " : "")
                + "mount its partition and say where: --boot DIR; '--loader print' prints the entry for any other")
    }
}

extension InstalledLoader {
    fileprivate var hasEntries: Bool { menuFolders.allSatisfy { (try? directory.directory(at: $0)) != nil } }
}
