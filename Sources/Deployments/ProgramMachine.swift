internal import Basics
internal import Boot
internal import Images

/// Whether the beginning of a program, of ELF or of UEFI (PE/COFF), says that it is for other processors than x86-64's. What is none, as a
/// script, is for any.
func isOfOtherMachine(_ head: [UInt8]) -> Bool {
    if hostArchitecture != "amd64" { return false }
    func number(_ place: Int) -> Int? { head.count >= place + 2 ? Int(head[place]) | Int(head[place + 1]) << 8 : nil }
    // EM_386 and EM_X86_64, behind EI_NIDENT and e_type.
    if head.starts(with: "\u{7f}ELF".utf8) { return number(18).map { ![3, 62].contains($0) } ?? false }
    if !head.starts(with: "MZ".utf8) { return false }
    // arm64's Image (Documentation/arch/arm64/booting.rst).
    if head.dropFirst(56).starts(with: "ARMd".utf8) { return true }
    // IMAGE_FILE_MACHINE_AMD64 and its 32 bits, behind the signature that e_lfanew leads to.
    guard let place = number(0x3c), head.dropFirst(place).starts(with: "PE\0\0".utf8), let machine = number(place + 4) else { return false }
    return ![0x8664, 0x14c].contains(machine)
}

extension [ImageFiles] {
    /// Fails where the init, `asked` or the usual one, is for other processors: an engine takes an archive that it imports for one of its own
    /// machine, whatever is in it.
    func checkMachine(of name: String, _ asked: Path?) throws(Failure) {
        for path in asked.map({ [$0] }) ?? usualInits {
            for tree in self {
                guard try tree.target(of: path)?.isExecutableFile == true, let program = try tree.file(at: path) else { continue }
                if isOfOtherMachine(try program.bytes(at: 0, 1 << 10)) {
                    throw Failure(
                        "could not use the image '\(name)': its init '\(path)' is for other processors than this machine's",
                        hint: "build or pull it with --platform linux/\(hostArchitecture)")
                }
                return
            }
        }
    }
}
