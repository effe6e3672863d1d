package import Basics
internal import Files

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
    /// no such user or group, or where a number is none that anybody can have.
    package init(_ asked: String?, in root: Directory) throws(Failure) {
        let users = try Self.lines(of: "etc/passwd", fields: 7, in: root)
        let parts = (asked ?? "0").split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let number = UInt32(parts[0])
        let entry = users.first { $0[0] == parts[0] } ?? users.first { number != nil && UInt32($0[2]) == number }
        guard let text = entry?[2] ?? Self.digits(parts[0]) else {
            throw Failure(
                "could not find the user '\(parts[0])' in '/etc/passwd' of the root",
                hint: "a number needs no entry there, and the people that setup took are added at boot")
        }
        user = try Self.id(text, of: "user", entry?[0])
        let all = try Self.lines(of: "etc/group", fields: 4, in: root)
        if parts.count == 2 {
            let entry = all.first { $0[0] == parts[1] }
            guard let text = entry?[2] ?? Self.digits(parts[1]) else {
                throw Failure("could not find the group '\(parts[1])' in '/etc/group' of the root")
            }
            group = try Self.id(text, of: "group", entry?[0])
            groups = [group]
        } else {
            group = try entry.map { entry throws(Failure) in try Self.id(entry[3], of: "group of", entry[0]) } ?? 0
            var groups = [group]
            for line in all where line[3].split(separator: ",").contains(where: { $0 == entry?[0] ?? "" }) {
                groups.append(try Self.id(line[2], of: "group", line[0]))
            }
            self.groups = groups
        }
        name = entry?[0] ?? "\(user)"
        home = entry.flatMap { $0[5].hasPrefix("/") ? $0[5] : nil } ?? (user == 0 ? "/root" : "/")
        shell = entry.flatMap { $0[6].hasPrefix("/") ? $0[6] : nil } ?? "/bin/sh"
    }

    /// A text that is meant as a number; nil for a name.
    private static func digits(_ text: String) -> String? {
        !text.isEmpty && text.utf8.allSatisfy(isDigit) ? text : nil
    }

    private static func id(_ text: String, of title: String, _ name: String?) throws(Failure) -> UInt32 {
        if let text = digits(text), let number = userID(text) { return number }
        throw Failure(
            "could not use the number '\(text)'\(name.map { " of the \(title) '\($0)'" } ?? "")",
            hint: "numbers of users and groups go from 0 to \(UInt32.max - 1)")
    }

    private static func lines(of file: Path, fields: Int, in root: Directory) throws(Failure) -> [[String]] {
        colonFields(try root.contents(of: file, limit: 4 << 20) ?? []).filter { line in
            line.count == fields && !line.contains { $0.has("\0") }
        }
    }
}
