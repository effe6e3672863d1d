public import Basics
internal import Planning

/// An image that was made ready to boot this machine: its layer is held, and its kernel lies where the boot loader reads it.
///
/// A small file at the top level, named after the image's id. It is written before the boot menu names the image.
public struct Deployment: Equatable, Sendable {
    /// A file that the boot loader reads.
    public struct File: Equatable, Sendable {
        /// Made of what it is and of its content: deployments with the same kernel share it.
        public let name: String
        /// In bytes.
        public let size: Int
        public let digest: Digest

        public init(name: String, size: Int, digest: Digest) {
            self.name = name
            self.size = size
            self.digest = digest
        }
    }

    public let imageID: ImageID
    public let chainID: ChainID
    public var reference: ImageReference
    /// The highest one is the default.
    public var number: Int
    /// Seconds since 1970 by the machine's clock.
    public let made: Int
    /// The kernel's release, as lib/modules names it; empty where no menu starts it.
    public let release: String
    /// First the kernel, then what is loaded with it, in that order; none where no menu starts it.
    public let files: [File]

    public init(
        imageID: ImageID, chainID: ChainID, reference: ImageReference, number: Int, made: Int, release: String, files: [File]
    ) {
        self.imageID = imageID
        self.chainID = chainID
        self.reference = reference
        self.number = number
        self.made = made
        self.release = release
        self.files = files
    }
}

/// How it lies on the disk: lines of a key, a space and a value.
extension Deployment {
    private static let title = "docker-btrfs deployment 1"

    public var text: String {
        """
        \(Self.title)
        id \(imageID)
        chain \(chainID)
        image \(reference.text)
        number \(number)
        made \(made)
        kernel \(display(release.utf8))

        """ + files.map { "file \($0.digest) \($0.size) \($0.name)\n" }.joined()
    }

    /// nil for what is damaged, or was written by a version that this one does not know.
    public init?(parsing bytes: [UInt8]) {
        guard var lines = KeyedLines(bytes, title: Self.title), let id = lines.next("id ").flatMap({ Digest($0) }),
            let chain = lines.next("chain ").flatMap({ Digest($0) }),
            let reference = lines.next("image ").flatMap({ try? ImageReference($0) }),
            let number = lines.next("number ").flatMap({ Int32($0) }), number > 0,
            let made = lines.next("made ").flatMap({ Int($0) }), let release = lines.next("kernel ")
        else { return nil }
        var files: [File] = []
        for line in lines.rest {
            guard let file = File(line) else { return nil }
            files.append(file)
        }
        // One that no menu starts has neither a kernel nor files; any other was cut off.
        if files.isEmpty != release.isEmpty { return nil }
        self.init(
            imageID: ImageID(id), chainID: ChainID(chain), reference: reference, number: Int(number), made: made, release: release,
            files: files
        )
    }

    /// Where the one of an image is.
    package static func path(of id: ImageID) -> Path { Layout.deployments.appending(id.digest.hex) }

    /// Whether it is there tells that somebody went back from the deployment of an image: it is not taken again by itself.
    package static func leftMark(of id: ImageID) -> Path { Layout.deployments.appending(name: Array(id.digest.hex.utf8) + leftEnding) }

    private static let leftEnding = Array(".left".utf8)

    package static func isLeftMark(_ name: [UInt8]) -> Bool {
        name.suffix(leftEnding.count).elementsEqual(leftEnding) && Digest(hex: Array(name.dropLast(leftEnding.count))) != nil
    }

    /// That of an image; nil where there is none. Fails on one that is damaged.
    package static func of(_ id: ImageID, on topLevel: Directory) throws(Failure) -> Deployment? {
        guard let content = try topLevel.contents(of: path(of: id)) else { return nil }
        if let found = Deployment(parsing: content), found.imageID == id, !found.files.isEmpty { return found }
        throw Failure(
            "could not read '\(topLevel.show(path(of: id)))': it is damaged, or of a later version", hint: "deploy the image again")
    }

    /// The layers that are to stay held: all, where it is not known which ones are.
    static func chains(on topLevel: Directory, held: [ChainID]) throws(Failure) -> [ChainID] {
        let (deployments, damaged) = try all(on: topLevel)
        return damaged.isEmpty ? deployments.map { $0.chainID } : held
    }

    /// All that are there, the default first, and the files that are none, which are skipped.
    package static func all(on topLevel: Directory) throws(Failure) -> (deployments: [Deployment], damaged: [Path]) {
        var found: [Deployment] = []
        var damaged: [Path] = []
        for name in try topLevel.directory(at: Layout.deployments)?.names() ?? [] {
            guard let digest = Digest(hex: name) else { continue }
            let path = path(of: ImageID(digest))
            // One that cannot be read stops no boot of another.
            if let one = try? of(ImageID(digest), on: topLevel) { found.append(one) } else { damaged.append(path) }
        }
        return (found.sortedByNumbers { [-$0.number] }, damaged)
    }
}

extension Deployment.File {
    fileprivate init?(_ line: String) {
        let words = line.utf8.split(separator: UInt8(ascii: " "), maxSplits: 3).map { String(decoding: Array($0), as: UTF8.self) }
        guard words.count == 4, words[0] == "file", let digest = Digest(words[1]), let size = Int(words[2]), size >= 0,
            let path = Path(words[3]), path.components.count == 1
        else { return nil }
        self.init(name: words[3], size: size, digest: digest)
    }
}
