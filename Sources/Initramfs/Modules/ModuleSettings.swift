internal import Basics
internal import Files

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
        take(try tree.contents(of: modules.folder / "modules.softdep") ?? [])
        for file in try Self.files(in: tree) { take(try tree.contents(of: file) ?? []) }
    }

    /// The files of modprobe.d that libkmod reads; one in /etc takes the place of the one with its name in /usr/lib. A link to /dev/null
    /// does so too, which an image's tree need not have; a directory and a link to nothing do not.
    private static func files(in tree: Directory) throws(Failure) -> [Path] {
        var found: [[UInt8]: Path] = [:]
        for folder in ["lib/modprobe.d", "usr/local/lib/modprobe.d", "etc/modprobe.d"] as [Path] {
            for name in try tree.directory(at: folder)?.names(where: isTaken) ?? [] {
                let path = folder.appending(name: name)
                switch try tree.target(of: path)?.kind {
                case .file: found[name] = path
                case .other: found[name] = nil
                case nil where try tree.linkTarget(of: path) == "/dev/null": found[name] = nil
                case .directory, .symlink, nil: break
                }
            }
        }
        return found.sortedByBytes { $0.key }.map(\.value)
    }

    private static func isTaken(_ name: [UInt8]) -> Bool {
        name.first != UInt8(ascii: ".") && name.suffix(5).elementsEqual(".conf".utf8)
    }

    /// A backslash joins two lines, or says nothing.
    private static func lines(_ content: [UInt8]) -> [String] {
        var joined: [UInt8] = []
        var isEscaped = false
        for byte in content {
            let escapes = byte == UInt8(ascii: "\\") && !isEscaped
            if !escapes && !(isEscaped && byte == UInt8(ascii: "\n")) { joined.append(byte) }
            isEscaped = escapes
        }
        return joined.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }.filter { !$0.hasPrefix("#") }
    }

    private mutating func take(_ content: [UInt8]) {
        for line in Self.lines(content) {
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
