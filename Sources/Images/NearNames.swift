internal import Basics

/// At most `count` of the names, the likeliest to be meant first: those of the same repository, then by edit distance.
func nearest(_ names: [String], to wanted: ImageName, count: Int) -> [String] {
    let repository = Array(wanted.repository.utf8)
    let text = Array(wanted.description.utf8)
    let ranked = names.map { name in
        let bytes = Array(name.utf8)
        let isSame = bytes.starts(with: repository) && bytes.dropFirst(repository.count).first.map { $0 == 0x3a || $0 == 0x40 } ?? false
        return (name: bytes, isSame: isSame, distance: editDistance(bytes, text))
    }
    let sorted = ranked.sorted { a, b in
        if a.isSame != b.isSame { return a.isSame }
        if a.distance != b.distance { return a.distance < b.distance }
        return a.name.lexicographicallyPrecedes(b.name)
    }
    return sorted.prefix(count).map { display($0.name) }
}

/// How many bytes must be put in, taken out or replaced to make one text the other (Levenshtein).
func editDistance(_ a: [UInt8], _ b: [UInt8]) -> Int {
    var previous = Array(0...b.count)
    for (row, byte) in a.enumerated() {
        var current = [row + 1]
        for (column, other) in b.enumerated() {
            let replaced = previous[column] + (byte == other ? 0 : 1)
            current.append(min(replaced, previous[column + 1] + 1, current[column] + 1))
        }
        previous = current
    }
    return previous[b.count]
}
