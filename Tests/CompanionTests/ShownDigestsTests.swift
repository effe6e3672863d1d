import Testing

@testable import docker_btrfs

struct ShownDigestsTests {
    private static let digest = "8bcf91a4a472" + String(repeating: "0f", count: 26)

    @Test(arguments: [
        ("/docker/btrfs/subvolumes/\(Self.digest)", "/docker/btrfs/subvolumes/8bcf91a4a472…"),
        ("/docker/overlay2/\(Self.digest)/diff and 3 below", "/docker/overlay2/8bcf91a4a472…/diff and 3 below"),
        ("/docker/snapshots/12/fs", "/docker/snapshots/12/fs"), ("/docker/\(Self.digest)0", "/docker/\(Self.digest)0"), ("ä", "ä"),
        ("", ""),
    ])
    func `a path has the beginning of a digest`(text: String, shown: String) { #expect(shorteningDigests(text) == shown) }
}
