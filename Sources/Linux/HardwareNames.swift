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
    do throws(Failure) { return try Directory(opening: "/sys/class/net").names() } catch { return [] }
}

/// The only line of a file below /sys; nil where there is none, and for an empty one.
private func line(of file: String) -> String? {
    do throws(Failure) {
        let line = try fileContents("/sys/\(file)").map { display($0.prefix { $0 != 0x0a }) }
        return line?.isEmpty == false ? line : nil
    } catch {
        return nil
    }
}
