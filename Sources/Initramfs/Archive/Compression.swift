internal import Basics
internal import Programs

/// How a file is compressed. The system's programs undo what this program does not itself: such an initramfs is read on a system that
/// can make one.
public enum Compression: String, CaseIterable, Sendable {
    case gzip, xz, zstd, lz4, lzma, bzip2, lzo

    /// What compressed data begins with.
    private var magics: [[UInt8]] {
        switch self {
        case .gzip: [[0x1f, 0x8b]]
        case .xz: [[0xfd, 0x37, 0x7a, 0x58, 0x5a, 0]]
        case .zstd: [[0x28, 0xb5, 0x2f, 0xfd]]
        // The second is the old format, the only one that the kernel takes.
        case .lz4: [[0x04, 0x22, 0x4d, 0x18], [0x02, 0x21, 0x4c, 0x18]]
        case .lzma: [[0x5d, 0, 0]]
        case .bzip2: [[0x42, 0x5a, 0x68]]
        case .lzo: [[0x89, 0x4c, 0x5a, 0x4f, 0]]
        }
    }

    /// nil for data that begins like none of them.
    init?(of bytes: some Collection<UInt8>) {
        guard let found = Self.allCases.first(where: { $0.magics.contains { bytes.starts(with: $0) } }) else { return nil }
        self = found
    }

    private var program: String { self == .lzo ? "lzop" : rawValue }

    /// All of it: streams that follow one another, and zeros that fill it up. `name` is what messages call the data.
    func decompress(_ bytes: [UInt8], name: String) async throws(Failure) -> [UInt8] {
        let limit = Self.limit(packed: bytes.count)
        var output: [UInt8] = []
        var rest = bytes[...]
        repeat {
            let (content, behind) = try await decompressFirst(rest, name: name, limit: limit, after: output.count)
            output += content
            rest = behind.drop { $0 == 0 }
        } while Self(of: rest) == self
        if !rest.isEmpty { throw isDamaged("read '\(name)'") }
        return output
    }

    /// The first stream alone, as the kernel goes about it, and what follows that. `limit` is of all that is unpacked: `before` bytes were
    /// already.
    func decompressFirst(
        _ bytes: ArraySlice<UInt8>, name: String, limit: Int, after before: Int
    ) async throws(Failure) -> (content: [UInt8], rest: ArraySlice<UInt8>) {
        if let found = try decompressedHere(bytes, name: name, limit: limit, after: before) {
            return (found.content, bytes.dropFirst(found.taken))
        }
        let stream = try firstStream(of: bytes, name: name)
        let outcome = try await run(["-d", "-c"], on: Array(stream), "read '\(name)'", limit: limit - before)
        if outcome.status == 0 { return (outcome.output, bytes[stream.endIndex...]) }
        throw Failure("could not read '\(name)': \(program) could not decompress it: \(outcome.complaint)")
    }

    /// What a program gets to undo. Only in the old format of lz4 it can be seen where a stream ends.
    private func firstStream(of bytes: ArraySlice<UInt8>, name: String) throws(Failure) -> ArraySlice<UInt8> {
        let magic = magics.last ?? []
        guard self == .lz4, bytes.starts(with: magic) else { return bytes }
        // Blocks, each with its size. Where that is zero, they end. The kernel takes all but another stream for a block.
        var end = 4
        while let size = bytes.smallNumber(at: end, UInt32.self), size > 0, !bytes.dropFirst(end).starts(with: magic) {
            end += 4 + size
            if end <= bytes.count { continue }
            throw Failure("could not read '\(name)': what lz4 compressed is cut off, or lacks four zeros before what follows it")
        }
        return bytes.prefix(end)
    }

    /// Small, in a form that the kernel takes, the same for the same bytes.
    func compress(_ bytes: [UInt8], name: String) async throws(Failure) -> [UInt8] {
        if let output = try compressedHere(bytes, name: name, limit: InitramfsImage.largest) { return output }
        let options =
            switch self {
            case .gzip: ["-9", "-n", "-c"]
            case .lz4: ["-9", "-l", "-c"]
            default: ["-9", "-c"]
            }
        let outcome = try await run(options, on: bytes, "write '\(name)'", limit: InitramfsImage.largest)
        if outcome.status == 0 { return outcome.output }
        throw Failure("could not write '\(name)': \(program) could not compress it: \(outcome.complaint)")
    }

    /// In bytes. No program and no firmware becomes 64 times smaller; what pretends to is there to fill the memory.
    static func limit(packed: Int) -> Int { min((64 << 20) + 64 * packed, InitramfsImage.largest) }

    private func run(_ options: [String], on bytes: [UInt8], _ what: String, limit: Int) async throws(Failure) -> ProgramOutcome {
        do throws(Failure) {
            if let outcome = try await runProgram([program] + options, input: bytes, limit: limit) { return outcome }
        } catch {
            throw Failure("could not \(what): \(error.message)")
        }
        throw Failure("could not \(what): there is no program '\(program)' for its compression", hint: "install the package '\(program)'")
    }
}
