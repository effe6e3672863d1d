import Basics
import Testing

@testable import DiskImages

struct DiskLayoutTests {
    @Test func `a filesystem that is never small has a disk that is large enough`() throws {
        let least = PlainFilesystem.xfs.least
        let layout = { (megabytes: Int) throws(Failure) in
            try DiskLayout(size: megabytes << 20, sector: 512, content: 1 << 20, least: least, mayBeSmall: false)
        }
        let failure = Failure("could not make a disk of 558 MiB: the image needs 559 MiB", hint: "--size 559M, or more")
        #expect(throws: failure) { try layout(558) }
        #expect(try layout(559).root.count == least)
    }

    @Test(arguments: [1, 40, 140, 150, 160, 161, 400, 2000], [512, 4096])
    func `a disk of the size that is said to be needed is made`(content: Int, sector: Int) throws {
        // Not a multiple of what sizes are counted in.
        let content = content << 20 | 12345
        do throws(Failure) {
            _ = try DiskLayout(size: 20 << 20, sector: sector, content: content)
            Issue.record("20 MiB are enough")
        } catch {
            let size = try #require(error.hint?.split(separator: " ").dropFirst().first.flatMap { Int($0.prefix { $0.isNumber }) })
            _ = try DiskLayout(size: size << 20, sector: sector, content: content)
        }
    }

    @Test(arguments: [20, 300])
    func `a size between a small disk and an ordinary one is too little for that`(size: Int) throws {
        let least = size < 256 ? 30 : 518
        let failure = Failure(
            "could not make a disk of \(size) MiB: the image needs \(least) MiB", hint: "--size 30M to 255M, or 518M and more")
        #expect(throws: failure) { try DiskLayout(size: size << 20, sector: 512, content: 1 << 20) }
        for enough in [30, 255, 518] { _ = try DiskLayout(size: enough << 20, sector: 512, content: 1 << 20) }
    }

    @Test func `what a top layer adds is counted once, and is named`() throws {
        let message = "could not make a disk of 617 MiB: the image, with what --top-layer and --kernel-image add to it, needs 618 MiB"
        #expect(throws: Failure(message, hint: "--size 130M to 255M, or 618M and more")) {
            try DiskLayout(size: 617 << 20, sector: 512, content: 1 << 20, added: 100 << 20)
        }
        _ = try DiskLayout(size: 618 << 20, sector: 512, content: 1 << 20, added: 100 << 20)
        #expect(DiskLayout.usualSize(of: 2 << 30, added: 1 << 30) == 10 << 30)
    }

    @Test func `only qcow2 is written out of order`() {
        let unordered = DiskFormat.allCases.filter { $0.conversion(compressed: false).contains("-W") }
        #expect(unordered == [.qcow2], "qemu-img's own VDI then has a count that a virtual machine overwrites data by")
    }

    @Test(arguments: [(DiskFormat.qcow2, 2 << 50), (.vdi, 0x1_ffff_f800_0000), (.vhdx, 64 << 40), (.vhd, 0xff00_0000 << 9)])
    func `the largest disk of a format is what qemu-img has for it`(format: DiskFormat, bytes: Int) {
        #expect(format.largestDisk == bytes)
    }
}
