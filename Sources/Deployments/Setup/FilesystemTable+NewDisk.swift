package import Basics

extension FilesystemTable {
    /// What an image's fstab mounts on a disk of its own, but at `places`; and what is said of the lines whose device would be waited for
    /// in vain.
    package static func kept(of image: [UInt8], besides places: [String]) throws(Failure) -> (text: String, notes: [String]) {
        let table = try MountsFile(parsing: image)
        for place in places { table.remove(target: place) }
        let notes = table.removeThoseOnDevices().map { device, use in
            "\(use) of the image's etc/fstab is left out: the disk has no \(device); with 'nofail' the line stays"
        }
        return (table.isEmpty ? "" : try table.text(), notes)
    }

    /// Which of a disk's own lines a person's fstab leaves to it: those for the places of which it says nothing. And what is said of its
    /// lines that are on another disk.
    package static func added(_ own: [String], to content: [UInt8]) throws(Failure) -> (lines: [String], notes: [String]) {
        let table = try MountsFile(parsing: content)
        let lines = own.filter { line in table.line(at: String(line.split(separator: " ")[1])) == nil }
        // A boot does not look for what is mounted at / by this line.
        table.remove(target: "/")
        let notes = table.removeThoseOnDevices().map { device, use in
            "\(use) of the top layer's etc/fstab is on \(device), which this disk does not have: a boot waits for it unless 'nofail' is said"
        }
        return (lines, notes)
    }
}
