import Basics
import Testing

@testable import Boot

/// Where the top layer may be, and where not.
struct TopLayerSurveyTests {
    private let tree: Tree

    init() throws {
        tree = try Tree()
    }

    private func failure(_ path: String, _ name: String = "docker_rwlayer") -> String? {
        tree.failure("\(Tree.line) toplayer_path=\(path)".renaming(to: name))
    }

    @Test func `a path that is not there: what its parent holds is listed`() throws {
        try tree.make("files/this machine")
        try tree.make("files/.hidden")
        #expect(
            failure("files/that") == """
                could not find the top layer 'LABEL=linux:/files/that' (toplayer_path=): there is no such directory
                hint: 'LABEL=linux:/files' holds .hidden, this machine
                """)
        #expect(
            failure("boot_docker/a/b") == """
                could not find the top layer 'LABEL=linux:/boot_docker/a/b' (toplayer_path=): there is no such directory
                hint: 'LABEL=linux:/boot_docker' holds nothing
                """)
        #expect(
            failure("no") == """
                could not find the top layer 'LABEL=linux:/no' (toplayer_path=): there is no such directory
                hint: 'LABEL=linux:/' holds boot_docker, docker, files
                """)
    }

    @Test func `a file is no top layer`() throws {
        try tree.write("", to: "file")
        #expect(failure("file") == "could not open the directory 'LABEL=linux:/file': Not a directory")
    }

    @Test(arguments: [
        ("/", "docker_rwlayer", "docker_rwlayer"), ("layers", "layers/root", "layers/root"), ("layers", "layers/a/b/c", "layers/a/b/c"),
        ("link", "layers/root", "layers/root"), ("docker", "docker_rwlayer", "docker"),
    ])
    func `a top layer that holds the root or the store`(path: String, name: String, held: String) throws {
        try tree.make("layers")
        try tree.link("link", to: "layers")
        #expect(
            failure(path, name) == """
                could not use 'LABEL=linux:/\(path == "/" ? "" : path)' as the top layer: it holds '/\(held)'
                hint: give toplayer_path= a directory that holds only this machine's files
                """)
    }

    @Test func `a top layer in the root that each boot deletes`() throws {
        try tree.make("docker_rwlayer/etc")
        #expect(
            failure("docker_rwlayer/etc") == """
                could not use the top layer 'LABEL=linux:/docker_rwlayer/etc' (toplayer_path=): it is in the root '/docker_rwlayer', \
                which each boot deletes
                hint: move it out of the root, to a directory of its own
                """)
    }

    @Test func `the same paths on another device mean nothing`() throws {
        let other = try Tree()
        let request = try #require(try Request("\(Tree.line) toplayer=UUID=1 toplayer_path=docker"))
        let facts = try Facts(surveying: tree.open(), topLayer: other.open(), for: request)
        #expect(facts.contents == .bootable)
    }

    @Test func `a top layer beside the root, in the same directory`() throws {
        try tree.make("layers/files")
        #expect(try tree.facts("\(Tree.line) toplayer_path=layers/files".renaming(to: "layers/root")).standing == .nothing)
    }
}
