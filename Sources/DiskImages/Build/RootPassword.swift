internal import Basics

/// What passwd(5) and shadow(5) have of a root that logs in by a password.
enum RootPassword {
    /// The image's lines, with root's password in shadow(5) and nowhere else. `shell` is given to a root that has none which `isProgram`
    /// knows; nil leaves it.
    static func passwd(
        _ content: [UInt8], shell: String? = nil, isProgram: (String) throws(Failure) -> Bool = { _ in true }
    ) throws(Failure) -> [UInt8] {
        var lines = lines(content)
        let index = lines.firstIndex(where: isRoots)
        if index == nil && shell == nil { return content }
        var fields = index.map { String(decoding: lines[$0], as: UTF8.self).parts(at: ":", omittingEmpty: false) } ?? []
        if fields.count != 7 { fields = ["root", "x", "0", "0", "root", "/root", shell ?? ""] }
        fields[1] = "x"
        // Without one, login(1) takes /bin/sh.
        if let shell, try !isProgram(fields[6].isEmpty ? "/bin/sh" : fields[6]) { fields[6] = shell }
        let line = Array(fields.joined(separator: ":").utf8)[...]
        if let index { lines[index] = line } else { lines.insert(line, at: 0) }
        return text(lines)
    }

    /// The image's lines, with root's first.
    static func shadow(_ content: [UInt8], hash: String) -> [UInt8] {
        text([Array(line(hash).utf8)[...]] + lines(content).filter { !isRoots($0) })
    }

    static func line(_ hash: String) -> String { "root:\(hash):20000:0:99999:7:::" }

    /// Names of others may be of any bytes, and stay as they are.
    private static func lines(_ content: [UInt8]) -> [ArraySlice<UInt8>] { content.split(separator: 0x0a) }

    private static func isRoots(_ line: ArraySlice<UInt8>) -> Bool { line.starts(with: "root:".utf8) }

    private static func text(_ lines: [ArraySlice<UInt8>]) -> [UInt8] { Array(lines.map { $0 + [0x0a] }.joined()) }
}

/// What a file says of root's password. It is read when the disk is planned: what is wrong with it is said before anything is written.
struct GivenPassword {
    let file: String
    private let line: [UInt8]
    /// Whether it is `$id$salt$hash` already, as crypt(5) has it.
    let isHash: Bool

    /// How crypt(5) calls them.
    private static let methods = ["1", "2a", "2b", "2x", "2y", "3", "5", "6", "7", "gy", "md5", "sha1", "sm3", "y"]
    /// openssl-passwd(1) takes no more, and does not say so.
    private static let longest = 256

    init(in file: String) throws(Failure) {
        guard let content = try fileContents(file) else { throw Failure("could not open '\(file)': it is not there") }
        // An editor of Windows ends a line by two characters.
        let line = Array(content.prefix { $0 != 0x0a && $0 != 0x0d })
        if line.isEmpty { throw Failure("could not use '\(file)': its first line is empty") }
        let parts = line.split(separator: UInt8(ascii: "$"), omittingEmptySubsequences: false)
        let looksLikeHash = parts.count >= 4 && parts[0].isEmpty && !parts[1].isEmpty
        // Its method may have parameters behind a comma.
        let method = String(decoding: parts.dropFirst().first?.prefix { $0 != UInt8(ascii: ",") } ?? [], as: UTF8.self)
        isHash = looksLikeHash && Self.methods.contains(method)
        if isHash, !line.allSatisfy({ (0x21...0x7e).contains($0) && $0 != UInt8(ascii: ":") }) {
            throw Failure("could not use '\(file)': it is no hash of a password", hint: "crypt(5) says what one has")
        }
        if looksLikeHash && !isHash {
            throw Failure(
                "could not use '\(file)': it may be a password, or a hash by a method '\(method)' that is not known",
                hint: "put the hash of 'openssl passwd -6' into the file")
        }
        if line.starts(with: "root:".utf8) {
            throw Failure(
                "could not use '\(file)': it is a line of shadow(5)", hint: "leave the hash alone: what is between the first two ':'")
        }
        if !isHash && line.count > Self.longest {
            throw Failure("could not use '\(file)': the password has more than \(Self.longest) bytes", hint: "put its hash into the file")
        }
        self.file = file
        self.line = line
    }

    func hash() async throws(Failure) -> String {
        if isHash { return String(decoding: line, as: UTF8.self) }
        let output = try await Tools.run(["openssl", "passwd", "-6", "-stdin"], input: line + [0x0a], to: "hash root's password")
        return String(decoding: output.prefix { $0 != 0x0a }, as: UTF8.self)
    }
}
