/// Whether the beginning of a program, of ELF or of UEFI (PE/COFF), says that it is for other processors than x86-64's. What is none, as a
/// script, is for any.
package func isForOtherThanX86(_ head: [UInt8]) -> Bool {
    // EM_386 and EM_X86_64, behind EI_NIDENT and e_type.
    if head.starts(with: "\u{7f}ELF".utf8) { return head.smallNumber(at: 18, UInt16.self).map { ![3, 62].contains($0) } ?? false }
    if !head.starts(with: "MZ".utf8) { return false }
    // arm64's Image (Documentation/arch/arm64/booting.rst).
    if head.dropFirst(56).starts(with: "ARMd".utf8) { return true }
    // IMAGE_FILE_MACHINE_AMD64 and its 32 bits, behind the signature that e_lfanew leads to.
    guard let place = head.smallNumber(at: 0x3c, UInt16.self), head.dropFirst(place).starts(with: "PE\0\0".utf8),
        let machine = head.smallNumber(at: place + 4, UInt16.self)
    else { return false }
    return ![0x8664, 0x14c].contains(machine)
}
