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
            let size = try #require(error.hint?.split(separator: " ").dropFirst().first.flatMap { Int($0.dropLast(2)) })
            _ = try DiskLayout(size: size << 20, sector: sector, content: content)
        }
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
