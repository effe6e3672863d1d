internal import Basics
internal import CLinux
internal import Glibc

/// Whose files this program takes for its own: root's, those of the user who runs it, and of the one who became root for it by sudo(8),
/// pkexec(1) or doas(1).
enum Caller {
    static func isOwn(user: uid_t) -> Bool { users.contains(user) }

    /// Whether others may write to what is open, with this mode and this group.
    static func sharesWriting(_ mode: UInt32, group: gid_t, _ descriptor: Int32) -> Bool {
        mode & 0o2 != 0 || mode & 0o20 != 0 && (!isOwn(group: group) || hasAccessList(descriptor))
    }

    /// As it is named in a message.
    static func title(ofUser user: uid_t) -> String {
        getpwuid(user).map { "'\(display(String(cString: $0.pointee.pw_name).utf8))'" } ?? "the user \(user)"
    }

    private static var users: [uid_t] {
        let user = geteuid()
        // Who is not root could say anything.
        if user != 0 { return [0, user] }
        let numbers = ["SUDO_UID", "PKEXEC_UID"].map { (name: String) in getenv(name).flatMap { uid_t(String(cString: $0)) } }
        let named = getenv("DOAS_USER").flatMap { getpwnam($0) }.map { $0.pointee.pw_uid }
        return [0] + (numbers + [named]).compactMap { $0 }
    }

    /// That of root, and one that a user has for himself. All others may have more members.
    private static func isOwn(group: gid_t) -> Bool {
        if group == 0 { return getegid() == 0 }
        return users.contains { $0 == group && getpwuid($0)?.pointee.pw_gid == group }
    }

    /// With one, the bits of the group tell what all that it names may do at most.
    private static func hasAccessList(_ descriptor: Int32) -> Bool {
        // A directory that is open as a path alone has no other way to its attributes.
        if getxattr("/proc/self/fd/\(descriptor)", "system.posix_acl_access", nil, 0) >= 0 { return true }
        return ![ENODATA, EOPNOTSUPP].contains(linux_errno())
    }
}
