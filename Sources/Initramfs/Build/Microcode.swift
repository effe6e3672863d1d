public import Basics

/// Processor microcode for the kernel to load first, from the files that Linux's own loader takes: a plain cpio archive, as
/// Documentation/arch/x86/microcode.rst has it. nil where the system `tree` has none. Compressed files are left out.
public func microcode(in tree: Directory) throws(Failure) -> [UInt8]? {
    func all(in folder: Path, where isWanted: ([UInt8]) -> Bool) throws(Failure) -> [UInt8] {
        guard let directory = try tree.directory(at: folder) else { return [] }
        var content: [UInt8] = []
        for name in try directory.names(where: isWanted) { content += try tree.contents(of: folder.appending(name: name)) ?? [] }
        return content
    }
    // 06-8e-0a is family, model and stepping.
    let intel = try all(in: "lib/firmware/intel-ucode") { $0.count == 8 }
    let amd = try all(in: "lib/firmware/amd-ucode") { $0.starts(with: "microcode_amd".utf8) && $0.suffix(4).elementsEqual(".bin".utf8) }
    if intel.isEmpty && amd.isEmpty { return nil }
    var entries = (["kernel", "kernel/x86", "kernel/x86/microcode"] as [Path]).map { CPIOEntry.directory($0) }
    if !amd.isEmpty { entries.append(.file("kernel/x86/microcode/AuthenticAMD.bin", amd)) }
    if !intel.isEmpty { entries.append(.file("kernel/x86/microcode/GenuineIntel.bin", intel)) }
    return CPIOWriter.archive(entries, time: 0)
}
