import Basics
import Fixtures
import Images
import Testing

/// Directories without a store that can be read.
struct RefusalTests {
    private let fixture = Fixture()

    private func refusal(_ choice: StoreChoice = StoreChoice()) throws -> String? {
        let directory = try fixture.directory()
        return #expect(throws: Failure.self) { try ImageStores(in: directory, at: .top, choice) }?.description
    }

    @Test(arguments: ["zfs", "fuse-overlayfs", "aufs"])
    func `a data-root of another driver`(driver: String) throws {
        try fixture.makeDirectory("image/\(driver)/imagedb")
        #expect(
            try refusal() == """
                could not use the docker data-root '/docker': its images are kept by the \(driver) driver
                hint: take "storage-driver" out of /etc/docker/daemon.json, restart docker, then pull or build the image again
                """)
    }

    @Test func `a data-root whose images are elsewhere`() throws {
        try fixture.write("d7f6", to: "engine-id")
        try fixture.makeDirectory("buildkit/containerd-overlayfs")
        #expect(
            try refusal() == """
                could not use the docker data-root '/docker': it has no images, and there is no containerd store in it or beside it
                hint: docker keeps its images with containerd: docker_path= names containerd's root, usually /var/lib/containerd
                """)
    }

    @Test func `a namespace that containerd does not have`() throws {
        try fixture.unpack(.containerdBtrfs)
        #expect(
            try refusal(StoreChoice(namespace: "k8s.io")) == """
                could not use containerd's store '/docker': it has no namespace 'k8s.io'
                hint: name one of these with docker_namespace=: default, moby
                """)
    }

    @Test func `a kind that is not there`() throws {
        try fixture.unpack(.mixed)
        #expect(
            try refusal(StoreChoice(kind: .podmanOverlay)) == """
                could not use '/docker': there is no store 'podman-overlay' (docker_store=)
                hint: there is containerd-overlayfs, docker-btrfs
                """)
    }

    @Test func `podman with another driver`() throws {
        try fixture.makeDirectory("zfs-images")
        try fixture.makeDirectory("zfs-layers")
        #expect(
            try refusal() == """
                could not use podman's store '/docker': its images are kept by the zfs driver
                hint: say driver = "overlay" in storage.conf, run 'podman system reset', then pull or build the image again
                """)
    }

    @Test(arguments: ["overlay", "btrfs", "vfs"])
    func `podman before its first image`(driver: String) throws {
        try fixture.write("", to: "\(driver)-images/images.lock")
        try fixture.makeDirectory("\(driver)-layers")
        #expect(
            try refusal() == """
                could not use podman's store '/docker': no image is there yet
                hint: podman pull or podman build makes one
                """)
    }

    @Test(arguments: ["Docker.raw", "vms/0/data/Docker.raw"])
    func `a directory of Docker Desktop`(disk: String) throws {
        try fixture.write("", to: disk)
        #expect(
            try refusal() == """
                could not use '/docker': it is of Docker Desktop, which keeps images in the disk of a virtual machine
                hint: install docker itself and copy the image: docker --context desktop-linux save NAME | \
                sudo docker --context default load
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
        #expect(try refusal() == nothing + "\nhint: it has .1, 1.x, 1000, v1.2")
    }

    @Test func `a directory of something else`() throws {
        for name in ["bin", "boot", "dev\n", "etc", "home", "lib", "usr", "var"] { try fixture.makeDirectory(name) }
        #expect(try refusal() == nothing + "\nhint: it has bin, boot, dev\\x0a, etc, home, lib and 2 more")
    }

    @Test func `an empty directory`() throws {
        #expect(try refusal() == nothing + "\nhint: the directory is empty")
    }

    private let nothing = "could not use '/docker': it is neither a docker data-root nor containerd's root nor podman's graphroot"
}
