internal import Basics
internal import Planning

/// Looks at every file of trees, but not into it. What identifies their state is made of all paths with type, mode, owner,
/// size, times of content and of attributes, and inode: `rsync --times` does not get past ctime.
///
/// Where a filesystem does not keep these, or a file was changed when the clock was wrong, its content counts too: a clock that
/// shows the same time twice would hide a change. What is right now counts for nothing: the same files would have two states.
///
/// Names come in any order and are not kept: each entry has a digest, which its directory's is in, and the digests are added
/// up. Nobody hits the same sum by accident, which is as unlikely as with one digest. Somebody might who can write what he
/// likes into the layer, by calculating; but he has the machine already, whose files these are.
struct TreeWalk {
    private(set) var extent = Facts.Extent(size: 0, files: 0)
    /// What its files are on, the first two of them: on btrfs each subvolume is a device of its own.
    private(set) var devices: [UInt64] = []
    private var sum = SIMD4<UInt64>()
    /// false where only the extent is wanted.
    private let hasState: Bool
    /// Where it is, from the layer.
    private var place: [UInt8] = []
    /// What the digest of an entry is made of: memory for all of them.
    private var recipe: [UInt8] = []
    /// Files with more than one name that were counted.
    private var linked: Set<File> = []
    private var rules = LayerRules.ofImages
    private static let mostLinked = 1 << 15
    /// No clock that is right shows less: 2026-01-01.
    private static let earliest = 1_767_225_600

    init(hasState: Bool) {
        self.hasState = hasState
    }

    var state: String { Digest.of(withUnsafeBytes(of: sum) { Array($0) }).description }

    /// `layers` in an order that counts; `described` are the same ones, in the same order, unless they are those of an image.
    mutating func visit(_ layers: [Directory], _ described: [Facts.Layer] = []) throws(Failure) {
        raiseFileLimit()
        for (number, layer) in layers.enumerated() {
            place = []
            if !described.isEmpty { rules = described[number].manifest.rules }
            do throws(Failure) {
                let outside = Folder(layer, digest: [UInt8(truncatingIfNeeded: number)], depth: 0)
                guard let status = try layer.status(of: .top) else { continue }
                try visit(Folder(layer, digest: add([0], status, in: outside), depth: 0))
            } catch {
                throw Failure("could not look at '\(layer.show(Path(place) ?? .top))': \(error.message)", hint: error.hint)
            }
        }
    }

    private struct Folder {
        let directory: Directory
        let digest: [UInt8]
        let depth: Int
        let keepsChangeTimes: Bool

        init(_ directory: Directory, digest: [UInt8], depth: Int) {
            self.directory = directory
            self.digest = digest
            self.depth = depth
            keepsChangeTimes = directory.keepsChangeTimes
        }
    }

    private mutating func visit(_ folder: Folder) throws(Failure) {
        if folder.depth > LayerRules.deepest { throw LayerRules.isTooDeep }
        let above = place.count
        let path = Path(place) ?? .top
        try folder.directory.forEachEntry { (name, status) throws(Failure) in
            let plain = plainName(name)
            if rules.ignores(plain, in: path) { return }
            place.append(UInt8(ascii: "/"))
            place += plain
            let digest = try add(name, status, in: folder)
            if rules.isCopied(plain, in: path) {
                extent.files += 1
                if status.kind == .file { count(status) }
                if status.kind == .directory {
                    try visit(Folder(folder.directory.child(name), digest: digest, depth: folder.depth + 1))
                }
            }
            place.removeLast(place.count - above)
        }
    }

    /// Adds a file's content to the extent, once for all of its names.
    private mutating func count(_ status: Status) {
        var size = status.allocated
        if status.links > 1 {
            let file = File(device: status.device, inode: status.inode)
            if linked.contains(file) { return }
            // Of more than can be remembered, each name counts for its share.
            if linked.count < Self.mostLinked { linked.insert(file) } else { size /= status.links }
        }
        extent.size = extent.size.clampedSum(with: size)
        if size > extent.largestSize {
            extent.largestSize = size
            extent.largest = Path(place)
        }
    }

    private struct File: Hashable {
        let device: UInt64
        let inode: UInt64
    }

    /// Returns the entry's digest.
    private mutating func add(_ name: [CChar], _ status: Status, in folder: Folder) throws(Failure) -> [UInt8] {
        if !hasState { return [] }
        if devices.count < 2 && !devices.contains(status.device) { devices.append(status.device) }
        recipe.removeAll(keepingCapacity: true)
        recipe += folder.digest
        for byte in name { recipe.append(UInt8(bitPattern: byte)) }
        // All of one size: between numbers of several sizes there would be bytes with any value.
        let numbers = (
            status.kind.rawValue, Int(status.permissions), Int(status.owner), Int(status.group), status.size, status.modified,
            status.changed, folder.keepsChangeTimes ? Int(truncatingIfNeeded: status.inode) : 0
        )
        withUnsafeBytes(of: numbers) { recipe += $0 }
        let seconds = status.changed / 1_000_000_000
        if !folder.keepsChangeTimes || seconds < Self.earliest {
            try addContent(name, status, in: folder.directory)
        }
        let digest = Digest.of(recipe).bytes
        sum &+= digest.withUnsafeBytes { $0.loadUnaligned(as: SIMD4<UInt64>.self) }
        return digest
    }

    private mutating func addContent(_ name: [CChar], _ status: Status, in directory: Directory) throws(Failure) {
        switch status.kind {
        case .file:
            var content = Digest.Builder()
            try directory.forEachPiece(of: name) { content.add($0) }
            recipe += content.digest().bytes
        case .symlink: recipe += try directory.text(ofLink: name)
        case .directory, .other: break
        }
    }
}
