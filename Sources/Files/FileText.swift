package import Basics

extension Directory {
    /// The content of a text file; empty where there is nothing. What is not UTF-8 is repaired. Fails as `contents` does.
    package func text(of path: Path) throws(Failure) -> String { String(decoding: try contents(of: path) ?? [], as: UTF8.self) }
}

/// The content of a text file of the running system, such as those of /proc; empty where it cannot be read. What is not UTF-8 is repaired.
package func fileText(_ path: String) -> String { String(decoding: (try? fileContents(path)) ?? [], as: UTF8.self) }
