public import Basics
internal import Images
internal import Planning

/// How often images and roots were tried since a boot of theirs was last good; what the fallback is decided by.
///
/// A file of lines, the last of which is the SHA-256 of those before. It is replaced as a whole, so a power cut leaves the old
/// one or the new one; one that does not match its sum counts for nothing.
public struct Record: Equatable, Sendable {
    public struct Image: Equatable, Sendable {
        public let id: ImageID
        public let chainID: ChainID
        public let reference: ImageReference
        /// Boots since the last good one.
        public var tries: Int
        /// Whether any boot of it was good.
        public var isGood: Bool
    }

    public struct Root: Equatable, Sendable {
        public let name: Path
        public let number: Int
        public var tries: Int
    }

    /// The image that was tried or marked last is the last.
    public private(set) var images: [Image] = []
    public private(set) var roots: [Root] = []

    private static let version = "docker-btrfs record 1"
    /// More images than anyone goes back to; the oldest are forgotten.
    private static let limit = 32

    public init() {}

    public func tries(ofImage id: ImageID) -> Int { images.first { $0.id == id }?.tries ?? 0 }

    public func tries(ofRoot name: Path, _ number: Int) -> Int {
        roots.first { $0.name == name && $0.number == number }?.tries ?? 0
    }

    /// Whether any boot of that image was good.
    func isGood(image id: ImageID) -> Bool { images.first { $0.id == id }?.isGood ?? false }

    /// The image whose boot was good most recently, but for one.
    func lastGood(but id: ImageID?) -> Image? { images.last { $0.isGood && $0.id != id } }

    /// The record once a boot of a root called `name` was begun.
    func trying(_ mark: Mark, of name: Path) -> Record {
        var next = self
        next.update(mark.origin) { $0.tries = Self.oneMore($0.tries) }
        next.setTries(Self.oneMore(tries(ofRoot: name, mark.number)), ofRoot: name, mark.number)
        return next
    }

    /// The record once that boot was found to be good.
    func good(_ mark: Mark, of name: Path) -> Record {
        var next = self
        next.update(mark.origin) { image in
            image.tries = 0
            image.isGood = true
        }
        next.setTries(0, ofRoot: name, mark.number)
        return next
    }

    /// Without the roots of that name that are not there any more.
    func forgetting(rootsOf name: Path, but numbers: [Int]) -> Record {
        var next = self
        next.roots.removeAll { $0.name == name && !numbers.contains($0.number) }
        return next
    }

    /// Stays within what a record can have.
    private static func oneMore(_ tries: Int) -> Int { tries < Int32.max ? tries + 1 : tries }

    private mutating func update(_ origin: Origin, _ change: (inout Image) -> Void) {
        var image =
            images.first { $0.id == origin.imageID }
            ?? Image(id: origin.imageID, chainID: origin.chainID, reference: origin.reference, tries: 0, isGood: false)
        change(&image)
        images.removeAll { $0.id == image.id }
        images.append(image)
        if images.count > Self.limit { images.removeFirst() }
    }

    private mutating func setTries(_ tries: Int, ofRoot name: Path, _ number: Int) {
        roots.removeAll { $0.name == name && $0.number == number }
        if tries > 0 { roots.append(Root(name: name, number: number, tries: tries)) }
    }
}

extension Record {
    /// The record on the disk, and why it counts for nothing if it does not: no boot fails for want of it.
    public static func current(on topLevel: Directory) -> (record: Record, damage: String?) {
        do throws(Failure) {
            guard let content = try topLevel.contents(of: Layout.record) else { return (Record(), nil) }
            if let record = Record(parsing: content) { return (record, nil) }
            return (Record(), "the record of earlier boots '\(Layout.record)' is damaged, or of a later version: counting starts anew")
        } catch {
            return (Record(), "\(error.message): counting of boots starts anew")
        }
    }

    public var text: String {
        var lines = "\(Self.version)\n"
        for image in images {
            lines += "image \(image.id) \(image.chainID) \(image.tries) \(image.isGood ? "good" : "new") \(image.reference.text)\n"
        }
        for root in roots { lines += "root \(root.number) \(root.tries) \(String(decoding: root.name.bytes, as: UTF8.self))\n" }
        return lines + "sum \(Digest.of(Array(lines.utf8)))\n"
    }

    /// nil for what is damaged, or was written by a version that this one does not know.
    public init?(parsing bytes: [UInt8]) {
        let newline = UInt8(ascii: "\n")
        guard bytes.last == newline, let end = bytes.dropLast().lastIndex(of: newline) else { return nil }
        let sum = "sum \(Digest.of(Array(bytes[...end])))"
        guard bytes[(end + 1)...].dropLast().elementsEqual(sum.utf8) else { return nil }
        let lines = bytes[..<end].split(separator: newline)
        guard lines.first?.elementsEqual(Self.version.utf8) == true else { return nil }
        for line in lines.dropFirst() {
            if let image = Image(line) {
                images.append(image)
            } else if let root = Root(line) {
                roots.append(root)
            } else {
                return nil
            }
        }
    }
}

private func fields(_ line: ArraySlice<UInt8>, _ kind: String, _ count: Int) -> [String]? {
    let fields = line.split(separator: UInt8(ascii: " "), maxSplits: count).map { String(decoding: $0, as: UTF8.self) }
    return fields.count == count + 1 && fields[0] == kind ? Array(fields.dropFirst()) : nil
}

private func count(_ text: String) -> Int? { Layout.number(Array(text.utf8)) }

extension Record.Image {
    fileprivate init?(_ line: ArraySlice<UInt8>) {
        guard let fields = fields(line, "image", 5), let tries = count(fields[2]), let id = Digest(fields[0]), let chain = Digest(fields[1])
        else { return nil }
        do throws(Failure) {
            let reference = try ImageReference(fields[4])
            self.init(id: ImageID(id), chainID: ChainID(chain), reference: reference, tries: tries, isGood: fields[3] == "good")
        } catch {
            return nil
        }
    }
}

extension Record.Root {
    fileprivate init?(_ line: ArraySlice<UInt8>) {
        guard let fields = fields(line, "root", 3), let number = count(fields[0]), let tries = count(fields[1]),
            let name = Path(fields[2]), !name.isTop
        else { return nil }
        self.init(name: name, number: number, tries: tries)
    }
}
