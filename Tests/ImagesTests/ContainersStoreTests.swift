import Basics
import Fixtures
import Foundation
import Images
import Testing

private let built = "353d09260ca1d293ac6006be025176418790385a01edab16eb816578cbe12ed8"
private let top = "b58f8921be21921e71ea63ad49d447294d37fd62b2b529c3975b0bf2495c5471"

/// Images that Podman keeps.
struct ContainersStoreTests {
    /// Not in memory: Linux before 6.6 keeps no attributes of users there.
    private let fixture = Fixture(in: "/var/tmp")

    @Test(arguments: [
        "localhost/built:1", "built:1", "quay.io/team/desktop:2", built, "sha256:\(built)", "353d", "sha256:353d0926",
        "built@sha256:bf73bd981049b7b1ceeb042ece2833b22f7c0b2bfbe3e44aa79506d8be7702cb",
        "sha256:bf73bd981049b7b1ceeb042ece2833b22f7c0b2bfbe3e44aa79506d8be7702cb",
    ])
    func `every spelling finds the image`(reference: String) throws {
        try fixture.unpack(.podmanOverlay)
        let image = try fixture.stores().image(reference).image
        #expect(image.id.digest.hex == built)
        #expect(image.chainID.digest.hex == top)
        #expect([image.os, image.architecture] == ["linux", "amd64"])
    }

    /// As Podman finds it: what was built here goes before what was pulled.
    @Test func `a short name is localhost's first`() throws {
        try fixture.unpack(.podmanOverlay)
        try rename(("localhost/small:1", "docker.io/library/built:1"))
        #expect(try fixture.stores().image("built:1").image.id.digest.hex == built)
        for name in ["docker.io/library/built:1", "docker.io/built:1"] {
            #expect(try fixture.stores().image(name).image.id.digest.hex.hasPrefix("4f66eb07d04a"))
        }
    }

    /// Renames images of the list.
    private func rename(_ names: (String, String)...) throws {
        let list = "overlay-images/images.json"
        for (name, other) in names {
            let text = try fixture.read(list)
            let renamed = text.replacing("\"\(name)\"", with: "\"\(other)\"")
            #expect(renamed != text)
            try fixture.write(renamed, to: list)
        }
    }

    @Test func `a short name is docker.io's, or else the end of the only one that is there`() throws {
        try fixture.unpack(.podmanOverlay)
        for name in ["desktop:2", "team/desktop:2", "quay.io/team/desktop:2"] {
            #expect(try fixture.stores().image(name).image.id.digest.hex == built)
        }
        for name in ["top:2", "docker.io/desktop:2", "docker.io/team/desktop:2", "quay.io/desktop:2"] {
            #expect(throws: Failure.self) { try fixture.stores().image(name) }
        }
        try rename(("localhost/small:1", "quay.io/desktop:2"))
        let refusal = try #require(#expect(throws: Failure.self) { try fixture.stores().image("desktop:2") })
        let message = "could not choose an image: several in /docker (podman, overlay driver) have names that end in '/desktop:2'"
        #expect(refusal.message == message)
        #expect(refusal.hint?.contains("quay.io/team/desktop:2") == true && refusal.hint?.contains("quay.io/desktop:2") == true)
        try rename(("quay.io/desktop:2", "docker.io/library/desktop:2"))
        #expect(try fixture.stores().image("desktop:2").image.id.digest.hex.hasPrefix("4f66eb07d04a"))
    }

    /// As `podman manifest create` and `podman manifest add` leave one.
    @Test func `a list of manifests is its image for this machine`() throws {
        try fixture.unpack(.podmanOverlay)
        let id = String(repeating: "a", count: 64)
        let list = "overlay-images/images.json"
        let record = #"{"id":"\#(id)","names":["localhost/mlist:latest"],"layer":"","created":"2026-11-25T23:29:43Z"}"#
        try fixture.write("[\(record),\(fixture.read(list).dropFirst())", to: list)
        func listing(_ platforms: (String, String)...) throws {
            let manifests = platforms.map { #"{"digest":"sha256:\#($0.0)","platform":{"os":"linux","architecture":"\#($0.1)"}}"# }
            try fixture.write(#"{"manifests":[\#(manifests.joined(separator: ","))]}"#, to: "overlay-images/\(id)/manifest")
        }
        let small = "ac9f36652514e725dafc826744919d44b81dd6117807cc1dd863acd451b1cd5e"
        try listing((small, "other"), ("bf73bd981049b7b1ceeb042ece2833b22f7c0b2bfbe3e44aa79506d8be7702cb", hostArchitecture))
        let image = try fixture.stores().image("mlist").image
        #expect(image.id.digest.hex == built)
        #expect(try fixture.stores().layers(of: image).count == 3)
        let line = try #require(try fixture.stores().listing().images.first { $0.names == ["localhost/mlist:latest"] })
        #expect(try line.image.get().chainID == image.chainID)

        try listing((String(repeating: "0", count: 64), hostArchitecture))
        func refused() -> String? { #expect(throws: Failure.self) { try fixture.stores().image("mlist") }?.message }
        #expect(refused() == "could not use image 'mlist': it lists manifests, whose images are not there")
        try fixture.remove("overlay-images/\(id)")
        #expect(refused() == "could not use image 'mlist': it has no layers, so there is nothing to boot")
    }

    @Test(arguments: ["box", "b05498f7aad5", "b05498f7aad5b683cf4c424280fe3bc1d9be7ea1247a58262806cd6df9800dd8"])
    func `a container has its own layer above those of its image`(name: String) throws {
        try fixture.unpack(.podmanOverlay)
        let image = try fixture.stores().image("container:\(name)").image
        #expect(image.isContainer)
        guard case .layers(let layers) = image.tree else {
            Issue.record("it has layers")
            return
        }
        #expect(layers.count == 4)
        #expect(layers.first?.description == "/overlay/9cfc5961f9ab8b2ab4286eeca89e6ed36d5ae4a3995f27291abfeb863866a7ba/diff")
    }

    @Test func `images are listed with sizes and dates, without the steps that one was built on`() throws {
        try fixture.unpack(.podmanOverlay)
        let lines = try fixture.stores().listing().images
        #expect(lines.map { $0.names.joined(separator: " ") } == ["localhost/built:1 quay.io/team/desktop:2", "localhost/small:1"])
        #expect(lines[0].size == 1_996_800 + 2560 + 2560)
        #expect(lines[0].created == 1_795_649_383)
        // What was built on it is gone: now it is one that lost its name.
        let list = "overlay-images/images.json"
        try fixture.write(try fixture.read(list).replacing(#""id":"\#(built)""#, with: #""id":"""#), to: list)
        #expect(try fixture.stores().listing().images.map { $0.names } == [["localhost/small:1"], []])
    }

    @Test func `an image that was pulled in parts has another id than its configuration, which its manifest names`() throws {
        try fixture.unpack(.podmanOverlay)
        let configuration = try fixture.stores().configuration(of: fixture.stores().image("built:1").image)
        let id = "1" + built.dropFirst()
        let images = fixture.folder.appending(path: "overlay-images").path
        try fixture.run("mv", "\(images)/\(built)", "\(images)/\(id)")
        let list = try fixture.read("overlay-images/images.json")
        try fixture.write(list.replacingOccurrences(of: #""id":"\#(built)""#, with: #""id":"\#(id)""#), to: "overlay-images/images.json")
        let image = try fixture.stores().image("built:1").image
        #expect([image.id.digest.hex, image.os, image.architecture] == [id, "linux", "amd64"])
        #expect(try fixture.stores().configuration(of: image) == configuration)
    }

    private func failure(after change: () throws -> Void) throws -> String? {
        try fixture.unpack(.podmanOverlay)
        try change()
        return #expect(throws: Failure.self) { try fixture.stores().image("built:1") }?.description
    }

    @Test(arguments: [
        (
            "fuse-overlayfs", "printf true > .has-mount-program",
            """
            '/docker/overlay': its layers are mounted by a program (mount_program in storage.conf), as fuse-overlayfs
            hint: take mount_program out of storage.conf, run 'podman system reset', then pull or build the image again
            """
        ),
        (
            "composefs", "mkdir \(top)/composefs-data; touch \(top)/composefs-data/composefs.blob",
            """
            the image's layer '/docker/overlay/\(top)/diff': its files are kept by composefs
            hint: take use_composefs out of storage.conf, then pull or build the image again
            """
        ),
        (
            "force_mask", "setfattr --name user.containers.override_stat --value 0:0:0755 \(top)/diff",
            """
            the image's top layer '/docker/overlay/\(top)/diff': owners and modes are only noted in it (force_mask in podman's \
            storage.conf)
            hint: take force_mask out of storage.conf, then pull or build the image again
            """
        ),
        (
            "rootless", "chown 1000 \(top)/diff",
            """
            the image's top layer '/docker/overlay/\(top)/diff': its '/' belongs to the user 1000, as in a rootless store or with \
            userns-remap
            hint: copy the image to root's store, as with 'podman save NAME | sudo podman load'; where the image itself is so, add \
            'RUN chown 0:0 /' to its Dockerfile
            """
        ),
    ])
    func `layers whose files, owners or modes are only noted are refused`(what: String, change: String, reason: String) throws {
        let message = try failure {
            try fixture.run("sh", "-ec", "cd '\(fixture.folder.appending(path: "overlay").path)'; \(change)")
        }
        #expect(message == "could not use \(reason)", "\(what)")
    }

    @Test(arguments: [
        (#""parent":"fdee"#, #""parent":"b58f"#, "is below itself"), (#""flags":{}"#, "", "incomplete"),
        (#""id":"799899fc"#, #""id":"00000000"#, "is not there"),
    ])
    func `layers that are damaged`(text: String, other: String, reason: String) throws {
        let file = "overlay-layers/layers.json"
        let message = try failure {
            let content = try fixture.read(file)
            if reason == "incomplete" {
                return try fixture.write(
                    content.replacing(#""id":"\#(top)""#, with: #""flags":{"incomplete":true},"id":"\#(top)""#), to: file)
            }
            let loop = content.replacing(
                #""parent":"fdeea01999455108eae932a622ef10e2d86cabf87ad25c64e24a3bac24f10c0b""#, with: #""parent":"\#(top)""#)
            try fixture.write(reason == "is below itself" ? loop : content.replacing(text, with: other), to: file)
        }
        #expect(message?.contains(reason) == true)
    }
}
