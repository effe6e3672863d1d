/// One of the two pages at a database's beginning (bbolt, internal/common/meta.go). After a page's header: magic, version, page
/// size, flags; the root bucket's page and sequence; the free list's page, the number of pages, the transaction, the checksum.
struct BoltMeta {
    /// Of the page, with its header, in bytes.
    static let size = 16 + 64
    /// What the operating system's pages have been where a database was made.
    static let pageSizes = (9...16).map { 1 << $0 }

    let pageSize: Int
    let root: UInt64
    let pageCount: UInt64
    let transaction: UInt64

    /// nil where the page is not one of these, its checksum is wrong, or it says what no database has.
    init?(_ page: [UInt8]) {
        guard page.count >= Self.size, page.number32(at: 16) == 0xed0c_daed, page.number32(at: 20) == 2,
            page.number64(at: 72) == checksum(page[16..<72])
        else { return nil }
        pageSize = Int(page.number32(at: 24))
        root = page.number64(at: 32)
        pageCount = page.number64(at: 56)
        transaction = page.number64(at: 64)
        // The two pages themselves are among those that are counted.
        if !Self.pageSizes.contains(pageSize) || pageCount < 2 { return nil }
    }
}

/// FNV-1a of 64 bits.
private func checksum(_ bytes: ArraySlice<UInt8>) -> UInt64 {
    bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
}

extension [UInt8] {
    /// Numbers in little-endian order at any place, which has to lie inside.
    func number16(at offset: Int) -> UInt16 { UInt16(truncatingIfNeeded: number(at: offset, size: 2)) }
    func number32(at offset: Int) -> UInt32 { UInt32(truncatingIfNeeded: number(at: offset, size: 4)) }
    func number64(at offset: Int) -> UInt64 { number(at: offset, size: 8) }

    private func number(at offset: Int, size: Int) -> UInt64 {
        self[offset..<offset + size].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}
