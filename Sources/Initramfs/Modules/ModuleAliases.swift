internal import CLinux

/// The patterns of modules.alias: `alias pci:v00008086d*… ahci`.
struct ModuleAliases {
    private struct Alias {
        let pattern: [CChar]
        let module: String
    }

    /// By what stands before the colon, since there are tens of thousands; of `acpi*:` by what stands before the pattern.
    private var aliases: [Substring: [Alias]] = [:]

    init(_ lines: [Substring]) {
        for line in lines {
            let words = line.split(separator: " ")
            guard words.count == 3, words[0] == "alias" else { continue }
            let alias = Alias(pattern: Array(String(words[1]).utf8CString), module: String(words[2]))
            aliases[Self.bus(words[1]), default: []].append(alias)
        }
    }

    private static func bus(_ alias: Substring) -> Substring {
        alias.contains(":") ? alias.prefix { !":*?[".contains($0) } : ""
    }

    /// The names of the modules that one of their patterns matches, in the order of the file.
    func modules(for name: String) -> [String] {
        let text = Array(name.utf8CString)
        return (aliases[Self.bus(Substring(name))] ?? []).filter { fnmatch($0.pattern, text, 0) == 0 }.map(\.module)
    }
}
