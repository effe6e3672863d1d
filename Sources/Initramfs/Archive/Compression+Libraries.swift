internal import Basics
internal import CCompression
internal import Decompression

/// What the companion compresses by itself: a system that a machine was booted from has no programs for it, unless its image does.
extension Compression {
    /// nil where a program does it. `limit` is in bytes.
    func decompressedHere(_ bytes: [UInt8], name: String, limit: Int) throws(Failure) -> [UInt8]? {
        switch self {
        case .xz, .lzma: try lzma(bytes, limit: limit, "read '\(name)'") { ccompression_lzma_decoder(&$0, 256 << 20) }
        case .zstd: try unpackedZstd(bytes, limit: limit, name)
        case .gzip, .lz4, .bzip2, .lzo: nil
        }
    }

    /// As small as the library makes it in a second, in a form that the kernel takes; nil where a program does it.
    func compressedHere(_ bytes: [UInt8], name: String, limit: Int) throws(Failure) -> [UInt8]? {
        switch self {
        case .xz: return try lzma(bytes, limit: limit, "write '\(name)'") { lzma_easy_encoder(&$0, 9, LZMA_CHECK_CRC32) }
        case .lzma:
            var options = lzma_options_lzma()
            lzma_lzma_preset(&options, 9)
            return try lzma(bytes, limit: limit, "write '\(name)'") { lzma_alone_encoder(&$0, &options) }
        case .zstd:
            // A thirtieth larger than by level 9, in half the time. Level 19 takes forty times as long for a tenth.
            let packed = [UInt8](unsafeUninitializedCapacity: ZSTD_compressBound(bytes.count)) { buffer, count in
                let size = ZSTD_compress(buffer.baseAddress, buffer.count, bytes, bytes.count, 6)
                count = ZSTD_isError(size) == 0 ? size : 0
            }
            if packed.isEmpty { throw Failure("could not write '\(name)': there is no memory to compress it") }
            return packed
        case .gzip, .lz4, .bzip2, .lzo: return nil
        }
    }

    private func lzma(
        _ bytes: [UInt8], limit: Int, _ what: String, start: (inout lzma_stream) -> lzma_ret
    ) throws(Failure) -> [UInt8] {
        var stream = ccompression_lzma_stream()
        defer { lzma_end(&stream) }
        var result = start(&stream)
        var output: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1 << 20)
        bytes.withUnsafeBufferPointer { input in
            stream.next_in = input.baseAddress
            stream.avail_in = input.count
            while result == LZMA_OK && output.count <= limit {
                piece.withUnsafeMutableBufferPointer { buffer in
                    stream.next_out = buffer.baseAddress
                    stream.avail_out = buffer.count
                    result = lzma_code(&stream, LZMA_FINISH)
                    output += buffer[..<(buffer.count - stream.avail_out)]
                }
            }
        }
        if output.count > limit { throw isTooLarge(what, limit) }
        if result != LZMA_STREAM_END { throw isDamaged(what) }
        return output
    }

    private func unpackedZstd(_ bytes: [UInt8], limit: Int, _ name: String) throws(Failure) -> [UInt8] {
        guard let decoder = ZstdDecoder() else { throw Failure("could not read '\(name)': there is no memory to decompress it") }
        var output: [UInt8] = []
        // What is not known, or not so, is very large.
        let size = ZSTD_getFrameContentSize(bytes, bytes.count)
        if size <= UInt64(limit) { output.reserveCapacity(Int(size)) }
        var piece = [UInt8](repeating: 0, count: 1 << 20)
        var start = 0
        while true {
            if start > 0 && decoder.isAtEnd && bytes[start...].allSatisfy({ $0 == 0 }) { break }
            let step = bytes[start...].withUnsafeBytes { input in
                piece.withUnsafeMutableBytes { decoder.decode(input, into: $0) }
            }
            guard let step else { throw isDamaged("read '\(name)'") }
            start += step.read
            output += piece[..<step.written]
            if output.count > limit { throw isTooLarge("read '\(name)'", limit) }
            // More may come without more input.
            if start == bytes.count && step.written < piece.count { break }
        }
        if !decoder.isAtEnd { throw isDamaged("read '\(name)'") }
        return output
    }

    private func isTooLarge(_ what: String, _ limit: Int) -> Failure {
        Failure("could not \(what): it becomes more than \(limit >> 20) MiB")
    }

    private func isDamaged(_ what: String) -> Failure {
        Failure("could not \(what): what \(rawValue) compressed is damaged or cut off")
    }
}
