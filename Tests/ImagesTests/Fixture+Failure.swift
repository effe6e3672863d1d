import Basics
import Fixtures
import Images
import Testing

extension ImageStores {
    func image(_ text: String) throws -> (image: Image, notes: [String]) { try image(ImageReference(text)) }
}

extension Fixture {
    /// The stores in it, or those of one kind and namespace.
    func stores(_ choice: StoreChoice = StoreChoice()) throws -> ImageStores {
        try #require(try ImageStores(in: directory(), at: .top, choice))
    }

    /// The whole text of the failure of `image(reference)` after a change to a store.
    func failure(
        _ reference: String = "bb3:v1", in name: Name = .docker29, after change: (Fixture) throws -> Void = { _ in }
    ) throws -> String? {
        try unpack(name)
        try change(self)
        let store = try stores()
        return #expect(throws: Failure.self) { try store.image(reference) }?.description
    }
}

extension ImageTree {
    /// Its folders, the topmost first, divided by spaces.
    var text: String {
        switch self {
        case .subvolume(let path): path.description
        case .layers(let paths): paths.map(\.description).joined(separator: " ")
        }
    }
}
