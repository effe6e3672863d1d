public import Basics

/// Which devices a name is that of. One name may be that of several: labels are not unique, and `dd` copies all names.
extension BlockDevice {
    /// Whether that name is one of this device's. Upper and lower case of a UUID are the same.
    func answers(to name: DeviceName) -> Bool {
        switch name {
        case .label(let text): label == display(text.utf8)
        case .uuid(let text): isSame(filesystemUUID, text)
        case .partitionLabel(let text): partitionLabel == display(text.utf8)
        case .partitionUUID(let text): isSame(partitionUUID, text)
        case .path(let text): path == text
        }
    }

    /// Another name of this device with the value of `name`, as one that should have been said in its place; nil where it has none.
    func otherName(for name: DeviceName) -> String? {
        guard let value = (name.behindLink ?? name).tag?.value else { return nil }
        if let filesystemUUID, isSame(filesystemUUID, value) || isSame(memberUUID, value) { return "UUID=\(filesystemUUID)" }
        if isSame(partitionUUID, value) { return "PARTUUID=\(value)" }
        if label == display(value.utf8) { return "LABEL=\(value)" }
        return partitionLabel == display(value.utf8) ? "PARTLABEL=\(value)" : nil
    }

    /// Whether both are devices of one btrfs filesystem. A copy of a device is none: it has the same place in the filesystem.
    func isMember(with other: BlockDevice) -> Bool {
        filesystemType == "btrfs" && filesystemUUID != nil && filesystemUUID == other.filesystemUUID && memberUUID != other.memberUUID
    }

    /// Whether a mount of either shows the same filesystem.
    public func hasFilesystem(of other: BlockDevice) -> Bool { number == other.number || isMember(with: other) }

    /// Whether one of the two is made of the other, as a mapped device is.
    func isStacked(with other: BlockDevice) -> Bool {
        isBelow(other) || other.isBelow(self)
    }

    private func isBelow(_ upper: BlockDevice) -> Bool {
        let slaves = "/sys/dev/block/\(upper.number)/slaves"
        return (try? Directory(opening: slaves).names().contains { firstLine(of: "\(slaves)/\(display($0))/dev") == number }) ?? false
    }
}

private func isSame(_ uuid: String?, _ text: String) -> Bool {
    guard let uuid else { return false }
    return uuid.utf8.map { lowercase($0) }.elementsEqual(text.utf8.map { lowercase($0) })
}

private func lowercase(_ byte: UInt8) -> UInt8 {
    (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
}

extension BlockDevices {
    /// What the person at the machine must know where more than one device has the name that was asked for; nil where there is no
    /// other than `device`.
    public mutating func rivalNote(of device: BlockDevice, _ name: DeviceName, key: String) -> String? {
        let rivals = rivals(of: device, name)
        if rivals.isEmpty { return nil }
        let others = rivals.map { "'\($0.path)'" }.joined(separator: ", ")
        return "\(name) (\(key)=) is '\(device.path)' in this boot, and \(others) has the same name: give one of them another one"
    }

    /// The other devices that have the name that was asked for.
    public mutating func rivals(of device: BlockDevice, _ name: DeviceName) -> [BlockDevice] {
        if name.tag == nil { return [] }
        return all().filter {
            $0.number != device.number && $0.answers(to: name) && !$0.isMember(with: device) && !$0.isStacked(with: device)
        }
    }
}
