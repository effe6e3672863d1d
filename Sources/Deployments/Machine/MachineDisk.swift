internal import Basics
internal import Glibc
internal import Linux

/// A device of the running machine, as sysfs has it: what its roots are on, or a mount of theirs.
struct MachineDisk {
    /// As the mount table has it: `/dev/nvme0n1p2`, `/dev/mapper/cr_root`.
    let device: String
    /// Of the filesystem on it; nil where nobody asked.
    var uuid: String?
    /// Where sysfs is mounted.
    var system = "/sys"

    /// Whether it is one of LUKS, LVM or RAID, and not a disk's or a partition's.
    var isMapped: Bool { MachineBtrfs.isMapped(device) }

    /// Whether LUKS or another kind of dm-crypt is in it, or in what it lies on.
    var isEncrypted: Bool { openers(besides: nil).contains(.cryptsetup) }

    /// What makes a device of others, by the program that a system needs for it.
    enum Opener: CaseIterable {
        case cryptsetup, lvm, mdadm
    }

    /// What has to open it, and what it lies on. An initramfs opens what the roots are on.
    func openers(besides roots: MachineDisk?) -> [Opener] {
        let open = roots?.folders ?? []
        let found = Set(folders.filter { !open.contains($0) }.compactMap(Self.opener))
        return Opener.allCases.filter(found.contains)
    }

    private static func opener(of folder: String) -> Opener? {
        if access(folder + "/md", F_OK) == 0 { return .mdadm }
        guard let kind = firstLine(of: folder + "/dm/uuid")?.split(separator: "-").first else { return nil }
        return ["CRYPT": .cryptsetup, "LVM": .lvm][kind]
    }

    /// The modules that drive it here, and what it is plugged into. What is built into the running kernel is not among them.
    var drivers: [String] {
        var found: [String] = []
        let devices = (resolved(system) ?? system) + "/devices/"
        for folder in folders {
            var place = folder
            while let slash = place.lastIndex(of: "/"), place.hasPrefix(devices) {
                if let module = resolved(place + "/driver/module")?.split(separator: "/").last.map({ String($0) }), !found.contains(module)
                {
                    found.append(module)
                }
                place = String(place[..<slash])
            }
        }
        return found
    }

    /// In sysfs: of the device, and of those that it lies on.
    private var folders: [String] {
        guard let name = (resolved(device) ?? device).split(separator: "/").last else { return [] }
        var (found, next) = ([String](), ["\(system)/class/block/\(name)"])
        while let link = next.popLast() {
            guard let folder = resolved(link), !found.contains(folder) else { continue }
            found.append(folder)
            let slaves = (try? Directory(opening: folder + "/slaves").names()) ?? []
            next += slaves.map { "\(folder)/slaves/\(display($0))" }
        }
        return found
    }

    private func resolved(_ path: String) -> String? {
        guard let found = realpath(path, nil) else { return nil }
        defer { free(found) }
        return String(cString: found)
    }
}

extension MachineDisk {
    /// nil where there is no device of that name now.
    init?(named name: DeviceName) throws(Failure) {
        guard let found = try BlockDevices.device(of: name) else { return nil }
        self.init(device: found.path)
    }
}

extension MachineDisk.Opener {
    /// What there is where it is installed.
    var programs: [Path] {
        switch self {
        case .cryptsetup:
            [
                "lib/systemd/systemd-cryptsetup", "usr/lib/systemd/systemd-cryptsetup", "sbin/cryptsetup", "usr/sbin/cryptsetup",
                "usr/bin/cryptsetup",
            ]
        case .lvm: ["sbin/lvm", "usr/sbin/lvm", "usr/bin/lvm"]
        case .mdadm: ["sbin/mdadm", "usr/sbin/mdadm", "usr/bin/mdadm"]
        }
    }

    var packages: String {
        switch self {
        case .cryptsetup: "cryptsetup, and systemd-cryptsetup from Debian 13 on"
        case .lvm: "lvm2"
        case .mdadm: "mdadm"
        }
    }
}
