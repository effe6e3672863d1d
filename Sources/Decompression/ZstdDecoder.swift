internal import CCompression

/// Undoes zstd, piece by piece: https://www.rfc-editor.org/rfc/rfc8878. Frames may follow one another.
public final class ZstdDecoder {
    private let context: OpaquePointer
    /// How many bytes the frame goes on for, at least: 0 at its end.
    private var rest = 1

    /// nil where there is no memory.
    public init?() {
        guard let context = ZSTD_createDCtx() else { return nil }
        self.context = context
    }

    deinit {
        ZSTD_freeDCtx(context)
    }

    /// Whether nothing is cut off of what was read so far.
    public var isAtEnd: Bool { rest == 0 }

    /// Takes what it can from the input, and returns how many bytes it took and how many it made of them; nil where the input is
    /// damaged. More may come without more input, where the output was filled.
    public func decode(_ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) -> (read: Int, written: Int)? {
        var source = ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
        var target = ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
        rest = ZSTD_decompressStream(context, &target, &source)
        return ZSTD_isError(rest) == 0 ? (source.pos, target.pos) : nil
    }
}
