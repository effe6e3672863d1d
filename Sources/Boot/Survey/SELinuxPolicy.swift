internal import Basics

extension ImageFiles {
    /// Whether the system in this tree asks for SELinux: selinux_config(5); nil where it does not say. Its files need labels, and those
    /// that an image's layers have are the store's.
    func usesSELinux() -> Bool? {
        do throws(Failure) {
            let key = Array("SELINUX=".utf8)
            guard let text = try contents(of: "etc/selinux/config", limit: 1 << 16) else { return nil }
            guard let line = text.split(separator: 0x0a).first(where: { $0.starts(with: key) }) else { return false }
            let value = line.dropFirst(key.count).drop { $0 == 0x20 || $0 == 0x09 }.map { $0 | 0x20 }
            return value.starts(with: "enforcing".utf8) || value.starts(with: "permissive".utf8)
        } catch {
            // What cannot be read sets no policy.
            return false
        }
    }
}
