internal import Basics
internal import BootEntries
internal import CLinux

/// efivarfs takes a variable in one write, behind its attributes, and has those that are there immutable. nil removes it.
func writeFirmwareVariable(_ name: String, _ content: [UInt8]?) throws(Failure) {
    let path = "\(InstalledLoader.firmwareVariables)/\(name)"
    let before = linux_open(path, O_RDONLY | O_CLOEXEC, 0)
    if before >= 0 {
        var flags: Int32 = 0
        if linux_get_flags(before, &flags) == 0 { _ = linux_set_flags(before, flags & ~linux_locking_flags) }
        close(before)
    }
    guard let content else {
        if unlink(path) != 0 && linux_errno() != ENOENT { throw .system("remove '\(path)'") }
        return
    }
    let file = linux_open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
    if file < 0 { throw .system("open '\(path)'") }
    defer { close(file) }
    // EFI_VARIABLE_NON_VOLATILE, BOOTSERVICE_ACCESS and RUNTIME_ACCESS.
    let bytes: [UInt8] = [7, 0, 0, 0] + content
    if !linux_write_all(file, bytes, bytes.count) { throw .system("write '\(path)'") }
}
