package import Basics
package import Boot

extension ImageFiles {
    /// Where a shared library for x86-64 is; nil where it is in none of the usual places.
    package func sharedLibrary(_ name: String) throws(Failure) -> Path? {
        let folders = ["lib64", "lib/x86_64-linux-gnu", "usr/lib64", "usr/lib/x86_64-linux-gnu", "lib", "usr/lib"]
        for path in folders.compactMap({ Path("\($0)/\(name)") }) where try target(of: path) != nil { return path }
        return nil
    }
}

/// Trees that are laid over each other: the first that has a file has it for all.
extension [ImageFiles] {
    /// A file, which is not larger than a list of people or mounts is; nil where none has it, and where it cannot be read: a directory or a
    /// device in its place says nothing.
    func contents(of path: Path) throws(Failure) -> [UInt8]? {
        for tree in self where try tree.status(of: path) != nil {
            return try? tree.contents(of: path, limit: 1 << 20)
        }
        return nil
    }

    package func have(oneOf paths: [Path]) throws(Failure) -> Bool {
        for path in paths {
            for tree in self where try tree.status(of: path) != nil { return true }
        }
        return false
    }

    /// The lines of their fstab.
    func mounts() throws(Failure) -> [MountsFile.Line] {
        try contents(of: "etc/fstab").map { content throws(Failure) in try MountsFile(parsing: content).lines } ?? []
    }
}
