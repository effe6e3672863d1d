import Boot
import Foundation
import Testing

/// The keys of the kernel command line, and docs/kernel-command-line.md.
struct KeyTests {
    /// The keys in the table, in its first column: `` [`rootdelay=`, `rootwait`](#rootdelay-rootwait) ``.
    private func documented() throws -> [String] {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../docs/kernel-command-line.md")
        let rows = try String(contentsOf: file, encoding: .utf8).split(separator: "\n").filter { $0.hasPrefix("| ") }
        let cells = rows.compactMap { $0.split(separator: "|").first }
        return cells.flatMap { $0.matches(of: /`([^`=]+)=?`/).map { String($0.1) } }
    }

    @Test func `every key is in the documentation, and it has no other`() throws {
        #expect(try documented().sorted() == KernelCommandLine.Key.allCases.map(\.rawValue).sorted())
    }
}
