public import Basics

/// What `/etc/docker-btrfs.json` in the initramfs says: which image to boot when the kernel command line names none.
///
///     { "docker_image": "sample_image", "docker_tag": "latest" }
public struct Configuration: Equatable, Sendable {
    /// Where the file is, in a system and in an initramfs.
    public static let path = "/etc/docker-btrfs.json"

    /// The image reference; nil where the file names none.
    public let image: String?

    /// A machine without the file.
    public static let none = Configuration(image: nil)

    private init(image: String?) {
        self.image = image
    }

    /// Fails where the content is no JSON object or one of the two members is not a string; `name` is the file's.
    public init(parsing bytes: [UInt8], name: String) throws(Failure) {
        let json = try JSON(parsing: bytes, name: name)
        if json.members == nil { throw Failure("could not read '\(name)': it is not a JSON object") }
        let image = try Self.text("docker_image", of: json, name: name)
        let tag = try Self.text("docker_tag", of: json, name: name)
        self.image = image.map { image in tag.map { "\(image):\($0)" } ?? image }
    }

    private static func text(_ key: String, of json: JSON, name: String) throws(Failure) -> String? {
        guard let value = json[key] else { return nil }
        guard let text = value.string else { throw Failure("could not read '\(name)': '\(key)' is not a string") }
        return text.isEmpty ? nil : text
    }
}
