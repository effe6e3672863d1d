import Foundation
import TestSupport
import Testing

/// Each initramfs framework in each situation: docs/boot-matrix.md.
struct BootMatrixTests {
    @Test(arguments: Cell.chosen) func `boot matrix`(cell: Cell) async throws {
        let seconds = try await cell.run()
        try await MatrixPage.current.add(cell, seconds)
    }

    @Test func `there are cells that CELLS is a part of`() {
        #expect(!Cell.chosen.isEmpty)
    }

    @Test func `the initramfs of docker-btrfs-init alone is small`() throws {
        let size = try FileManager.default.attributesOfItem(atPath: Row.alone.file)[.size] as? Int
        #expect(try #require(size) <= 6 << 20)
    }
}

/// One framework in one situation.
struct Cell: Hashable, CustomTestStringConvertible {
    let row: Row
    let column: Column

    static let all = Row.allCases.flatMap { row in Column.allCases.filter { row.lacks($0) == nil }.map { Cell(row: row, column: $0) } }

    /// CELLS is a text: those whose description has it. Without it some are booted by night, but for `make boot-matrix`.
    static let chosen = all.filter { cell in
        let environment = ProcessInfo.processInfo.environment
        return environment["CELLS"].map { cell.testDescription.contains($0) }
            ?? (environment["BOOT_MATRIX"] != nil || cell.isOfTheNight == isNightly)
    }

    /// By day each framework is booted as it was installed, and in what is its own; what is docker-btrfs-init's, without a framework.
    private var isOfTheNight: Bool {
        switch row {
        case .alone: false
        case .initramfsTools: ![.boots, .refuses, .ordinary, .late, .encrypted, .volumes].contains(column)
        case .mkinitcpioBusybox: ![.boots, .refuses, .encrypted, .spaces, .hibernation].contains(column)
        case .dracutSystemd: ![.boots, .refuses, .encrypted, .late].contains(column)
        case .mkinitcpioSystemd, .unified, .dracutPlain: column != .boots
        case .dracutSystemd13: true
        case .initramfsTools13: column != .encrypted
        }
    }

    var testDescription: String { "\(row.rawValue): \(column.title)" }
}
