internal import Basics

/// What the hardware is called, from what may change to what does not: MAC addresses of network interfaces whose driver is
/// loaded, and of the firmware (DMI) the serial number and the UUID. Without /sys, nothing.
public func hardwareNames() -> [String] {
    do throws(Failure) {
        let system = try Directory(opening: "/sys")
        var names: [String] = []
        for interface in try system.directory(at: "class/net")?.names() ?? [] {
            // The loopback has a MAC of zeros.
            let file: Path = ("class/net" as Path).appending(name: interface) / "address"
            names += try system.line(of: file).map { $0.utf8.contains { !"0:".utf8.contains($0) } ? [$0] : [] } ?? []
        }
        for file: Path in ["class/dmi/id/product_serial", "class/dmi/id/product_uuid"] {
            names += try system.line(of: file).map { [$0] } ?? []
        }
        return names
    } catch {
        return []
    }
}

extension Directory {
    /// The only line of a file; nil where there is none, and for an empty one.
    fileprivate func line(of path: Path) throws(Failure) -> String? {
        guard let content = try contents(of: path) else { return nil }
        let line = display(content.prefix { $0 != 0x0a })
        return line.isEmpty ? nil : line
    }
}
