internal import Basics

/// A directory that is the same in each root: `setup --data /home`.
struct DataDirectory {
    let place: Path
    /// From the top level.
    let subvolume: Path

    /// On the top level.
    static let folder: Path = "docker_data"

    /// The one that was asked for.
    init(_ text: String) throws(Failure) {
        guard text.hasPrefix("/"), let place = Path(text) else {
            throw Failure(
                "could not keep '\(text)' as data: it has to be a path that begins with '/' and has no '..' in it",
                hint: "for example --data /home")
        }
        if place.isTop {
            throw Failure("could not keep '/' as data: each root has its own", hint: "name the directories that stay: --data /home")
        }
        if place.bytes.contains(UInt8(ascii: ",")) {
            throw Failure("could not keep '\(text)' as data: mount options cannot name what has a comma", hint: "give it another name")
        }
        self.place = place
        subvolume = Self.folder.appending(display(place.bytes).escaping("/", as: "-"))
    }

    /// Whether a line mounts one, as setup writes it.
    static func isMounted(by line: MountsFile.Line) -> Bool {
        guard line.type == "btrfs", let subvolume = line.subvolume else { return false }
        return (try? DataDirectory(line.target))?.subvolume == subvolume
    }

    /// Fails where an image, or each boot, has a directory of its own. One that is the same in each root already, by an earlier version, stays it.
    static func check(new place: Path) throws(Failure) {
        let first = place.components.first.map { display($0) } ?? ""
        let isPackages = (["var/lib/dpkg", "var/lib/rpm", "var/lib/pacman"] as [Path]).contains { place.isWithin($0) }
        let isOwn = place.isBelow("usr/local") || place.isWithin("usr/src")
        let isProgram = ["bin", "sbin", "lib", "lib32", "lib64", "libx32"].contains(first) || first == "usr" && !isOwn
        let reason: String
        if FilesystemTable.isOfImages(place.description) || isProgram || isPackages || place == "etc" {
            reason = "each image has its own"
        } else if ["dev", "proc", "sys", "run", "tmp", "boot"].contains(first) || place.isWithin("var/run") {
            reason = "each boot has its own"
        } else {
            return
        }
        throw Failure(
            "could not keep '\(place)' as data: \(reason)", hint: "name the directories that stay, as --data /home or --data /var/lib/mysql"
        )
    }
}
