public import Basics
internal import Boot
internal import Files

/// What came of the last pull, as it is kept: a JSON object.
public struct Update: Equatable, Sendable {
    /// Seconds since 1970.
    public let time: Int
    public let name: String
    /// The id of the image that the registry had under that name; nil where it never said.
    public let image: String?
    /// The id of the image that was deployed; nil where there was nothing new.
    public let deployed: String?
    public let failure: String?
    let pulled: PulledImages

    /// Whether it is still to be told: a failure is old news where another name was deployed after it.
    func isNews(beside next: Deployment?) -> Bool {
        guard failure != nil, let next, next.made > time else { return true }
        return if case .name(let own) = next.reference.kind { own.full == name } else { false }
    }

    /// Without the list: what `status` says.
    public var json: JSONOutput { .object(members) }

    fileprivate var members: [(String, JSONOutput)] {
        let text = { (text: String?) in text.map { JSONOutput.string($0) } ?? .null }
        return [
            ("time", .integer(time)), ("name", .string(name)), ("image", text(image)), ("deployed", text(deployed)),
            ("failure", text(failure)),
        ]
    }
}

/// Which images came from registries, by the names that they had there: whether one of Docker Hub's names means what is there, or what was
/// built here, is not in the name.
struct PulledImages: Equatable, Sendable {
    /// The newest last, as their ids in hexadecimal.
    private var images: [String: [String]] = [:]

    /// Of each name.
    private static let most = 20

    /// Nothing where it cannot be read.
    init(reading json: JSON? = nil) {
        for (name, value) in json?.members ?? [] { images[name] = (value.elements ?? []).compactMap(\.string) }
    }

    func has(_ image: ImageID, as name: String) -> Bool { images[name]?.contains(image.digest.hex) == true }

    func adding(_ image: ImageID?, to name: String) -> PulledImages {
        guard let image, !has(image, as: name) else { return self }
        var all = self
        all.images[name] = Array(((images[name] ?? []) + [image.digest.hex]).suffix(Self.most))
        return all
    }

    var json: JSONOutput {
        .object(images.sorted { $0.key < $1.key }.map { ($0.key, .array($0.value.map { .string($0) })) })
    }
}

extension Site {
    /// What came of the last pull; nil where there was none, and where that cannot be read: nothing hangs on it but a line of `status`.
    func update() throws(Failure) -> Update? {
        var json: JSON?
        do throws(Failure) {
            guard let bytes = try topLevel.contents(of: Layout.update, limit: 1 << 20) else { return nil }
            json = try JSON(parsing: bytes, name: topLevel.show(Layout.update))
        } catch {
            return nil
        }
        guard let json, let time = json["time"]?.integer, let name = json["name"]?.string else { return nil }
        let image = json["image"]?.string
        let pulled = PulledImages(reading: json["pulled"]).adding(image.flatMap { Digest(hex: $0.utf8) }.map { ImageID($0) }, to: name)
        return Update(
            time: time, name: name, image: image, deployed: json["deployed"]?.string, failure: json["failure"]?.string,
            pulled: pulled)
    }

    func write(_ update: Update) throws(Failure) {
        let kept = JSONOutput.object(update.members + [("pulled", update.pulled.json)])
        try topLevel.write(Array(kept.text.utf8), mode: 0o600, to: Layout.update)
    }
}
