internal import Basics

/// What the hardware is called, from what may change to what does not: MAC addresses of network interfaces whose driver is
/// loaded, and of the firmware (DMI) the serial number and the UUID. What /sys does not tell is left out.
public func hardwareNames() -> [String] {
    // The loopback has a MAC of zeros.
    let addresses = interfaces().compactMap { line(of: "class/net/\(display($0))/address") }
        .filter { $0.utf8.contains { !"0:".utf8.contains($0) } }
    return addresses + ["product_serial", "product_uuid"].compactMap { line(of: "class/dmi/id/\($0)") }
}

private func interfaces() -> [[UInt8]] {
    (try? Directory(opening: "/sys/class/net").names()) ?? []
}

/// What a file below /sys says; nil where it says nothing.
private func line(of file: String) -> String? {
    firstLine(of: "/sys/\(file)").flatMap { $0.isEmpty ? nil : $0 }
}
