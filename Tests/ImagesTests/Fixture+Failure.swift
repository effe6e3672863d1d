import Basics
import Fixtures
import Images
import Testing

extension DockerStore {
    func image(_ text: String) throws -> Image { try image(ImageReference(text)) }
}

extension Fixture {
    /// The whole text of the failure of `image(reference)` after a change to a store.
    func failure(
        _ reference: String = "bb3:v1", in name: Name = .docker29, after change: (Fixture) throws -> Void = { _ in }
    ) throws -> String? {
        try unpack(name)
        try change(self)
        let store = try DockerStore(at: directory())
        return #expect(throws: Failure.self) { try store.image(reference) }?.description
    }
}
