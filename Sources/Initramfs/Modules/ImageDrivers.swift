package import Basics
package import Boot

extension ImageFiles {
    /// Those of some modules, by the names that lsmod(8) shows, that a kernel of the image has: in it, or in a file that is there. What made the
    /// image smaller may have left modules.dep as it was.
    package func modules(of release: String, among asked: Set<String>) throws(Failure) -> Set<String> {
        var found: Set<String> = []
        for folder in Self.modulesFolders.map({ $0.appending(release) }) {
            for (index, isBuiltIn) in [("modules.builtin", true), ("modules.dep", false)] as [(Path, Bool)] {
                let content = try contents(of: folder / index, limit: 64 << 20) ?? []
                for line in content.split(separator: UInt8(ascii: "\n")) {
                    let file = line.prefix { $0 != UInt8(ascii: ":") }
                    let name = KernelModules.name(ofFile: display(file))
                    guard asked.contains(name), !found.contains(name) else { continue }
                    let isThere = isBuiltIn ? true : try target(of: folder / (Path(file) ?? .top)) != nil
                    if isThere { found.insert(name) }
                }
            }
        }
        return found
    }
}
