internal import Basics
internal import CLinux

extension DiskFormat {
    /// Fails where a disk's file is of another format than its name says, and where it names another file, which QEMU would read for the
    /// guest: any of this machine, or one of its disks. Whoever made the file chose it.
    func checkNamesNoOther(_ file: String, _ opened: Int32) throws(Failure) {
        let beginning = try Self.beginning(of: file, opened)
        if beginning.isEmpty { throw Failure("could not run '\(file)': it is empty", hint: "'docker-btrfs image' makes a disk") }
        let found = try Self.kind(of: beginning, converter == "vpc" ? Self.footer(of: file, opened) : [])
        if found != converter {
            let reason = found.map { "it is a disk in the format \($0)" } ?? "it is no \(rawValue)"
            throw Failure("could not run '\(file)': \(reason)", hint: "'qemu-img info' tells what it is: name it by that")
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

    /// What a file is by its first and last bytes, as qemu-img(1) calls it; nil where it is none of these formats.
    private static func kind(of beginning: [UInt8], _ footer: [UInt8]) -> String? {
        if beginning.starts(with: Overlay.magic) { return "qcow2" }
        if ["KDMV", "COWD", "# Disk DescriptorFile"].contains(where: { beginning.starts(with: $0.utf8) }) { return "vmdk" }
        if beginning.dropFirst(64).starts(with: [0x7f, 0x10, 0xda, 0xbe]) { return "vdi" }
        if beginning.starts(with: "vhdxfile".utf8) { return "vhdx" }
        // One that has all its bytes has that at its end alone.
        return [beginning, footer].contains { $0.starts(with: "conectix".utf8) } ? "vpc" : nil
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

    private static func footer(of file: String, _ opened: Int32) throws(Failure) -> [UInt8] {
        var found = stat()
        if fstat(opened, &found) != 0 { throw .system("look at '\(file)'") }
        do throws(Failure) { return try bytes(of: opened, at: max(0, Int(found.st_size) - 512), 512) } catch {
            throw Failure("could not read '\(file)': \(error.message)")
        }
    }

    /// The header, and for VMDK the descriptor, of which QEMU reads 20 sectors.
    private static func beginning(of file: String, _ opened: Int32) throws(Failure) -> [UInt8] {
        do throws(Failure) { return try bytes(of: opened, at: 0, 21 * 512) } catch {
            throw Failure("could not read '\(file)': \(error.message)")
        }
    }
}
