/// An entry of a boot menu, as its loader reads it.
struct FoundEntry {
    /// The kernel first, then what is loaded with it: paths on the partition that the loader reads kernels from.
    let files: [String]
    let options: String
    /// systemd-boot takes the highest one.
    var version = 0

    /// The image's id, 64 digits.
    var image: String? {
        options.split(separator: " ").first { $0.hasPrefix("docker_deployed=") }.map { String($0.dropFirst("docker_deployed=".count)) }
    }

    /// Whether it boots the root that has a name, as it is.
    var isNamedRoot: Bool { image == nil && options.split(separator: " ").contains("rootflags=subvol=\(DeployHistory.named)") }

    private init?(_ files: [String], options: String, version: Int = 0) {
        self.files = files
        self.options = options
        self.version = version
        if files.count < 2 || !(image.map { $0.count == 64 } ?? isNamedRoot) { return nil }
    }
}

/// Each reads a file as a whole, and gives nil for one that is not whole.
extension FoundEntry {
    private static let head = "# Written by docker-btrfs, which replaces this file as a whole."

    private static func lines(_ text: String) -> ArraySlice<String>? {
        guard text.hasSuffix("\n") else { return nil }
        let lines = text.split(separator: "\n").map { line in String(line.drop { $0 == " " }) }
        return lines.first == head ? lines.dropFirst() : nil
    }

    /// What stands after a key, without quotes and with slashes.
    private static func value(_ line: String, _ key: String) -> String? {
        guard line.hasPrefix(key + " ") else { return nil }
        return line.dropFirst(key.count).drop { $0 == " " }.filter { $0 != "\"" && $0 != "'" }.replacing("\\", with: "/")
    }

    static func refind(_ text: String) -> [FoundEntry]? {
        guard var lines = lines(text) else { return nil }
        var found: [FoundEntry] = []
        while let line = lines.popFirst() {
            if line.hasPrefix("default_selection ") { return lines.isEmpty && found.count == 1 ? found : nil }
            guard line.hasPrefix("menuentry "), line.hasSuffix(" {"), lines.count > 4,
                let kernel = lines.dropFirst().first.flatMap({ value($0, "loader") }),
                let initrd = lines.dropFirst(2).first.flatMap({ value($0, "initrd") }),
                let options = lines.dropFirst(3).first.flatMap({ value($0, "options") }),
                lines.dropFirst(4).first == "}", let entry = FoundEntry([kernel, initrd], options: options)
            else { return nil }
            found.append(entry)
            lines = lines.dropFirst(5)
        }
        return found
    }

    static func grub(_ text: String) -> [FoundEntry]? {
        guard let lines = lines(text) else { return nil }
        var found: [FoundEntry] = []
        var kernel: [Substring] = []
        for line in lines {
            if let words = value(line, "linux")?.split(separator: " ") { kernel = words }
            guard let initrd = value(line, "initrd"), let path = kernel.first else { continue }
            guard let entry = FoundEntry([String(path), initrd], options: kernel.dropFirst().joined(separator: " ")) else { return nil }
            found.append(entry)
        }
        return lines.count { $0.hasPrefix("menuentry ") } == found.count ? found : nil
    }

    static func systemdBoot(_ text: String) -> FoundEntry? {
        guard let lines = lines(text) else { return nil }
        let values = { (key: String) in lines.compactMap { value($0, key) } }
        guard let version = values("version").first.flatMap({ Int($0) }), let options = values("options").first else { return nil }
        return FoundEntry(values("linux") + values("initrd"), options: options, version: version)
    }
}
