/// As people read sizes of files: in MB of 10^6 bytes, as engines list images, rounded up. Disks, partitions and memory are made in powers of
/// two, so their sizes are in MiB.
public func megabytes(_ bytes: Int) -> String { bytes < 1_000_000 ? "\((bytes + 999) / 1000) kB" : "\((bytes + 999_999) / 1_000_000) MB" }

/// `, about 7 s left`; nothing where that cannot be told.
package func timeLeft(_ done: Int, of total: Int, after microseconds: Int) -> String {
    guard done > 0, total > done else { return "" }
    return ", about \(Int(Double(microseconds) * Double(total - done) / Double(done) / 1_000_000) + 1) s left"
}
