import Planning
import Testing

@testable import Basics

struct MarkTests {
    private let origin = Origin(reference: "sample_image:latest", imageID: "sha256:1a", chainID: "sha256:2b")
    private let subvolume = Subvolume(id: 256, uuid: "30f57f2c-1a2b-4c3d-8e4f-5a6b7c8d9e0f")
    private let text = """
        docker-btrfs root 1
        subvolume 30f57f2c-1a2b-4c3d-8e4f-5a6b7c8d9e0f
        image sample_image:latest
        id sha256:1a
        chain sha256:2b

        """

    private func origin(_ text: String) -> Origin? {
        Mark.origin(Array(text.utf8), subvolume: subvolume)
    }

    @Test func `a mark is five lines, and what was written is read`() {
        #expect(Mark.text(origin, subvolume: subvolume) == text)
        #expect(origin(text) == origin)
    }

    @Test func `what a later version adds below does no harm`() {
        #expect(origin(text + "kept since monday\n") == origin)
    }

    @Test func `a snapshot of a root has its mark, and is not ours`() {
        #expect(Mark.origin(Array(text.utf8), subvolume: Subvolume(id: 256, uuid: "30f57f2c-1a2b-4c3d-8e4f-5a6b7c8d9e00")) == nil)
        #expect(Mark.origin(Array(text.utf8), subvolume: Subvolume(id: 256, uuid: "")) == nil)
    }

    @Test func `the same subvolume with another id is ours: the uuid tells`() {
        #expect(Mark.origin(Array(text.utf8), subvolume: Subvolume(id: 999, uuid: subvolume.uuid)) == origin)
    }

    @Test func `a mark that is cut short anywhere is none`() {
        for length in 0..<text.utf8.count {
            #expect(Mark.origin(Array(text.utf8.prefix(length)), subvolume: subvolume) == nil, "the first \(length) bytes")
        }
    }

    @Test func `anything else is no mark`() {
        #expect(origin("yes\n") == nil)
        #expect(origin("\n\n\n\n\n") == nil)
        #expect(origin(text.replacing("root 1", with: "root 2")) == nil)
        #expect(origin(text.replacing("root 1", with: "root 11")) == nil)
        #expect(origin(text.replacing("id ", with: "ID ")) == nil)
        #expect(origin(text.replacing("image sample_image:latest\n", with: "")) == nil)
        #expect(Mark.origin([UInt8](repeating: 0xff, count: 4096), subvolume: subvolume) == nil)
        #expect(Mark.origin(Array("docker-btrfs root 1\n".utf8) + [0, 0xff, 10, 10, 10, 10, 10], subvolume: subvolume) == nil)
    }

    @Test func `a reference cannot add lines`() {
        let forged = Origin(reference: "a\nid sha256:0\nchain sha256:0\n", imageID: "sha256:1a", chainID: "sha256:2b")
        let written = Mark.text(forged, subvolume: subvolume)
        #expect(written == text.replacing("sample_image:latest", with: #"a\x0aid sha256:0\x0achain sha256:0\x0a"#))
        #expect(origin(written)?.imageID == "sha256:1a")
    }
}
