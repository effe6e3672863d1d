internal import Basics

/// What modules.softdep and modprobe.d(5) say beside the modules' own dependencies.
struct ModuleSettings {
    struct SoftDependencies {
        var before: [String] = []
        var after: [String] = []
    }

    private(set) var softDependencies: [String: SoftDependencies] = [:]
    /// Parameters, by the module's name.
    private(set) var options: [String: [Substring]] = [:]
    /// What is not loaded because a device asks for it.
    private(set) var blacklist: Set<String> = []

    init(for modules: KernelModules, in tree: Directory) throws(Failure) {
        take(try KernelModules.lines(of: modules.folder / "modules.softdep", in: tree) ?? [])
        for file in try Self.files(in: tree) { take(try KernelModules.lines(of: file, in: tree) ?? []) }
    }

    /// The files of modprobe.d; one in /etc takes the place of the one with its name in /usr/lib.
    private static func files(in tree: Directory) throws(Failure) -> [Path] {
        var found: [[UInt8]: Path] = [:]
        for folder in ["lib/modprobe.d", "usr/local/lib/modprobe.d", "etc/modprobe.d"] as [Path] {
            for name in try tree.directory(at: folder)?.names() ?? [] where name.suffix(5).elementsEqual(".conf".utf8) {
                found[name] = folder.appending(name: name)
            }
        }
        return found.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map(\.value)
    }

    private mutating func take(_ lines: [Substring]) {
        for line in lines {
            let words = line.split { $0 == " " || $0 == "\t" }
            guard words.count > 1 else { continue }
            let name = KernelModules.normal(words[1])
            switch words[0] {
            case "options": options[name, default: []] += words.dropFirst(2)
            case "blacklist": blacklist.insert(name)
            case "softdep": takeSoftDependencies(of: name, words.dropFirst(2))
            default: break
            }
        }
    }

    /// Without `pre:` or `post:` before it, a word says nothing.
    private mutating func takeSoftDependencies(of name: String, _ words: ArraySlice<Substring>) {
        var list: WritableKeyPath<SoftDependencies, [String]>?
        for word in words {
            switch word {
            case "pre:": list = \.before
            case "post:": list = \.after
            default: if let list { softDependencies[name, default: .init()][keyPath: list].append(String(word)) }
            }
        }
    }
}
