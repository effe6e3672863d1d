public import Basics
internal import Boot
internal import Files
internal import Planning

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
    /// Whether another name became the next boot after it failed: it is told no more. nil where an earlier version wrote this, which did not
    /// tell.
    var isPast: Bool? = false

    /// Whether it is still to be told.
    func isNews(beside next: Deployment?) -> Bool {
        guard failure != nil else { return true }
        if let isPast { return !isPast }
        guard let next, next.made > time else { return true }
        return isOf(next)
    }

    /// Whether a deployment has the name that was pulled.
    fileprivate func isOf(_ deployment: Deployment) -> Bool {
        if case .name(let own) = deployment.reference.kind { own.full == name } else { false }
    }

    /// Without the list: what `status` says.
    public var json: JSONOutput { .object(members) }

    fileprivate var members: [(String, JSONOutput)] {
        [
            ("time", .integer(time)), ("name", .string(name)), ("image", .text(image)), ("deployed", .text(deployed)),
            ("failure", .text(failure)),
        ]
    }

    /// How it lies on the disk.
    fileprivate var kept: String {
        JSONOutput.object(members + [("past", .boolean(isPast == true)), ("pulled", pulled.json)]).text
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
            pulled: pulled, isPast: json["past"].map { $0.isTrue })
    }

    func write(_ update: Update) throws(Failure) {
        try topLevel.write(Array(update.kept.utf8), mode: 0o600, to: Layout.update)
    }

    /// The way to tell of a failure no more, where what becomes the next boot is called otherwise.
    func forgettingFailure(beside next: Deployment) throws(Failure) -> [DeploymentChange] {
        guard var update = try update(), update.failure != nil, update.isPast != true, !update.isOf(next) else { return [] }
        update.isPast = true
        return [.step(.replaceFile(Place(Layout.update), content: update.kept))]
    }
}
