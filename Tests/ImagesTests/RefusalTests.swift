import Basics
import Fixtures
import Images
import Testing

/// Directories that are no store of Docker's btrfs driver.
struct RefusalTests {
    private let fixture = Fixture()

    private func refusal() throws -> String? {
        let directory = try fixture.directory()
        return #expect(throws: Failure.self) { try DockerStore(at: directory) }?.description
    }

    @Test func `a data-root of the overlay2 driver`() throws {
        try fixture.unpack(.overlay2)
        #expect(
            try refusal() == """
                could not use the docker data-root '/docker': its images are kept by the overlay2 driver, not by btrfs
                hint: set "storage-driver": "btrfs" in /etc/docker/daemon.json, restart docker, then pull or build the image again
                """)
    }

    @Test(arguments: ["io.containerd.metadata.v1.bolt", "containerd/daemon/io.containerd.metadata.v1.bolt"])
    func `a store of containerd`(path: String) throws {
        try fixture.makeDirectory(path)
        #expect(
            try refusal() == """
                could not use '/docker': its images are kept by containerd, not by docker's btrfs driver
                hint: set "storage-driver": "btrfs" in /etc/docker/daemon.json, restart docker, then pull or build the image again
                """)
    }

    @Test func `a data-root with shifted owners`() throws {
        try fixture.makeDirectory("165536.165536/image/btrfs")
        #expect(
            try refusal() == """
                could not use the docker data-root '/docker': its images are in '165536.165536' with shifted owners (userns-remap)
                hint: docker must run without userns-remap; then pull or build the image again
                """)
    }

    @Test func `other names with a dot are no shifted owners`() throws {
        for name in ["1.x", "1000", "v1.2", ".1"] { try fixture.makeDirectory("\(name)/image") }
        #expect(
            try refusal() == """
                could not use '/docker': it is not a docker data-root, which has a directory 'image'
                hint: it has .1, 1.x, 1000, v1.2
                """)
    }

    @Test func `a directory of something else`() throws {
        for name in ["bin", "boot", "dev\n", "etc", "home", "lib", "usr", "var"] { try fixture.makeDirectory(name) }
        #expect(
            try refusal() == """
                could not use '/docker': it is not a docker data-root, which has a directory 'image'
                hint: it has bin, boot, dev\\x0a, etc, home, lib and 2 more
                """)
    }

    @Test func `an empty directory`() throws {
        #expect(
            try refusal() == """
                could not use '/docker': it is not a docker data-root, which has a directory 'image'
                hint: the directory is empty
                """)
    }

    @Test func `a store of btrfs beside others is used`() throws {
        try fixture.unpack(.overlay2)
        try fixture.makeDirectory("image/btrfs/imagedb")
        #expect(try DockerStore(at: fixture.directory()).listing().isEmpty)
    }
}
