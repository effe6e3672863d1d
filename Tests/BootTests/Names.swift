import Basics
import Testing

/// In these tests an image is called v1 or the like, and its ids are the digests of such names.
extension ImageID {
    static func named(_ name: String) -> ImageID { ImageID(.of(Array(name.utf8))) }
}

extension ChainID {
    static func named(_ name: String) -> ChainID { ChainID(.of(Array(name.utf8))) }
}

extension ImageID {
    static func digits(_ hex: String) throws -> ImageID { ImageID(try read(hex)) }
}

extension ChainID {
    static func digits(_ hex: String) throws -> ChainID { ChainID(try read(hex)) }
}

private func read(_ hex: String) throws -> Digest { try #require(Digest("sha256:\(hex)")) }

/// A text with the names of images and chains in the place of their digests.
func withNames(_ text: String) -> String {
    (0...9).flatMap { ["v\($0)", "chain-v\($0)"] }.reduce(text) { text, name in
        text.replacing(Digest.of(Array(name.utf8)).hex, with: name)
    }
}
