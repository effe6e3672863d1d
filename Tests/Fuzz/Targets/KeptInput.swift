import Images
import Planning

@testable import Basics
@testable import Boot

private let subvolume = Subvolume(id: 256, uuid: "30f57f2c-1a2b-4c3d-8e4f-5a6b7c8d9e0f", transaction: 12, changed: 0)

/// The input is the mark of a root.
func checkMark(_ input: [UInt8]) throws {
    guard let mark = Mark(parsing: input, subvolume: subvolume) else { return }
    let other = Subvolume(id: 256, uuid: "", transaction: 12, changed: 0)
    try expect(Mark(parsing: input, subvolume: other) == nil, "a mark is that of one subvolume")
    let written = mark.text(subvolume: subvolume)
    guard let again = Mark(parsing: Array(written.utf8), subvolume: subvolume) else {
        throw Violation(description: "a mark that is written is not read: \(written.debugDescription)")
    }
    try expect(again.text(subvolume: subvolume) == written, "a mark that is read is written as it was: \(written.debugDescription)")
    try expect(again.number == mark.number && again.made == mark.made, "numbers are read as they were written")
    try expectPlaces(of: mark)
    try expectCounted(Record(), mark)
}

/// The input is the record but for its sum.
func checkRecord(_ input: [UInt8]) throws {
    _ = Record(parsing: input)
    let lines = input.last == UInt8(ascii: "\n") ? input : input + [UInt8(ascii: "\n")]
    guard let record = Record(parsing: lines + Array("sum \(Digest.of(lines))\n".utf8)) else { return }
    try expect(Record(parsing: Array(record.text.utf8)) == record, "a record is read as it was written: \(record.text.debugDescription)")
    for image in record.images { try expectInside(Layout.hold(image.chainID), of: Layout.layers) }
    for root in record.roots {
        try expectSound(root.name, "a root's name")
        try expectCounted(record, mark(of: record.images.first, number: root.number), of: root.name)
    }
    for image in record.images { try expectCounted(record, mark(of: image, number: 1)) }
}

private let sample = ImageID(.of([]))

private func mark(of image: Record.Image?, number: Int) -> Mark {
    let origin = Origin(
        reference: image?.reference ?? ImageReference(sample), imageID: image?.id ?? sample,
        chainID: image?.chainID ?? ChainID(sample.digest),
        layer: "docker/btrfs/subvolumes/x", topLayer: nil
    )
    return Mark(origin: origin, number: number, made: 0)
}

/// A root's number and chain are in the names of what is renamed and deleted.
private func expectPlaces(of mark: Mark) throws(Violation) {
    let number = mark.counted().number
    try expect(number >= 0 && RootNumber.next(after: [number]) > number, "after root \(number) there is a next one")
    let kept = Layout.kept("name", number)
    try expect(Layout.isKept(kept), "a root has a place to be kept: \(kept)")
    try expectInside(Layout.hold(mark.origin.chainID), of: Layout.layers)
    for layer in [mark.origin.layer] + mark.origin.topLayers { try expectSound(layer, "a layer") }
}

private func expectInside(_ path: Path, of directory: Path) throws(Violation) {
    try expectSound(path, "a place of ours")
    try expect(path.parent == directory, "\(path) lies in \(directory)")
}

/// A boot can be counted, and what is then written can be read.
private func expectCounted(_ record: Record, _ mark: Mark, of name: Path = "name") throws(Violation) {
    for next in [record.trying(mark, of: name), record.good(mark, of: name), record.forgetting(rootsOf: name, but: [])] {
        try expect(Record(parsing: Array(next.text.utf8)) == next, "a record is read as it was written: \(next.text.debugDescription)")
    }
}
