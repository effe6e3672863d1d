import Basics
import Fixtures
import Images
import Testing

private let id = "a8be6a5138c5d7f5ec05c29530aafd7971f30d23bad9e01ab95138c6e7f5829c"
private let entry = "image/btrfs/layerdb/sha256/f81a049253937bdbeacf17b02a0ed5822e2b27f707296c285c3e84d73f1efabe"
private let layer = "btrfs/subvolumes/a791edfc1a1c0ca091ebb77f7d2e0e375377ad47d7a167cfa6da5d4f10f74229"
private let repair = "hint: the store is damaged, as after a power failure: restart docker, then pull or build the image again"

/// What a person reads where an image's top layer is damaged or gone.
struct DamagedLayerTests {
    private let fixture = Fixture()

    @Test func `a layer that the database does not have`() throws {
        #expect(
            try fixture.failure { try $0.remove(entry) } == """
                could not find the image's top layer: there is no directory '/docker/\(entry)'
                \(repair)
                """)
    }

    @Test(arguments: ["cache-id", "diff", "parent"])
    func `a file of the layer that is empty`(file: String) throws {
        #expect(
            try fixture.failure { try $0.write("", to: "\(entry)/\(file)") } == """
                could not use '/docker/\(entry)/\(file)': it is empty
                \(repair)
                """)
    }

    @Test(arguments: [
        ("cache-id", "it is not there"),
        (
            "diff",
            "it is not there, the image says 'sha256:c7b95ce38ccd455aa02db4200b88f00e01f3b2478c89324b300d112f8372c784'"
        ),
        (
            "parent",
            "it is not there, the image says 'sha256:1d6534b2b680a839775b63eb0c45459f1a7602d66e490dc107c1027f1d2c3cc0'"
        ),
    ])
    func `a file of the layer that is missing`(file: String, reason: String) throws {
        #expect(
            try fixture.failure { try $0.remove("\(entry)/\(file)") } == """
                could not use '/docker/\(entry)/\(file)': \(reason)
                \(repair)
                """)
    }

    @Test func `a layer with something below it that the image does not have`() throws {
        let diff = "sha256:93b6b3a47e7381db971ff3256ed352ced178c5c18e4dd272fb4a8711f0e3eaac"
        let config = #"{"rootfs":{"diff_ids":["\#(diff)"]}}"#
        let hex = Digest.of(Array(config.utf8)).hex
        let parent = "image/btrfs/layerdb/sha256/\(diff.dropFirst(7))/parent"
        let text = try fixture.failure(hex) { fixture in
            try fixture.write(config, to: "image/btrfs/imagedb/content/sha256/\(hex)")
            try fixture.write("sha256:\(id)", to: parent)
        }
        #expect(
            text == """
                could not use '/docker/\(parent)': it says 'sha256:\(id)', the image says that nothing is below
                \(repair)
                """)
    }

    @Test(arguments: ["../../../etc", "/etc", "..", "a b", "ABC", "x-init"])
    func `a cache id that would lead elsewhere`(value: String) throws {
        #expect(
            try fixture.failure { try $0.write(value, to: "\(entry)/cache-id") } == """
                could not use '/docker/\(entry)/cache-id': '\(value)' is not a cache id
                \(repair)
                """)
    }

    @Test func `a layer that is listed but absent`() throws {
        #expect(
            try fixture.failure { try $0.remove(layer) } == """
                could not use the image's top layer '/docker/\(layer)': it is not there
                \(repair)
                """)
    }

    @Test(arguments: [Fixture.Name.overlay2, .containerdOverlayfs, .podmanOverlay], ["it is not there", "it is not a directory"])
    func `a folder of an overlay's layers that is gone, a file or a symlink`(name: Fixture.Name, reason: String) throws {
        try fixture.unpack(name)
        let rows = try Expectation.all().filter { $0.fixture == name && !$0.answer.hasPrefix("REFUSE") }
        let stores = try fixture.stores(rows[0].choice)
        var layers: [Path] = []
        var reference = ""
        for row in rows {
            guard case .layers(let found) = try stores.image(row.reference).image.tree, found.count > 1 else { continue }
            (layers, reference) = (found, row.reference)
        }
        #expect(!layers.isEmpty)
        for (index, layer) in layers.enumerated() {
            for other in reason == "it is not there" ? [nil] : ["", "etc"] {
                let path = String(layer.description.dropFirst())
                try fixture.remove(path)
                if let other { try other.isEmpty ? fixture.write("", to: path) : fixture.link(path, to: other) }
                let failure = #expect(throws: Failure.self) { try stores.image(reference) }
                let place = "could not use the image's \(index == 0 ? "top layer" : "layer") '/docker\(layer)'"
                #expect(failure?.message == "\(place): \(reason)")
                if other != nil { try fixture.remove(path) }
                try fixture.makeDirectory(path)
            }
        }
        #expect(try stores.image(reference).image.tree.text == layers.map(\.description).joined(separator: " "))
    }

    @Test(arguments: [true, false])
    func `a layer that is a file or a symlink`(isLink: Bool) throws {
        let text = try fixture.failure { fixture in
            try fixture.remove(layer)
            if isLink { try fixture.link(layer, to: "b4d640c8007d80cdb688866c2eb90f9e3b062648c5a71e1279fd009bdddcd773") }
            if !isLink { try fixture.write("", to: layer) }
        }
        #expect(
            text == """
                could not use the image's top layer '/docker/\(layer)': it is not a directory
                \(repair)
                """)
    }
}
