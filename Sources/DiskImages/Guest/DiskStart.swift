internal import Basics

/// What starts a disk, by its first bytes.
struct DiskStart: Equatable {
    /// What it addresses by, in bytes.
    let sector: Int
    let hasBIOS: Bool

    /// How many bytes tell it.
    static let size = 8192

    private init(sector: Int, hasBIOS: Bool) { (self.sector, self.hasBIOS) = (sector, hasBIOS) }

    /// nil where there is no GUID partition table.
    init?(of beginning: [UInt8]) {
        func hasTable(_ sector: Int) -> Bool { beginning.dropFirst(sector).starts(with: PartitionTable.signature) }
        if hasTable(512) {
            // A BIOS's code is before the table of the first sector.
            self.init(sector: 512, hasBIOS: beginning.prefix(440).contains { $0 != 0 })
        } else if hasTable(4096) {
            self.init(sector: 4096, hasBIOS: false)
        } else {
            return nil
        }
    }
}
