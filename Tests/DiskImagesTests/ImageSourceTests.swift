import Basics
import Fixtures
import Foundation
import Images
import Testing

@testable import DiskImages

/// Which image a disk is made of.
struct ImageSourceTests {
    private let fixture = Fixture()

    @Test func `of an old image in the data-root and a new one in containerd's own directory beside it, the new one is taken`() throws {
        try fixture.unpack(.mixed, at: "docker")
        let folder = fixture.folder.path
        try fixture.run("mv", "\(folder)/docker/containerd/daemon", "\(folder)/containerd")
        let found = try ImageSource.find(ImageReference("small:1"), in: "\(folder)/docker", StoreChoice())
        // It has the same tree, which needs no word.
        #expect(found.1.store == .containerdOverlayfs && found.notes == [])
    }
}
