internal import Basics
internal import Planning

/// What is called as a template of one name is.
struct TemplateSurvey {
    private(set) var templates: [Path] = []
    private(set) var strays: [Path] = []

    init(of name: Path, on topLevel: Directory, _ faults: Faults) {
        let names = faults.without([], "no template is used") { () throws(Failure) in
            try topLevel.directory(at: Layout.templates)?.names { Layout.isTemplate($0, of: name) } ?? []
        }
        for path in names.map({ Layout.templates.appending(name: $0) }) {
            do throws(Failure) {
                if try topLevel.isTemplate(path) {
                    templates.append(path)
                    continue
                }
                faults.add("'\(path)' is not as docker-btrfs left it: it is not used, and left alone")
            } catch {
                faults.add(error, "it is not used, and left alone")
            }
            strays.append(path)
        }
    }
}

extension Directory {
    /// A template has the mark of the root that it was made of, btrfs knows it as a snapshot of that one, and nothing in it changed
    /// since.
    fileprivate func isTemplate(_ path: Path) throws(Failure) -> Bool {
        guard try status(of: path)?.kind == .directory, let template = try directory(at: path), let subvolume = try template.subvolume(),
            subvolume.isPristine, let value = try template.attribute(Mark.attribute)
        else { return false }
        return Mark(parsing: value, uuid: subvolume.source) != nil
    }
}
