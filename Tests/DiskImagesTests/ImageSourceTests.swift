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

    @Test(arguments: [false, true])
    func `of two engines' images under one name the one that got it last is taken, and the other is told`(isDockerLast: Bool) throws {
        try fixture.unpack(.mixed, at: "docker")
        let (docker, containerd) = ("\(fixture.folder.path)/docker", "\(fixture.folder.path)/elsewhere")
        try fixture.run("mv", "\(docker)/containerd/daemon", containerd)
        // Later than all that is in containerd's part of the fixture.
        if isDockerLast { try fixture.touch("docker/image/btrfs/repositories.json", at: 1_900_000_000) }
        let system = try Directory(opening: "/", label: "")
        let found = try ImageSource.find(ImageReference("built-bk:1"), among: [docker, containerd], of: system, StoreChoice())
        let (kind, other): (StoreKind, String) = isDockerLast ? (.dockerBtrfs, containerd) : (.containerdOverlayfs, docker)
        #expect(found.1.store == kind)
        #expect(found.notes.count == 1, "\(found.notes)")
        #expect(found.notes.first?.hasPrefix("'\(other)' has another image under the name 'built-bk:1', sha256:") == true)
        #expect(found.notes.first?.hasSuffix("; --data-root \(other) takes that") == true)
    }
}
