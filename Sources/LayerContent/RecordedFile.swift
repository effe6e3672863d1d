/// A name in a layer's archive, as far as what was unpacked can be compared with it.
struct RecordedFile: Equatable {
    /// As the archive has it: `usr/bin/env`, a directory with a slash at its end, a whiteout as `.wh.` and what it hides.
    let name: [UInt8]
    /// In bytes; 0 for all that is no file of its own.
    let size: Int
    /// nil where it was not recorded or not asked for.
    let checksum: UInt64?
}
