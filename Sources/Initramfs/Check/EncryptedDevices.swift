internal import Basics

extension InitramfsImage {
    /// Whether it is told which devices to unlock: by its own crypttab (Debian's, or one for systemd), or on the kernel command line, of which
    /// dracut keeps a part.
    package func unlocks(with options: [String]) -> Bool {
        for path in ["cryptroot/crypttab", "etc/crypttab"] as [Path] {
            if namesEncryptedDevices(crypttab: lines(of: path)) { return true }
        }
        let kept = paths.filter { $0.parent == "etc/cmdline.d" }.flatMap { lines(of: $0) }.flatMap {
            $0.split(separator: " ").map { String($0) }
        }
        return namesEncryptedDevices(options + kept)
    }
}

/// Whether crypttab(5) names a device to unlock.
package func namesEncryptedDevices(crypttab lines: [some StringProtocol]) -> Bool {
    lines.contains { line in line.first { $0 != " " && $0 != "\t" }.map { $0 != "#" } ?? false }
}

/// Whether words of a kernel command line do: dracut's, systemd's, mkinitcpio's or Debian's.
package func namesEncryptedDevices(_ words: [String]) -> Bool {
    let keys = ["rd.luks", "rd.auto", "luks.", "cryptdevice=", "cryptopts="]
    return words.contains { word in keys.contains { word.hasPrefix($0) } }
}
