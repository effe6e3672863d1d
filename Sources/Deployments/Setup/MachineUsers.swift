internal import Basics

/// The people of a system: what passwd(5), group(5), shadow(5) and subuid(5) say of them and of nobody else. The users of an image's
/// packages are the image's.
struct MachineUsers {
    /// Name, content and mode of each file.
    let files: [(name: String, text: String, mode: UInt32)]

    init(in system: Directory) throws(Failure) {
        func lines(_ path: Path) throws(Failure) -> [[Substring]] {
            let text = String(decoding: try system.contents(of: path) ?? [], as: UTF8.self)
            return text.split(separator: "\n").map { $0.split(separator: ":", omittingEmptySubsequences: false) }
        }
        func isPersons(_ line: [Substring]) -> Bool {
            line.count > 2 && Int(line[2]).map { Self.people.contains($0) } ?? false
        }
        let users = try lines("etc/passwd").filter(isPersons)
        let names = Set(users.map { $0[0] })
        let numbers = Set(users.map { $0[2] })
        let groups = try lines("etc/group")
        let own = groups.filter(isPersons)
        let ownNames = Set(own.map { $0[0] })
        // root's password is the machine's too, root's other data are the image's.
        let passwords = try lines("etc/shadow").filter { names.contains($0[0]) || $0[0] == "root" }
        let members = groups.filter { $0.count == 4 && !ownNames.contains($0[0]) }.flatMap { group in
            group[3].split(separator: ",").filter { names.contains($0) }.map { "\(group[0]):\($0)" }
        }
        // Its first field may be a number.
        func isOfPerson(_ line: [Substring]) -> Bool { names.contains(line[0]) || numbers.contains(line[0]) }
        func text(_ lines: [[Substring]]) -> String { lines.map { $0.joined(separator: ":") + "\n" }.joined() }
        files = [
            ("passwd", text(users), 0o644), ("group", text(own), 0o644), ("shadow", text(passwords), 0o600),
            ("gshadow", text(try lines("etc/gshadow").filter { ownNames.contains($0[0]) }), 0o600),
            ("members", members.map { $0 + "\n" }.joined(), 0o644),
            ("subuid", text(try lines("etc/subuid").filter(isOfPerson)), 0o644),
            ("subgid", text(try lines("etc/subgid").filter(isOfPerson)), 0o644),
        ]
    }

    /// UID_MIN and UID_MAX of login.defs(5) as distributions have them.
    private static let people = 1000...60000
}
