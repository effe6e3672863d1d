internal import Basics
internal import Boot
internal import Planning

/// The records of deployments.
extension Site {
    /// The folders of ours that are not there yet.
    func missingFolders() throws(Failure) -> [DeploymentChange] {
        var changes: [DeploymentChange] = []
        for path in [Layout.home, Layout.layers, Layout.deployments] where try topLevel.status(of: path) == nil {
            changes.append(.step(.createDirectory(Place(path), permissions: 0o700)))
        }
        return changes
    }

    func record(_ deployment: Deployment) -> [DeploymentChange] {
        [.step(.replaceFile(Place(Deployment.path(of: deployment.imageID)), content: deployment.text)), .sync(topLevel)]
    }

    /// The ways to note that somebody went back from some deployments, and that others are wanted.
    func noting(left: [Deployment], wanted: [Deployment]) throws(Failure) -> [DeploymentChange] {
        let marks = left.map { Deployment.leftMark(of: $0.imageID) }
        var changes: [DeploymentChange] = []
        for mark in marks where try topLevel.status(of: mark) == nil { changes.append(.step(.replaceFile(Place(mark), content: ""))) }
        for mark in wanted.map({ Deployment.leftMark(of: $0.imageID) }) where !marks.contains(mark) {
            if try topLevel.status(of: mark) != nil { changes.append(.step(.removeFile(mark, of: Place(.top)))) }
        }
        return changes.isEmpty ? [] : changes + [.sync(topLevel)]
    }

    /// How many boots of an image were not good before it was given its chances anew: a boot counts from 0 then. What was good once did not
    /// fail.
    func failedBoots(of id: ImageID, _ record: Record) throws(Failure) -> Int {
        if record.isGood(image: id, under: settings.root) { return 0 }
        let content = try topLevel.contents(of: FailedMark.path(beside: Deployment.path(of: id)), limit: 1 << 14) ?? []
        return FailedMark.count(in: content, of: settings.root)
    }

    /// The marks that have no record once these are removed: an earlier companion removed records alone.
    func failedMarks(without records: [Path]) throws(Failure) -> [Path] {
        let all = try files(in: Layout.deployments) { _ in true }
        let staying = Set(all.map(\.name)).subtracting(records.map(\.name))
        return all.filter { path in FailedMark.record(of: path.name).map { !staying.contains($0) } ?? false }
    }

    /// The deployment that a text names: by its image's id or the beginning of it, or by its reference, of which the default or the
    /// newest is meant.
    func deployment(_ text: String, among all: [Deployment]) throws(Failure) -> Deployment {
        try deployments(text, among: all)[0]
    }

    /// The record that cannot be read which a text names, by its image's id: what it is called is not to be read. nil where the text names
    /// none of these. Fails where it may mean another one too.
    func damagedRecord(_ text: String, among damaged: [Path], beside deployments: [Deployment]) throws(Failure) -> Path? {
        let wanted = try ImageReference(text).description
        if deployments.contains(where: { $0.reference.description == wanted }) { return nil }
        let found = damaged.filter { Digest(hex: $0.name).map { ImageID($0).begins(with: text) } ?? false }
        let count = found.count + deployments.count { $0.imageID.begins(with: text) }
        if found.isEmpty || count == 1 { return found.first }
        let all = found.map { display($0.name.prefix(12)) } + deployments.map(\.title)
        throw Failure("could not choose a deployment: \(count) ids begin with '\(text)'", hint: there(all))
    }

    /// All that a text names: those with that reference, the default or the newest first; where none has it, the one whose image's id
    /// begins so.
    func deployments(_ text: String, among deployments: [Deployment]) throws(Failure) -> [Deployment] {
        let wanted = try ImageReference(text).description
        let named = deployments.filter { $0.reference.description == wanted }
        if !named.isEmpty { return named }
        let found = deployments.filter { $0.imageID.begins(with: text) }
        if found.count == 1 { return found }
        let all = deployments.map(\.title)
        if found.isEmpty {
            let isShort = deployments.contains { $0.imageID.begins(with: text, fewest: 1) }
            let count = isShort ? "at least four digits of an id are needed; " : ""
            throw Failure("could not find a deployment '\(text)'", hint: all.isEmpty ? "none was made yet" : count + there(all))
        }
        throw Failure("could not choose a deployment: \(found.count) ids begin with '\(text)'", hint: there(all))
    }
}

/// A file beside a deployment's with the number of its boots that count no more, and what the root of these was called.
enum FailedMark {
    private static let ending = Array(".failed".utf8)

    static func path(beside record: Path) -> Path { Layout.deployments.appending(name: record.name + ending) }

    static func text(_ count: Int, of root: Path) -> String { "\(count) \(root)" }

    /// 0 where it is of roots of another name, or cannot be read.
    static func count(in content: [UInt8], of root: Path) -> Int {
        let text = String(decoding: content, as: UTF8.self)
        guard let count = text.split(separator: " ").first.flatMap({ Int32($0) }), count > 0, text == Self.text(Int(count), of: root) else {
            return 0
        }
        return Int(count)
    }

    /// What the record is called that a mark is beside; nil for the name of anything else.
    static func record(of name: [UInt8]) -> [UInt8]? {
        let record = Array(name.dropLast(ending.count))
        return name.suffix(ending.count).elementsEqual(ending) && Digest(hex: record) != nil ? record : nil
    }
}

extension ImageID {
    /// Whether a text is its first digits, with or without `sha256:`. Fewer than four are a number, or a word, that a person means otherwise.
    fileprivate func begins(with text: String, fewest: Int = 4) -> Bool {
        guard let digits = (try? ImageReference(text))?.idPrefix, digits.count >= fewest else { return false }
        return digest.hex.utf8.starts(with: digits)
    }
}
