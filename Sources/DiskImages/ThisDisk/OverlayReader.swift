internal import Basics

/// What a guest finds on such a disk, also while it runs: QEMU writes its tables whenever the guest flushes.
final class OverlayReader {
    private let file: DiskFile
    private let base: DirectDevice
    private let l1: (place: Int, count: Int)

    /// Fails on what is no overlay of 64 KiB clusters.
    init(_ path: String, over base: DirectDevice) throws(Failure) {
        self.base = base
        file = try DiskFile(path)
        guard let header = file.read(at: 0, 104), header.starts(with: Overlay.magic), header[23] == 16,
            let place = Int(exactly: Self.number(header, 40, 8)), let count = Int(exactly: Self.number(header, 36, 4))
        else { throw Failure("could not read '\(path)': it is no overlay") }
        l1 = (place, count)
    }

    /// Bytes of the disk; nil where a table leads nowhere.
    func read(at place: Int, _ count: Int) throws(Failure) -> [UInt8]? {
        var bytes: [UInt8] = []
        while bytes.count < count {
            let next = place + bytes.count
            let offset = next % Overlay.clusterSize
            let length = min(count - bytes.count, Overlay.clusterSize - offset)
            switch try target(of: next / Overlay.clusterSize) {
            case nil: return nil
            case .below: bytes += try base.read(at: next, length)
            case .empty: bytes += [UInt8](repeating: 0, count: length)
            case .here(let cluster):
                guard let piece = file.read(at: cluster + offset, length) else { return nil }
                bytes += piece
            }
        }
        return bytes
    }

    private enum Target {
        case below, empty
        case here(Int)
    }

    private func target(of number: Int) throws(Failure) -> Target? {
        guard number >= 0, number / Overlay.entriesPerTable < l1.count else { return nil }
        guard let table = entry(l1.place, number / Overlay.entriesPerTable) else { return nil }
        if table.place == 0 { return .below }
        guard let found = entry(table.place, number % Overlay.entriesPerTable) else { return nil }
        // Bit 0: what reads as zeros.
        if found.isEmpty { return .empty }
        return found.place == 0 ? .below : .here(found.place)
    }

    private func entry(_ table: Int, _ index: Int) -> (place: Int, isEmpty: Bool)? {
        guard let bytes = file.read(at: table + index * 8, 8) else { return nil }
        let value = Self.number(bytes, 0, 8)
        return (Int(value & 0x00ff_ffff_ffff_fe00), value & 1 != 0)
    }

    private static func number(_ bytes: [UInt8], _ offset: Int, _ size: Int) -> UInt64 {
        bytes[offset..<(offset + size)].reduce(0) { $0 << 8 | UInt64($1) }
    }
}
