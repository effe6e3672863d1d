package import Basics

/// A user of the entered system, as its own files say. Nothing of them is trusted beyond that.
package struct Account: Equatable {
    package let user: UInt32
    package let group: UInt32
    /// All groups that the user is in.
    package let groups: [UInt32]
    package let name: String
    package let home: String
    package let shell: String

    /// `asked` is a name or a number, with a group's behind a colon where that is to be another one; nil for root. Fails where there is
    /// no such user or group.
    package init(_ asked: String?, in root: Directory) throws(Failure) {
        let users = try Self.lines(of: "etc/passwd", fields: 7, in: root)
        let parts = (asked ?? "0").split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let number = UInt32(parts[0])
        let entry = users.first { $0[0] == parts[0] } ?? users.first { number != nil && UInt32($0[2]) == number }
        guard let user = entry.flatMap({ UInt32($0[2]) }) ?? number else {
            throw Failure("could not find the user '\(parts[0])' in '/etc/passwd' of the root", hint: "a number needs no entry there")
        }
        let all = try Self.lines(of: "etc/group", fields: 4, in: root)
        if parts.count == 2 {
            guard let group = all.first(where: { $0[0] == parts[1] }).flatMap({ UInt32($0[2]) }) ?? UInt32(parts[1]) else {
                throw Failure("could not find the group '\(parts[1])' in '/etc/group' of the root")
            }
            self.group = group
            groups = [group]
        } else {
            let group = entry.flatMap { UInt32($0[3]) } ?? 0
            self.group = group
            groups = [group] + all.filter { $0[3].split(separator: ",").contains { $0 == entry?[0] ?? "" } }.compactMap { UInt32($0[2]) }
        }
        self.user = user
        name = entry?[0] ?? "\(user)"
        home = entry.flatMap { $0[5].hasPrefix("/") ? $0[5] : nil } ?? (user == 0 ? "/root" : "/")
        shell = entry.flatMap { $0[6].hasPrefix("/") ? $0[6] : nil } ?? "/bin/sh"
    }

    private static func lines(of file: Path, fields: Int, in root: Directory) throws(Failure) -> [[String]] {
        let text = try root.contents(of: file, limit: 4 << 20) ?? []
        return text.split(separator: UInt8(ascii: "\n")).compactMap { line in
            if line.contains(0) { return nil }
            let parts = line.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
            return parts.count == fields ? parts.map { String(decoding: $0, as: UTF8.self) } : nil
        }
    }
}
