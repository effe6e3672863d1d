internal import Basics

/// The packages that a system has, by the database of its package manager.
struct PackageSet {
    enum Manager { case dpkg, pacman }

    let manager: Manager
    /// By their names.
    let packages: [String: Package]

    /// Reads the database in a system's tree; nil where there is none that is known. Fails where it cannot be read.
    init?(in tree: Directory) throws(Failure) {
        if let packages = try Self.debian(in: tree) {
            (manager, self.packages) = (.dpkg, packages)
        } else if let packages = try Self.pacman(in: tree) {
            (manager, self.packages) = (.pacman, packages)
        } else {
            return nil
        }
    }
}

struct Package: Equatable {
    /// As the package manager's commands take it.
    let name: String
    let version: String
    /// Whether it came for another one's sake.
    let isDependency: Bool
    /// What it needs: of each list one.
    let needs: [[String]]
    /// What others need it as.
    let provides: [String]
    /// The file that lists what is in it, from the system's top.
    let list: Path
    /// The MD5 digests of its configuration files, as it came.
    let digests: [Path: String]
}

extension Package {
    /// Only what can stand in a command as it is, and is no option: the database is a file that anybody may have written.
    static func isName(_ name: String) -> Bool {
        name.utf8.first.map(isAlphanumeric) == true && name.utf8.allSatisfy { isAlphanumeric($0) || "+-._@:".utf8.contains($0) }
    }
}
