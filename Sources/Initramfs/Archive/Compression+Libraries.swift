internal import Basics
internal import CCompression
internal import Decompression

/// What the companion compresses by itself: a system that a machine was booted from has no programs for it, unless its image does.
extension Compression {
    /// What comes of the first stream, and how many bytes that takes; nil where a program does it. `limit` is in bytes, of all that is
    /// unpacked: `before` were already.
    func decompressedHere(
        _ bytes: ArraySlice<UInt8>, name: String, limit: Int, after before: Int
    ) throws(Failure) -> (content: [UInt8], taken: Int)? {
        switch self {
        case .xz, .lzma:
            try lzma(bytes, limit: limit, after: before, "read '\(name)'") { lzma_auto_decoder(&$0, 256 << 20, 0) }
        case .zstd: try unpackedZstd(bytes, limit: limit, after: before, name)
        case .gzip: try unpackedGzip(bytes, limit: limit, after: before, name)
        case .lz4, .bzip2, .lzo: nil
        }
    }

    /// As small as the library makes it in a second, in a form that the kernel takes; nil where a program does it.
    func compressedHere(_ bytes: [UInt8], name: String, limit: Int) throws(Failure) -> [UInt8]? {
        switch self {
        case .xz: return try lzma(bytes[...], limit: limit, "write '\(name)'") { lzma_easy_encoder(&$0, 9, LZMA_CHECK_CRC32) }.content
        case .lzma:
            var options = lzma_options_lzma()
            lzma_lzma_preset(&options, 9)
            return try lzma(bytes[...], limit: limit, "write '\(name)'") { lzma_alone_encoder(&$0, &options) }.content
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
        _ bytes: ArraySlice<UInt8>, limit: Int, after before: Int = 0, _ what: String, start: (inout lzma_stream) -> lzma_ret
    ) throws(Failure) -> (content: [UInt8], taken: Int) {
        var stream = ccompression_lzma_stream()
        defer { lzma_end(&stream) }
        var result = start(&stream)
        var output: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1 << 20)
        bytes.withUnsafeBufferPointer { input in
            stream.next_in = input.baseAddress
            stream.avail_in = input.count
            while result == LZMA_OK && before + output.count <= limit {
                piece.withUnsafeMutableBufferPointer { buffer in
                    stream.next_out = buffer.baseAddress
                    stream.avail_out = buffer.count
                    result = lzma_code(&stream, LZMA_FINISH)
                    output += buffer[..<(buffer.count - stream.avail_out)]
                }
            }
        }
        if before + output.count > limit { throw isTooLarge(what, limit) }
        if result != LZMA_STREAM_END { throw isDamaged(what) }
        return (output, bytes.count - stream.avail_in)
    }

    private func unpackedZstd(
        _ bytes: ArraySlice<UInt8>, limit: Int, after before: Int, _ name: String
    ) throws(Failure) -> (content: [UInt8], taken: Int) {
        guard let decoder = ZstdDecoder() else { throw noMemory(name) }
        var output: [UInt8] = []
        // What is not known, or not so, is very large.
        let size = bytes.withUnsafeBytes { ZSTD_getFrameContentSize($0.baseAddress, $0.count) }
        if size <= UInt64(limit) { output.reserveCapacity(Int(size)) }
        var piece = [UInt8](repeating: 0, count: 1 << 20)
        var rest = bytes
        while !decoder.isAtEnd {
            let step = rest.withUnsafeBytes { input in
                piece.withUnsafeMutableBytes { decoder.decode(input, into: $0) }
            }
            guard let step else { throw isDamaged("read '\(name)'") }
            rest = rest.dropFirst(step.read)
            output += piece[..<step.written]
            if before + output.count > limit { throw isTooLarge("read '\(name)'", limit) }
            // More may come without more input.
            if rest.isEmpty && step.written < piece.count && !decoder.isAtEnd { throw isDamaged("read '\(name)'") }
        }
        return (output, bytes.count - rest.count)
    }

    private func unpackedGzip(
        _ bytes: ArraySlice<UInt8>, limit: Int, after before: Int, _ name: String
    ) throws(Failure) -> (content: [UInt8], taken: Int) {
        // libz remembers where it is.
        let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        defer { stream.deallocate() }
        stream.initialize(to: z_stream())
        // The largest window, and 16 for the header of gzip.
        var result = inflateInit2_(stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        if result != Z_OK { throw noMemory(name) }
        defer { inflateEnd(stream) }
        var output: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1 << 20)
        bytes.withUnsafeBufferPointer { input in
            stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
            // No initramfs has as many.
            stream.pointee.avail_in = UInt32(clamping: input.count)
            while result == Z_OK && before + output.count <= limit {
                piece.withUnsafeMutableBufferPointer { buffer in
                    stream.pointee.next_out = buffer.baseAddress
                    stream.pointee.avail_out = UInt32(buffer.count)
                    result = inflate(stream, Z_NO_FLUSH)
                    output += buffer[..<(buffer.count - Int(stream.pointee.avail_out))]
                }
            }
        }
        if before + output.count > limit { throw isTooLarge("read '\(name)'", limit) }
        if result != Z_STREAM_END { throw isDamaged("read '\(name)'") }
        return (output, bytes.count - Int(stream.pointee.avail_in))
    }

    private func noMemory(_ name: String) -> Failure { Failure("could not read '\(name)': there is no memory to decompress it") }

    private func isTooLarge(_ what: String, _ limit: Int) -> Failure {
        Failure("could not \(what): it becomes more than \(limit >> 20) MiB")
    }

    func isDamaged(_ what: String) -> Failure {
        Failure("could not \(what): what \(rawValue) compressed is damaged or cut off")
    }
}
