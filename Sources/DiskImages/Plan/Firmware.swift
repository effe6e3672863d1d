/// The firmware that a disk starts by.
public enum Firmware: String, Sendable, CaseIterable {
    case both, uefi, bios

    var hasBIOS: Bool { self != .uefi }
    var hasUEFI: Bool { self != .bios }
}
