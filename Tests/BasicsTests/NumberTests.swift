import Foundation
import Testing

@testable import Basics

/// Numbers that anyone can write to a disk.
struct NumberTests {
    @Test(arguments: [
        (0, 0, 0), (1, 5, 1_000_000_005), (-1, 0, -1_000_000_000), (9_223_372_036, 854_775_807, Int.max),
        (9_223_372_036, 999_999_999, Int.max), (10_413_792_000, 0, Int.max), (Int.max, 999_999_999, Int.max),
        (-9_223_372_037, 0, Int.min), (Int.min, 0, Int.min),
    ])
    func `a time that no number of nanoseconds is for is the first or the last`(seconds: Int, nanoseconds: Int, number: Int) {
        #expect(Int(nanosecondsOf: timespec(tv_sec: seconds, tv_nsec: nanoseconds)) == number)
    }

    @Test func `sums and products end where numbers do`() {
        #expect(Int.max.clampedSum(with: 1) == .max)
        #expect(Int.min.clampedSum(with: -1) == .min)
        #expect(5.clampedSum(with: -7) == -2)
        #expect((Int.max / 2).clampedProduct(with: 3) == .max)
        #expect((Int.max / 2).clampedProduct(with: -3) == .min)
        #expect(Int.min.clampedProduct(with: -1) == .max)
        #expect(6.clampedProduct(with: 7) == 42)
    }

    @Test(arguments: [
        ("0", 0), ("-0", 0), ("007", 7), ("9223372036854775807", Int.max), ("9223372036854775808", Int.max),
        ("-9223372036854775809", -Int.max), (String(repeating: "9", count: 5000), Int.max), ("", nil), ("-", nil), ("1a", nil), ("+1", nil),
        ("1 ", nil), ("--1", nil), ("\u{661}", nil),
    ])
    func `digits of any number`(text: String, number: Int?) {
        #expect(clampedNumber(text.utf8) == number)
    }

    @Test(arguments: ["2300-01-01", "1600-01-01", "9999-12-31", "0001-01-01", "2262-04-12"])
    func `a file may be from any time`(date: String) throws {
        let folder = try Folder()
        try folder.run("/usr/bin/touch", "--date=\(date)", "\(folder.path)/file")
        #expect(try #require(try Directory(opening: folder.path).status(of: "file")).modified != 0)
    }

    @Test(arguments: [1, 4096, 4097, 20_000, 60_000])
    func `an attribute may have any length`(size: Int) throws {
        let folder = try Folder()
        let digits = String(repeating: "07", count: size)
        try folder.run("/usr/bin/setfattr", "--name=user.x", "--value=0x\(digits)", folder.path)
        #expect(try Directory(opening: folder.path).attribute("user.x") == [UInt8](repeating: 7, count: size))
        #expect(try Directory(opening: folder.path).attribute("user.y") == nil)
    }
}

/// A folder in memory, where attributes may be as long as the kernel lets them be.
private final class Folder {
    let path = "/dev/shm/number-tests-\(UUID().uuidString)"

    init() throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    func run(_ program: String, _ arguments: String...) throws {
        let process = Process()
        process.executableURL = URL(filePath: program)
        process.arguments = arguments
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
    }
}
