public import Basics
internal import Planning

/// How often images and roots were tried since a boot of theirs was last good; what the fallback is decided by.
///
/// A file of lines, the last of which is the SHA-256 of those before. It is replaced as a whole, so a power cut leaves the old
/// one or the new one; one that does not match its sum counts for nothing.
public struct Record: Equatable, Sendable {
    public struct Image: Equatable, Sendable {
        /// The name of the roots that it was tried as; nil in a line of an older version, which counts for any name.
        public var name: Path?
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

    /// In the order in which boots of them were last good, else first begun.
    public private(set) var images: [Image] = []
    public private(set) var roots: [Root] = []

    private static let version = "docker-btrfs record 1"
    /// More images than anyone goes back to under one name; the oldest are forgotten.
    private static let limit = 32

    public init() {}

    /// Boots since the last good one, or since a person asked for the image again. One that was good before also begins anew when another
    /// image of that name is good. 0 for an image that was never tried.
    public func tries(ofImage id: ImageID, under name: Path) -> Int { image(id, under: name)?.tries ?? 0 }

    /// Boots of that root since its last good one; 0 where there are none.
    public func tries(ofRoot name: Path, _ number: Int) -> Int {
        roots.first { $0.name == name && $0.number == number }?.tries ?? 0
    }

    /// Whether any boot of that image was good.
    package func isGood(image id: ImageID, under name: Path) -> Bool { image(id, under: name)?.isGood ?? false }

    /// Whether that image was ever tried.
    func knows(_ id: ImageID, under name: Path) -> Bool { image(id, under: name) != nil }

    /// The image whose boot was good most recently, but for one.
    func lastGood(under name: Path, but id: ImageID? = nil) -> Image? {
        images.last { $0.id != id && image($0.id, under: name) == $0 && $0.isGood }
    }

    /// The layers of the images that each name can fall back to.
    var lastGoodLayers: [ChainID] {
        var names: [Path?] = []
        for image in images where !names.contains(image.name) { names.append(image.name) }
        return names.compactMap { name in images.last { $0.name == name && $0.isGood }?.chainID }
    }

    private func image(_ id: ImageID, under name: Path) -> Image? {
        images.last { $0.id == id && $0.name == name } ?? images.last { $0.id == id && $0.name == nil }
    }

    /// The record where no other name is: what an older version wrote without a name is for this one.
    func adopted(by name: Path) -> Record {
        var next = self
        next.images.removeAll { image in image.name == nil && images.contains { $0.id == image.id && $0.name == name } }
        for index in next.images.indices { next.images[index].name = next.images[index].name ?? name }
        return next
    }

    /// The record once a boot of a root called `name` was begun, which may be a copy of another one.
    func trying(_ mark: Mark, copyOf source: Mark? = nil, of name: Path) -> Record {
        var next = self
        next.update(mark.origin, name) { $0.tries = Self.oneMore($0.tries) }
        for number in [source?.number, mark.counted().number].compactMap({ $0 }) {
            next.setTries(Self.oneMore(tries(ofRoot: name, number)), ofRoot: name, number)
        }
        return next
    }

    /// The record once a person asked for an image again: it has its chances, whatever came of it before.
    package func givingChances(to id: ImageID, under name: Path) -> Record {
        var next = self
        for index in next.images.indices where next.images[index].id == id && [name, nil].contains(next.images[index].name) {
            next.images[index].tries = 0
        }
        return next
    }

    /// The record once that boot was found to be good. An image that was good before, and that this one stands in for, has its chances
    /// again.
    func good(_ mark: Mark, of name: Path) -> Record {
        var next = self
        for index in next.images.indices where next.images[index].name == name && next.images[index].isGood {
            next.images[index].tries = 0
        }
        next.update(mark.origin, name, isLast: true) { image in
            image.tries = 0
            image.isGood = true
        }
        next.setTries(0, ofRoot: name, mark.counted().number)
        return next
    }

    /// Without the roots of that name that are not there any more.
    func forgetting(rootsOf name: Path, but numbers: [Int]) -> Record {
        var next = self
        next.roots.removeAll { $0.name == name && !numbers.contains($0.number) }
        return next
    }

    /// Without what was counted under names that no root has any more: nothing falls back to its images.
    func forgetting(names isGone: (Path) -> Bool) -> Record {
        var next = self
        next.images.removeAll { image in image.name.map { isGone($0) } ?? false }
        next.roots.removeAll { isGone($0.name) }
        return next
    }

    /// Stays within what a record can have.
    private static func oneMore(_ tries: Int) -> Int { tries < Int32.max ? tries + 1 : tries }

    private mutating func update(_ origin: Origin, _ name: Path, isLast: Bool = false, _ change: (inout Image) -> Void) {
        var image =
            image(origin.imageID, under: name)
            ?? Image(name: name, id: origin.imageID, chainID: origin.chainID, reference: origin.reference, tries: 0, isGood: false)
        image.name = name
        change(&image)
        let place = images.firstIndex { $0.id == image.id && $0.name == name }
        if let place, !isLast {
            images[place] = image
            return
        }
        if let place { images.remove(at: place) }
        // A line of an older version keeps its place in the order.
        let former = isLast ? nil : images.firstIndex { $0.id == image.id && $0.name == nil }
        images.insert(image, at: former.map { $0 + 1 } ?? images.count)
        let own = images.indices.filter { images[$0].name == name }
        let lastGood = own.last { images[$0].isGood }
        if own.count > Self.limit, let oldest = own.first(where: { $0 != lastGood }) { images.remove(at: oldest) }
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
            guard let content = try topLevel.contents(of: Layout.record, limit: 1 << 20) else { return (Record(), nil) }
            if let record = Record(parsing: content) { return (record, nil) }
            return (Record(), "the record of earlier boots '\(Layout.record)' is damaged, or of a later version: counting starts anew")
        } catch {
            return (Record(), "\(error.message): counting of boots starts anew")
        }
    }

    public var text: String {
        var lines = "\(Self.version)\n"
        for image in images {
            let state = "\(image.id) \(image.chainID) \(image.tries) \(image.isGood ? "good" : "new") \(image.reference.text)"
            lines += image.name.map { "tried \(state) \(String(decoding: $0.bytes, as: UTF8.self))\n" } ?? "image \(state)\n"
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

/// At most what a 32-bit number can be: there is always one more.
private func count(_ text: String) -> Int? { RootNumber.read(text.utf8).flatMap { $0 <= Int32.max ? $0 : nil } }

extension Record.Image {
    /// `image ID CHAIN TRIES good|new REFERENCE`, or `tried` with the roots' name after it.
    fileprivate init?(_ line: ArraySlice<UInt8>) {
        let named = fields(line, "tried", 6)
        guard let fields = named ?? fields(line, "image", 5), let tries = count(fields[2]), let id = Digest(fields[0]),
            let chain = Digest(fields[1]), let reference = try? ImageReference(fields[4])
        else { return nil }
        name = nil
        if let named {
            guard let path = Path(named[5]), !path.isTop else { return nil }
            name = path
        }
        self.reference = reference
        self.id = ImageID(id)
        chainID = ChainID(chain)
        self.tries = tries
        isGood = fields[3] == "good"
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
