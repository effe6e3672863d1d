import Basics
import Planning
import Testing

@testable import Boot

/// A store on another filesystem than the root's, with bb3:v1 as one tree.
struct StoreDeviceTests {
    private static let line = "\(Tree.line) docker_path=LABEL=data:/docker"
    /// The root's.
    private let tree: Tree
    private let data: Tree
    private let layer: Place

    init() throws {
        tree = try Tree()
        try tree.remove("docker")
        data = try Tree()
        layer = Place(try #require(Path(Tree.layer)), on: .store(.label("data")))
    }

    private func facts(_ line: String = line, missing: Failure? = nil) throws -> Facts {
        let request = try #require(try Request(line))
        let top = try data.open(label: "LABEL=data:")
        let store: Result<StoreFilesystem?, Failure> =
            if let missing { .failure(missing) } else { .success(StoreFilesystem(device: .label("data"), top: top)) }
        return Facts(surveying: try tree.open(), store: store, topLayer: .success(try tree.open()), for: request, on: Tree.host)
    }

    @Test func `the image is copied from there once, and then taken as it is held`() throws {
        let source = try facts().wanted.get()
        #expect(source.root == .subvolume(layer))
        let hold = Layout.hold(source.chainID)
        #expect(source.hold == .merge([layer], at: Place(hold)))
        #expect(source.tree == Place(hold))
        #expect(source.layerState == nil, "a template is made of what is held")
        #expect(source.extent?.files ?? 0 > 5 && source.needToHold.data > 0)

        try tree.program("\(hold)/sbin/init")
        try tree.write("ID=sample\n", to: "\(hold)/etc/os-release")
        #expect(try facts().wanted.get().root == .subvolume(Place(hold)))
    }

    @Test func `what is there is named with its device`() throws {
        func message(_ more: String) throws -> String? {
            guard case .failure(let failure) = try facts("\(Self.line) \(more)").wanted else { return nil }
            return failure.message
        }
        #expect(
            try message("docker_path=LABEL=data:/dokcer")
                == "could not find the image store 'LABEL=data:/dokcer' (docker_path=): there is no such directory")
        #expect(
            try message("docker_image=other") == "could not find image 'other:latest' in LABEL=data:/docker (docker, btrfs driver)")
    }

    @Test func `without its device an image is booted that was held, and no other`() throws {
        let gone = Failure("could not find the device 'LABEL=data' (docker_path=): it was not there after 10 s")
        let origin = try facts().wanted.get()
        guard case .failure(let failure) = try facts(missing: gone).wanted else { return #expect(Bool(false), "nothing is held") }
        #expect(failure == gone)

        let hold = Layout.hold(origin.chainID)
        try tree.program("\(hold)/sbin/init")
        try tree.write("ID=sample\n", to: "\(hold)/etc/os-release")
        let images = ImageSurvey(topLevel: try tree.open(), topLayer: [], initProgram: nil, host: Tree.host)
        let survey = SourceSurvey(request: try #require(try Request(Self.line)), images: images, missing: gone)
        var root = Facts.Root.kept(1, "v1")
        let made = Origin(
            reference: origin.reference, imageID: origin.imageID, chainID: origin.chainID, layer: hold, topLayer: nil)
        root.mark = Mark(origin: made, number: 1, made: 0)
        let source = try survey.wanted(roots: [root])
        #expect(source.root == .subvolume(Place(hold)))
        #expect(source.note == "\(gone.message); taking the layer that was held when it was booted")
    }

    @Test func `a top layer may lie on the store's filesystem, but not hold the store`() throws {
        let request = try #require(try Request("\(Self.line) toplayer=LABEL=data toplayer_path=/"))
        let top = try data.open(label: "LABEL=data:")
        let facts = Facts(
            surveying: try tree.open(), store: .success(StoreFilesystem(device: .label("data"), top: top)), topLayer: .success(top),
            for: request, on: Tree.host)
        guard case .failure(let failure) = facts.wanted else { return #expect(Bool(false), "it holds the store") }
        #expect(failure.message == "could not use 'LABEL=data:/' as the top layer: it holds '/docker'")
    }
}
