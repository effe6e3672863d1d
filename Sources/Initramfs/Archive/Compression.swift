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

    /// `name` is what messages call the data.
    func decompress(_ bytes: [UInt8], name: String) async throws(Failure) -> [UInt8] {
        let limit = Self.limit(packed: bytes.count)
        let bytes = withoutFilling(bytes)
        if let output = try decompressedHere(bytes, name: name, limit: limit) { return output }
        let outcome = try await run(["-d", "-c"], on: bytes, "read '\(name)'", limit: limit)
        // Status 2 is a warning of gzip's: something follows the data, padding for example.
        if outcome.status == 0 || self == .gzip && outcome.status == 2 { return outcome.output }
        throw Failure("could not read '\(name)': \(program) could not decompress it: \(outcome.complaint)")
    }

    /// Without the zeros that fill a file up, as each of several in a unified kernel image: the kernel passes over them, and not each decoder
    /// does. Those of zstd and gzip are found by what undoes these.
    private func withoutFilling(_ bytes: [UInt8]) -> [UInt8] {
        switch self {
        // A stream ends in `YZ`.
        case .xz: return Array(bytes[...(bytes.lastIndex { $0 != 0 } ?? 0)])
        // The old format is blocks, each with its size.
        case .lz4 where bytes.starts(with: magics[1]):
            var end = 4
            while let size = bytes.number(at: end, size: 4), size > 0, end + 4 + size <= bytes.count { end += 4 + size }
            return bytes[end...].allSatisfy { $0 == 0 } ? Array(bytes[..<end]) : bytes
        default: return bytes
        }
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
    private static func limit(packed: Int) -> Int { min((64 << 20) + 64 * packed, InitramfsImage.largest) }

    private func run(_ options: [String], on bytes: [UInt8], _ what: String, limit: Int) async throws(Failure) -> ProgramOutcome {
        do throws(Failure) {
            if let outcome = try await runProgram([program] + options, input: bytes, limit: limit) { return outcome }
        } catch {
            throw Failure("could not \(what): \(error.message)")
        }
        throw Failure("could not \(what): there is no program '\(program)' for its compression", hint: "install the package '\(program)'")
    }
}
