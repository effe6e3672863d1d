internal import Basics

/// At most `count` of the names, the likeliest to be meant first: those of the same repository, then by edit distance.
func nearest(_ names: [String], to wanted: ImageName, count: Int) -> [String] {
    let repository = Array(wanted.repository.utf8)
    let text = Array(wanted.description.utf8)
    let sorted = names.sortedByBytes { name -> [UInt8] in
        // What is longer is no name.
        let bytes = Array(name.utf8.prefix(1024))
        let isSame = bytes.starts(with: repository) && bytes.dropFirst(repository.count).first.map { $0 == 0x3a || $0 == 0x40 } ?? false
        return [isSame ? 0 : 1, UInt8(clamping: editDistance(bytes, text))] + bytes
    }
    return sorted.prefix(count).map { display($0.utf8) }
}

/// The first six, and how many more there are.
func shortList(_ texts: [String]) -> String {
    let shown = texts.prefix(6).joined(separator: ", ")
    return texts.count > 6 ? "\(shown) and \(texts.count - 6) more" : shown
}

/// The first of an image's names that is one, else its id.
func reference(to id: ImageID, _ names: [String]) -> ImageReference {
    for name in names {
        if let reference = try? ImageReference(name) { return reference }
    }
    return ImageReference(id)
}
