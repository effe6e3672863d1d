public import Basics

/// A kernel command line as words, each as the kernel gets it (`next_arg` in lib/cmdline.c), quotes included.
public struct KernelOptions: Equatable, Sendable, CustomStringConvertible {
    public let words: [String]

    /// Fails where the text cannot be part of a line: control characters, or quotes that do not end.
    public init(_ text: String) throws(Failure) {
        if text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7f }) {
            throw Failure("could not use '\(display(text.utf8))' as kernel options: there are control characters in it")
        }
        var words: [String] = []
        var word = ""
        var isQuoted = false
        for character in text.unicodeScalars {
            if character == "\"" { isQuoted.toggle() }
            if character == " " && !isQuoted {
                if !word.isEmpty { words.append(word) }
                word = ""
            } else {
                word.unicodeScalars.append(character)
            }
        }
        if isQuoted { throw Failure("could not use '\(text)' as kernel options: a quote does not end") }
        self.words = word.isEmpty ? words : words + [word]
    }

    private init(words: [String]) {
        self.words = words
    }

    /// A key and its value, in quotes where it has spaces. Fails on a value that the kernel's grammar has no way to write.
    public init(_ key: String, _ value: String) throws(Failure) {
        if value.has("\"") {
            throw Failure("could not write '\(key)=\(value)' on a kernel command line: there is a quote in it")
        }
        try self.init(value.has(" ") ? "\(key)=\"\(value)\"" : "\(key)=\(value)")
    }

    public static let none = KernelOptions(words: [])

    public static func + (first: KernelOptions, second: KernelOptions) -> KernelOptions {
        KernelOptions(words: first.words + second.words)
    }

    /// Without the parameters of some keys, and without some words.
    public func without(_ isDropped: (_ key: Substring) -> Bool) -> KernelOptions {
        KernelOptions(words: words.filter { !isDropped(Self.key(of: $0)) })
    }

    /// What `init=` names; nil where that is not said.
    package var initProgram: Path? {
        words.last { Self.key(of: $0) == "init" }.flatMap { $0.escaping("\"", as: "").after("init=").flatMap { Path($0) } }
    }

    public var description: String { words.joined(separator: " ") }

    private static func key(of word: String) -> Substring {
        Substring(word.parts(at: "=", maxSplits: 1, omittingEmpty: false)[0]).drop { $0 == "\"" }
    }

    /// The words without the quotes, which hold each together: GRUB puts its own around what has spaces.
    var unquoted: [String] { words.map { $0.escaping("\"", as: "") } }
}

extension KernelOptions {
    /// What a machine's own command line has beside what says which root is booted: consoles, LUKS, quirks.
    ///
    /// Boot loaders add BOOT_IMAGE= and initrd=. A repair mode is of one boot only. Which security module there is belongs to the system that
    /// is booted: systemd stops at once where SELinux is to be enforced and there is no policy.
    public var ofTheMachine: KernelOptions {
        let root: Set<Substring> = ["ro", "rw"]
        let once = repairWords + ["systemd.unit", "rd.systemd.unit", "init", "rdinit", "noresume"]
        let security: Set<Substring> = ["security", "lsm", "selinux", "enforcing", "apparmor"]
        // What follows is for an init.
        let own = KernelOptions(words: Array(words.prefix { $0 != "--" }))
        return own.withoutThoseOfEntries.without { key in
            let plain = Self.plain(key)
            return root.contains(key) || once.contains(String(key)) || security.contains(key) || plain.hasPrefix("docker_")
                || plain.hasPrefix("toplayer")
        }
    }

    /// The words that each entry, or its boot loader, writes itself.
    private var ofEntries: KernelOptions { without { !Self.isOfEntries($0) } }

    private var withoutThoseOfEntries: KernelOptions { without(Self.isOfEntries) }

    /// What a person adds to each entry. Fails where that would say otherwise than the entry which root is booted.
    public init(toAdd text: String) throws(Failure) {
        try self.init(text)
        guard let word = ofEntries.words.first else { return }
        if Self.key(of: word) == "rootflags" {
            throw Failure(
                "could not use '\(word)' in the options: each entry says by itself which subvolume is mounted",
                hint: "how that is mounted is an option of its own: docker-btrfs setup --rootflags noatime,compress=zstd")
        }
        throw Failure(
            "could not use '\(word)' in the options: each entry says by itself what is booted",
            hint: "leave it out: --options '\(withoutThoseOfEntries)'")
    }

    private static func isOfEntries(_ key: Substring) -> Bool {
        let keys: Set<Substring> = [
            "BOOT_IMAGE", "initrd", "root", "rootflags", "rootfstype", "docker_image", "docker_deployed", "docker_path", "toplayer",
            "toplayer_path",
        ]
        return keys.contains(plain(key))
    }

    /// With `_` for `-`, which are the same to the kernel and to systemd.
    private static func plain(_ key: Substring) -> Substring { key.replacing("-", with: "_")[...] }
}
