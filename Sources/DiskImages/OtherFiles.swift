internal import Basics

extension DiskFormat {
    /// Fails where a disk's file names another one, which QEMU would read for the guest: any of this machine, or one of its disks. Whoever
    /// made the file chose it.
    func checkNamesNoOther(_ file: String, _ opened: Int32) throws(Failure) {
        let beginning = try Self.beginning(of: file, opened)
        if !isKnown(beginning) {
            throw Failure("could not run '\(file)': it is no \(rawValue)", hint: "'qemu-img info' tells what it is: name it by that")
        }
        let reason: String? =
            switch self {
            case .qcow2: Self.otherOfQCOW2(beginning)
            case .vmdk: Self.otherOfVMDK(beginning)
            // QEMU's drivers of these know no other file.
            case .raw, .img, .vdi, .vhd, .vpc, .vhdx: nil
            }
        guard let reason else { return }
        throw Failure(
            "could not run '\(file)': \(reason), which may be any file of this machine",
            hint: "where you know who made it, make one file of it: qemu-img convert -O qcow2 FROM TO")
    }

    /// Whether a file of it may name others, as QEMU reads it.
    var mayNameOthers: Bool { self == .qcow2 || self == .vmdk }

    /// Whether it is how such a file begins; of those formats alone that may name another file.
    private func isKnown(_ beginning: [UInt8]) -> Bool {
        switch self {
        case .qcow2: beginning.starts(with: [0x51, 0x46, 0x49, 0xfb])
        case .vmdk: ["KDMV", "COWD", "# Disk DescriptorFile"].contains { beginning.starts(with: $0.utf8) }
        case .raw, .img, .vdi, .vhd, .vpc, .vhdx: true
        }
    }

    /// docs/interop/qcow2.txt of QEMU, "Header": numbers have their highest byte first.
    private static func otherOfQCOW2(_ header: [UInt8]) -> String? {
        if header.dropFirst(8).prefix(8).contains(where: { $0 != 0 }) { return "it lies on a backing file" }
        // Incompatible features of version 3; bit 2 is an external data file.
        let isThird = header.count >= 80 && header[4..<8].elementsEqual([0, 0, 0, 3])
        return isThird && header[79] & 4 != 0 ? "its data are in another file" : nil
    }

    /// QEMU's block/vmdk.c: a descriptor alone names its extents; so does one in a sparse file without a capacity. One in a file may name
    /// a parent.
    private static func otherOfVMDK(_ header: [UInt8]) -> String? {
        guard header.starts(with: "KDMV".utf8), header.dropFirst(12).prefix(8).contains(where: { $0 != 0 }) else {
            return "its data are in other files"
        }
        // By its bytes: a letter with an accent behind it is another one, and to QEMU the same.
        return header.dropFirst(512).contains(Array("parentFileNameHint".utf8)) ? "it lies on a parent" : nil
    }

    /// The header, and for VMDK the descriptor, of which QEMU reads 20 sectors.
    private static func beginning(of file: String, _ opened: Int32) throws(Failure) -> [UInt8] {
        do throws(Failure) { return try bytes(of: opened, at: 0, 21 * 512) } catch {
            throw Failure("could not read '\(file)': \(error.message)")
        }
    }
}
