public import Basics
internal import CCompression
internal import CLinux

/// A file that gzip or zstd compressed, or nothing did, read from its beginning to its end.
public final class CompressedFile {
    private enum Source {
        /// libz hands out what is not compressed as it is.
        case gzip(gzFile)
        case zstd(Int32, ZstdDecoder)
    }

    private let source: Source
    private let name: String
    private var packed: [UInt8] = []
    /// Where in `packed` that begins which was not decoded yet.
    private var start = 0

    /// nil where there is no such file.
    public init?(at path: Path, in directory: Directory) throws(Failure) {
        name = directory.show(path)
        guard let opened = try directory.open(path, O_RDONLY | O_NONBLOCK, what: "open") else { return nil }
        var magic = [UInt8](repeating: 0, count: 4)
        let isWhole = pread(opened, &magic, 4, 0) == 4
        // A frame, or one to be skipped before it.
        if isWhole && (magic == [0x28, 0xb5, 0x2f, 0xfd] || magic[0] & 0xf0 == 0x50 && magic[1...] == [0x2a, 0x4d, 0x18]) {
            guard let decoder = ZstdDecoder() else {
                close(opened)
                throw Failure("could not read '\(name)': there is no memory to decompress it")
            }
            source = .zstd(opened, decoder)
        } else if let file = gzdopen(opened, "rb") {
            gzbuffer(file, UInt32(Self.pieceSize))
            source = .gzip(file)
        } else {
            close(opened)
            throw Failure("could not read '\(name)': there is no memory to decompress it")
        }
    }

    deinit {
        switch source {
        case .gzip(let file): gzclose_r(file)
        case .zstd(let file, _): close(file)
        }
    }

    private static let pieceSize = 1 << 17

    /// Fills a part of a buffer as far as there is something, and returns how many bytes that were; 0 at the end. Fails where the file
    /// cannot be read, is damaged or cut off.
    public func read(into buffer: inout [UInt8], _ part: Range<Int>) throws(Failure) -> Int {
        switch source {
        case .gzip(let file):
            let count = buffer[part].withUnsafeMutableBytes { gzread(file, $0.baseAddress, UInt32(clamping: $0.count)) }
            var code = Z_OK
            let message = gzerror(file, &code)
            // Only the message tells of a file that is cut off.
            if count >= 0 && code == Z_OK { return Int(count) }
            if code == Z_ERRNO { throw .system("read '\(name)'") }
            throw Failure("could not read '\(name)': \(message.map { display(String(cString: $0).utf8) } ?? "it is damaged")")
        case .zstd(let file, let decoder): return try read(file, decoder, &buffer, part)
        }
    }

    private func read(_ file: Int32, _ decoder: ZstdDecoder, _ buffer: inout [UInt8], _ part: Range<Int>) throws(Failure) -> Int {
        while true {
            let step = packed[start...].withUnsafeBytes { input in
                buffer[part].withUnsafeMutableBytes { decoder.decode(input, into: $0) }
            }
            guard let step else { throw Failure("could not read '\(name)': it is damaged") }
            start += step.read
            if step.written > 0 { return step.written }
            if start < packed.count { continue }
            packed = [UInt8](repeating: 0, count: Self.pieceSize)
            start = 0
            let count = CLinux.read(file, &packed, packed.count)
            if count < 0 { throw .system("read '\(name)'") }
            packed.removeLast(packed.count - count)
            if count > 0 { continue }
            if decoder.isAtEnd { return 0 }
            throw Failure("could not read '\(name)': it is cut off")
        }
    }
}
