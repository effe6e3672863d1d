/// The parameters of a kernel command line, split as the kernel itself splits it (`next_arg` in lib/cmdline.c).
///
/// Double quotes hold words together, around a value (`key="a b"`) or around the whole parameter (`"key=a b"`, as GRUB writes
/// it). What follows a lone `--` is for init and not for the kernel, nor for us.
public struct KernelCommandLine: Equatable, Sendable {
    public struct Parameter: Equatable, Sendable {
        public let key: String
        /// nil for a parameter without `=`.
        public let value: String?

        /// The key with `_` for `-`, which are the same to the kernel and to systemd.
        var plain: String {
            String(decoding: key.utf8.map { $0 == UInt8(ascii: "-") ? UInt8(ascii: "_") : $0 }, as: UTF8.self)
        }
    }

    public let parameters: [Parameter]

    public init(_ text: some Sequence<UInt8>) {
        var parameters: [Parameter] = []
        for word in Self.words(of: text) {
            let parameter = Self.parameter(word)
            if parameter.key == "--" && parameter.value == nil { break }
            parameters.append(parameter)
        }
        self.parameters = parameters
    }

    private init(parameters: [Parameter]) {
        self.parameters = parameters
    }

    /// This line followed by another one, whose keys replace the same keys of this one, however often each has them.
    package func overridden(by later: KernelCommandLine) -> KernelCommandLine {
        let keys = later.parameters.map { $0.plain }
        return KernelCommandLine(parameters: parameters.filter { !keys.contains($0.plain) } + later.parameters)
    }

    /// The last parameter of that key: on a kernel command line the last one wins.
    public func last(_ key: Key) -> Parameter? {
        parameters.last { key.names($0) }
    }

    /// The value of the last parameter of that key; nil where it is absent, empty or has no value.
    func value(_ key: Key) -> String? {
        guard let value = last(key)?.value, !value.isEmpty else { return nil }
        return value
    }

    /// Every value of a key, in order.
    func values(_ key: Key) -> [String] {
        parameters.filter { key.names($0) }.compactMap { $0.value }
    }

    /// What is not for the next kernel.
    private static let ofLoader = ["docker_kernel", "BOOT_IMAGE", "initrd"]

    /// The line of a kernel that is started by the one that has this line: word for word, but for what a boot loader said of its own
    /// files, and for the key that asks for it, which says now that it was done.
    public static func next(after text: [UInt8]) -> [UInt8] {
        var line = Array("docker_kernel=started".utf8)
        var isForInit = false
        for word in words(of: text) {
            let parameter = parameter(word)
            isForInit = isForInit || parameter.key == "--" && parameter.value == nil
            if isForInit || !ofLoader.contains(parameter.plain) { line += [UInt8(ascii: " ")] + word }
        }
        return line
    }

    private static let quote = UInt8(ascii: "\"")

    private static func words(of text: some Sequence<UInt8>) -> [[UInt8]] {
        var words: [[UInt8]] = []
        var word: [UInt8] = []
        var quoted = false
        for byte in text {
            if byte == quote { quoted.toggle() }
            if !quoted && isSpace(byte) {
                if !word.isEmpty { words.append(word) }
                word = []
            } else {
                word.append(byte)
            }
        }
        return word.isEmpty ? words : words + [word]
    }

    private static func parameter(_ word: [UInt8]) -> Parameter {
        let isQuoted = word.first == quote
        let rest = isQuoted ? word.dropFirst() : word[...]
        // A parameter has a key: a `=` in the first place belongs to it.
        guard let equals = rest.dropFirst().firstIndex(of: UInt8(ascii: "=")) else {
            return Parameter(key: String(decoding: isQuoted ? unended(rest) : rest, as: UTF8.self), value: nil)
        }
        var value = rest[(equals + 1)...]
        if value.first == quote {
            value = unended(value.dropFirst())
        } else if isQuoted {
            value = unended(value)
        }
        return Parameter(
            key: String(decoding: rest[..<equals], as: UTF8.self),
            value: String(decoding: value, as: UTF8.self)
        )
    }

    /// Without one quote at the end, if there is one.
    private static func unended(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        bytes.last == quote ? bytes.dropLast() : bytes
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || (0x09...0x0d).contains(byte)
    }
}
