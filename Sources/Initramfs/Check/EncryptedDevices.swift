internal import Basics

extension InitramfsImage {
    /// Whether it is told which devices to unlock: by its own crypttab (Debian's, or one for systemd), or on the kernel command line, of which
    /// dracut keeps a part.
    package func unlocks(with options: [String]) -> Bool {
        for path in ["cryptroot/crypttab", "etc/crypttab"] as [Path] {
            if lines(of: path).contains(where: { line in line.first { $0 != " " && $0 != "\t" }.map { $0 != "#" } ?? false }) {
                return true
            }
        }
        let kept = paths.filter { $0.parent == "etc/cmdline.d" }.flatMap { lines(of: $0) }.flatMap {
            $0.split(separator: " ").map { String($0) }
        }
        // dracut's, systemd's, mkinitcpio's and Debian's.
        let keys = ["rd.luks", "rd.auto", "luks.", "cryptdevice=", "cryptopts="]
        return (options + kept).contains { word in keys.contains { word.hasPrefix($0) } }
    }
}
