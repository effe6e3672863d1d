public import Basics
public import Planning

/// What a top layer says beside its files, in `.docker-btrfs.json` at its top. Every member may be absent.
///
///     {
///       "directories": ["/etc/cups"],
///       "create_only": ["/etc/machine-id", "/etc/ssh/ssh_host_*"],
///       "image_identity": "remove",
///       "ignore": ["/.git", "/README.md"]
///     }
public struct LayerManifest: Equatable, Sendable {
    /// What becomes of a machine-id and of ssh host keys that the image brings, which all its machines would share.
    public enum ImageIdentity: Equatable, Sendable {
        case keep, remove
    }

    /// Directories that get the layer's owner, mode, attributes and times although the image has them.
    public let directories: [Path]
    /// Files that the running system makes once, and that are written back to the layer at the next boot.
    public let createOnly: [PathPattern]
    public let imageIdentity: ImageIdentity
    /// What lies in the layer and is none of it.
    public let ignored: [PathPattern]

    /// Fails where the content is no JSON object, or says what this version does not know; `name` is the file's.
    public init(parsing bytes: [UInt8], name: String) throws(Failure) {
        let reader = Reader(name: name)
        guard let members = try JSON(parsing: bytes, name: name).members else { throw reader.failure("it is not a JSON object") }
        var directories: [Path] = []
        var createOnly: [PathPattern] = []
        var imageIdentity = ImageIdentity.keep
        var ignored = LayerRules.usuallyIgnored
        for (key, value) in members {
            switch key {
            case "directories": directories = try reader.list(value, key) { Path($0) }
            case "create_only": createOnly = try reader.list(value, key) { PathPattern($0) }
            case "ignore": ignored = try reader.list(value, key) { PathPattern($0) }
            case "image_identity": imageIdentity = try reader.identity(value)
            default: throw reader.failure("there is no member '\(display(key.utf8))'")
            }
        }
        self.directories = directories
        self.createOnly = createOnly
        self.imageIdentity = imageIdentity
        self.ignored = ignored
    }

    /// That of a layer without one.
    static let none = LayerManifest()

    private init() {
        directories = []
        createOnly = []
        imageIdentity = .keep
        ignored = LayerRules.usuallyIgnored
    }

    package var rules: LayerRules { LayerRules(directories: directories, ignored: ignored) }
}

extension LayerManifest {
    /// That of a layer; an empty one where it has none.
    package init(of layer: Directory) throws(Failure) {
        guard let content = try layer.contents(of: LayerRules.manifest, limit: 1 << 20) else {
            if try layer.status(of: LayerRules.manifest) != nil {
                throw Failure(
                    "could not open '\(layer.show(LayerRules.manifest))': it is a symlink, and leads to nothing",
                    hint: "correct or remove it")
            }
            self = .none
            return
        }
        try self.init(parsing: content, name: layer.show(LayerRules.manifest))
    }
}

private struct Reader {
    let name: String

    func failure(_ reason: String) -> Failure {
        Failure("could not read '\(name)': \(reason)")
    }

    func list<Value>(_ value: JSON, _ key: String, _ parse: (String) -> Value?) throws(Failure) -> [Value] {
        guard let elements = value.elements else { throw failure("'\(key)' is not a list") }
        var values: [Value] = []
        for element in elements {
            guard let text = element.string else { throw failure("'\(key)' has something that is not a string") }
            guard let value = parse(text) else { throw failure("'\(display(text.utf8))' in '\(key)' is not a path that it can have") }
            values.append(value)
        }
        return values
    }

    func identity(_ value: JSON) throws(Failure) -> LayerManifest.ImageIdentity {
        switch value.string {
        case "keep": return .keep
        case "remove": return .remove
        default: throw failure("'image_identity' must be one of keep, remove")
        }
    }
}
