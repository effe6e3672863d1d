import CLinux
import Foundation
import Testing

/// The scanf that docker-btrfs-init has in place of glibc's, with the formats that libblkid uses.
struct ScanTests {
    private typealias Scan = (UnsafePointer<CChar>, UnsafePointer<CChar>, CVaListPointer) -> Int32

    /// Three numbers and a text, and how many there were.
    private func scanned(_ text: String, _ format: String, _ scan: Scan) -> [String] {
        let numbers = UnsafeMutablePointer<UInt64>.allocate(capacity: 3)
        let word = UnsafeMutablePointer<CChar>.allocate(capacity: 256)
        defer {
            numbers.deallocate()
            word.deallocate()
        }
        numbers.initialize(repeating: 77, count: 3)
        word.initialize(repeating: 0, count: 256)
        let places: [any CVarArg] = [numbers, numbers + 1, numbers + 2, word]
        let count = withVaList(places) { scan(text, format, $0) }
        return ["\(count)"] + (0..<3).map { "\(numbers[$0])" } + [String(cString: word)]
    }

    @Test(arguments: [
        ("   8        1     512 sda1\n", " %d %d %llu %128[^\n ]"), ("   8        1     512\n", " %d %d %llu %128[^\n ]"),
        ("major minor  #blocks  name\n", " %d %d %llu %128[^\n ]"), ("", " %d %d %llu %128[^\n ]"), ("\n", " %d %d %llu %128[^\n ]"),
        ("8:16\n", "%u:%u"), ("8 16", "%u:%u"), ("8:", "%u:%u"), ("-1", "%d"), ("4294967296000", "%lu"), ("ff", "%x"), ("0x1f", "%x"),
        ("6.1.0-56", "%d.%d.%d"), ("Stripes 12", "Stripes %d"), ("Stripe 12", "Stripes %d"), ("12 34 striped 5 6", "%lld %lld striped %d"),
        (" 1 2 3 a-long-word", "%hu %hhu %ju %6s"), ("1 2 3 word more", "%d %d %d %255s"), ("12abc", "%d%d"), ("x", "%d"),
    ])
    func `it takes what glibc's takes`(text: String, format: String) {
        #expect(scanned(text, format, lean_vsscanf) == scanned(text, format, vsscanf), "'\(text)' by '\(format)'")
    }
}
