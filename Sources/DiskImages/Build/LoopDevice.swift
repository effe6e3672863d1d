internal import Basics
internal import CDisk
internal import CLinux

/// A part of a file as a block device, for as long as this lives or it is mounted, however this process ends.
final class LoopDevice {
    let path: String
    private let descriptor: Int32

    init(_ file: Int32, _ range: Range<Int>) throws(Failure) {
        var number: Int32 = 0
        descriptor = disk_attach(file, UInt64(range.lowerBound), UInt64(range.count), &number)
        if descriptor < 0 {
            throw .system("attach the disk to a loop device", hint: "run this as root, where the kernel has loop devices")
        }
        path = "/dev/loop\(number)"
    }

    deinit { close(descriptor) }
}
