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

/// The first six, and how many more there are.
func shortList(_ texts: [String]) -> String {
    let shown = texts.prefix(6).joined(separator: ", ")
    return texts.count > 6 ? "\(shown) and \(texts.count - 6) more" : shown
}

/// By bytes: Swift's own order of strings needs Unicode tables in the initramfs.
func precedes(_ a: String, _ b: String) -> Bool {
    a.utf8.lexicographicallyPrecedes(b.utf8)
}

/// The first of an image's names that is one, else its id.
func reference(to id: ImageID, _ names: [String]) -> ImageReference {
    for name in names {
        do throws(Failure) { return try ImageReference(name) } catch { continue }
    }
    return ImageReference(id)
}
