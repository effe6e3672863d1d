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
