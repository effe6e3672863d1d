public import Basics

extension BlockDevice {
    /// Fails where what is on the device is no filesystem, but what one is in: a device that is locked, or part of another one.
    public func checkIsOpen(key: String) throws(Failure) {
        guard let type = filesystemType, let (what, become) = Self.shells.first(where: { $0.type == type }).map({ ($0.what, $0.become) })
        else { return }
        throw Failure(
            "could not use '\(path)' (\(key)=): it has \(type) on it, and \(what)",
            hint: "give the device that it becomes, such as \(become)")
    }

    private static let shells = [
        (type: "crypto_LUKS", what: "is not unlocked", become: "/dev/mapper/NAME"),
        (type: "BitLocker", what: "is not unlocked", become: "/dev/mapper/NAME"),
        (type: "LVM2_member", what: "is a part of a volume group", become: "/dev/mapper/GROUP-VOLUME"),
        (type: "linux_raid_member", what: "is a part of an array", become: "/dev/md/NAME"),
        (type: "bcache", what: "is the backing device of a cache", become: "/dev/bcache0"),
    ]
}
