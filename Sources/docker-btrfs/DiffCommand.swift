import ArgumentParser
import Basics
import Deployments

struct DiffCommand: ParsableCommand, TakesName {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Show what was changed in a root since it was made, which a new root will not have.",
        discussion: """
            A line for each path: A added, C changed, with what of it, D deleted, R renamed; times alone are no change. Of a directory that \
            was deleted only its own name is shown. What systems write by themselves, such as logs and caches, is counted in one line. With \
            --format json one object a line: kind, path, from (of what was renamed, else null), file (its kind), changed (a list of type, \
            content, mode, owner, attributes), routine; a path that is not UTF-8 has all its bytes in path_hex, from_hex.
            """
    )
    static let completed = CompletedNames.rootsAndProjects

    @Argument(
        help: ArgumentHelp(
            "The root's number or the project's name, as root ls has them; else the running root, or the machine's of a disk that --top-level names."
        ),
        completion: .names(completed))
    var root: String?

    @Flag(help: "Show what systems write by themselves, too.")
    var all = false

    @Option(help: "text, or json for other programs.")
    var format = OutputFormat.text

    @OptionGroup var place: SitePlace

    func run() throws {
        let difference = try place.site(loader: .ifFound).difference(ofRootCalled: root)
        let shown = all ? difference.changes : difference.changes.filter { !$0.isRoutine }
        switch format {
        case .json: for change in shown { print(change.line) }
        case .text:
            for change in shown { print(change.text) }
            let others = difference.changes.count - shown.count
            if others > 0 { print("and \(counted(others, "path")) that systems write by themselves: --all shows them") }
        }
        for note in difference.notes { tell(note: note) }
    }
}

extension RootChange {
    /// `C /etc/hosts (content, mode)`
    var text: String {
        let words = (kind == .changed || kind == .renamed ? aspects.map(\.rawValue) : []) + (file == .subvolume ? ["subvolume"] : [])
        let what = words.isEmpty ? "" : " (\(words.joined(separator: ", ")))"
        return "\(kind.rawValue) \(from.map { "\($0) → " } ?? "")\(path)\(what)"
    }

    fileprivate var line: String {
        JSONOutput.object(
            [("kind", .string(kind.rawValue))] + Self.members("path", path)
                + (from.map { Self.members("from", $0) } ?? [("from", .null)]) + [
                    ("file", .string(file.rawValue)), ("changed", .array(aspects.map { .string($0.rawValue) })),
                    ("routine", .boolean(isRoutine)),
                ]
        ).line
    }

    /// JSON has no bytes: what is not UTF-8 is there once to be read, and once as it is.
    private static func members(_ key: String, _ path: Path) -> [(String, JSONOutput)] {
        let bytes = Array("/".utf8) + path.bytes
        if let text = String(validating: bytes, as: UTF8.self) { return [(key, .string(text))] }
        return [(key, .string(path.description)), ("\(key)_hex", .string(hexadecimal(bytes)))]
    }
}
