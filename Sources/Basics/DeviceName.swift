/// A block device as the kernel command line names it.
public enum DeviceName: Equatable, Sendable, CustomStringConvertible {
    case label(String)
    case uuid(String)
    case partitionLabel(String)
    case partitionUUID(String)
    /// An absolute path below /dev.
    case path(String)

    /// Takes `LABEL=`, `UUID=`, `PARTLABEL=`, `PARTUUID=` and a path that starts with `/dev/`; nil for anything else.
    public init?(_ text: String) {
        if text.begins(with: "/dev/") {
            self = .path(text)
            return
        }
        guard let equals = text.utf8.firstIndex(of: UInt8(ascii: "=")) else { return nil }
        let value = String(text[text.utf8.index(after: equals)...])
        if value.isEmpty { return nil }
        switch text[..<equals] {
        case "LABEL": self = .label(value)
        case "UUID": self = .uuid(value)
        case "PARTLABEL": self = .partitionLabel(value)
        case "PARTUUID": self = .partitionUUID(value)
        default: return nil
        }
    }

    /// The tag's name and value as libblkid and udev know them; nil for a path.
    public var tag: (name: String, value: String)? {
        switch self {
        case .label(let value): ("LABEL", value)
        case .uuid(let value): ("UUID", value)
        case .partitionLabel(let value): ("PARTLABEL", value)
        case .partitionUUID(let value): ("PARTUUID", value)
        case .path: nil
        }
    }

    /// What udev's link of that path stands for, as `/dev/disk/by-uuid/…`; nil for any other name.
    public var behindLink: DeviceName? {
        guard case .path(let path) = self else { return nil }
        for (folder, key) in [("uuid", "UUID"), ("label", "LABEL"), ("partuuid", "PARTUUID"), ("partlabel", "PARTLABEL")] {
            if let name = path.after("/dev/disk/by-\(folder)/") { return DeviceName("\(key)=\(Self.decoded(name))") }
        }
        return nil
    }

    /// udev writes bytes that are not for names of files as `\x20`.
    private static func decoded(_ name: String) -> String {
        var (rest, bytes) = (Array(name.utf8)[...], [UInt8]())
        while let byte = rest.popFirst() {
            let digits = rest.dropFirst().prefix(2)
            if byte == UInt8(ascii: "\\"), rest.first == UInt8(ascii: "x"), digits.count == 2,
                let code = UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
            {
                bytes.append(code)
                rest = rest.dropFirst(3)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// As the kernel command line has it.
    public var specification: String {
        switch self {
        case .path(let path): path
        default: tag.map { "\($0.name)=\($0.value)" } ?? ""
        }
    }

    /// The same, safe to print.
    public var description: String { display(specification.utf8) }
}
