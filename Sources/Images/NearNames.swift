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
