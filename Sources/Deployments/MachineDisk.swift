internal import Basics
internal import Glibc

/// The device of the running machine that its roots are on, as sysfs has it.
struct MachineDisk {
    /// As the mount table has it: `/dev/nvme0n1p2`, `/dev/mapper/cr_root`.
    let device: String
    /// Where sysfs is mounted.
    var system = "/sys"

    /// Whether it is one of LUKS, LVM or RAID, and not a disk's or a partition's.
    var isMapped: Bool { RootFilesystem.isMapped(device) }

    /// Whether LUKS or another kind of dm-crypt is in it, or in what it lies on.
    var isEncrypted: Bool {
        folders.contains { folder in firstLine(of: folder + "/dm/uuid")?.hasPrefix("CRYPT-") == true }
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

    /// In sysfs: of the device, and of those below it.
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
