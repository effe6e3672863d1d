public import Basics

/// The unit by which systemd mounts the root in an initramfs: sysroot.mount.
///
/// systemd makes it from `root=` and `rootflags=` in /proc/cmdline alone. Where there is no `root=`, dracut makes it from its own files,
/// before a person could say anything at the console. So it may name another root than the request does.
public struct MountUnit {
    /// Where systemd and dracut write it.
    public static let path = "/run/systemd/generator/sysroot.mount"

    private var device = ""
    private var options: [String] = []

    public init(_ content: [UInt8]) {
        for line in content.split(separator: UInt8(ascii: "\n")) {
            let text = String(decoding: line, as: UTF8.self)
            if let value = text.after("What=") { device = value }
            if let value = text.after("Options=") { options = Boot.options(value) }
        }
    }

    /// Fails where the unit does not mount the root that the request is to make.
    public func check(_ request: Request) throws(Failure) {
        let subvolumes = options.filter { $0.begins(with: "subvol=") || $0.begins(with: "subvolid=") }
        let isSame = subvolumes.count == 1 && subvolumes.first.flatMap { Self.path($0) } == request.name
        if isSame && isAbout(request.root.device) { return }
        throw Failure(
            "could not boot '\(request.name)' of \(request.root.device): systemd would mount '\(device)' with '\(subvolumes.joined(separator: ","))'",
            hint: "say both root= and rootflags= on the kernel command line, and not in dracut's files alone"
        )
    }

    /// What `subvol=` says. systemd writes a `%` twice.
    private static func path(_ option: String) -> Path? {
        var bytes: [UInt8] = []
        var isPercent = false
        for byte in option.utf8.dropFirst("subvol=".utf8.count) {
            isPercent = byte == UInt8(ascii: "%") && !isPercent
            if !isPercent { bytes.append(byte) }
        }
        return Path(bytes)
    }

    private func isAbout(_ name: DeviceName) -> Bool {
        guard let value = name.tag?.value else { return device == name.specification }
        // What udev writes in another way is taken for the same.
        if device.utf8.contains(UInt8(ascii: "\\")) { return true }
        // A UUID may be in capitals.
        let end = "/\(value)".utf8.map { $0 | 0x20 }
        return device.utf8.map { $0 | 0x20 }.suffix(end.count).elementsEqual(end)
    }
}
