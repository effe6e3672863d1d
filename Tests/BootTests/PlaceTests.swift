import Basics
import Testing

@testable import Boot

/// Where the store and the top layer may be, and where not.
struct PlaceTests {
    private let tree: Tree

    init() throws {
        tree = try Tree()
    }

    private func refusal(_ path: String, _ name: String = "docker_rwlayer") throws -> String? {
        try tree.refusal("\(Tree.line) toplayer_path=\(path)".renaming(to: name))
    }

    @Test func `a path that is not there: what its parent holds is listed`() throws {
        try tree.make("files/this machine")
        try tree.make("files/.hidden")
        #expect(
            try refusal("files/that") == """
                could not find the top layer 'LABEL=linux:/files/that' (toplayer_path=): there is no such directory
                hint: 'LABEL=linux:/files' holds .hidden, this machine
                """)
        #expect(
            try refusal("boot_docker/a/b") == """
                could not find the top layer 'LABEL=linux:/boot_docker/a/b' (toplayer_path=): there is no such directory
                hint: 'LABEL=linux:/boot_docker' holds nothing
                """)
        #expect(
            try refusal("no") == """
                could not find the top layer 'LABEL=linux:/no' (toplayer_path=): there is no such directory
                hint: 'LABEL=linux:/' holds boot_docker, docker, files
                """)
    }

    /// From the subvolume that is mounted nothing above it is seen.
    @Test(arguments: ["docker_rwlayer/more", "docker_rwlayer", ".docker-btrfs/roots/docker_rwlayer/1", ".docker-btrfs/layers/x"])
    func `a subvolume in what boots delete is no place for a top layer`(subvolume: String) throws {
        try tree.make("\(subvolume)/files")
        try tree.make("files")
        let line = "\(Tree.line) toplayerflags=noatime,subvol=\(subvolume) toplayer_path=files"
        let found = try tree.refusal(line.renaming(to: "docker_rwlayer"))
        let place = subvolume.hasPrefix("docker_rwlayer") ? "the root '/docker_rwlayer'" : "what docker-btrfs keeps in '/.docker-btrfs'"
        let sentence = "could not use the top layer '/\(subvolume)/files' (toplayer_path=): it is in \(place), which boots delete"
        #expect(found?.hasPrefix(sentence) == true, "\(found ?? "")")
        let other = try tree.refusal("\(Tree.line) toplayerflags=subvol=other toplayer_path=files".renaming(to: "docker_rwlayer"))
        #expect(other?.contains("boots delete") != true)
    }

    @Test func `a file is no top layer`() throws {
        try tree.write("", to: "file")
        #expect(try refusal("file") == "could not open the directory 'LABEL=linux:/file': Not a directory")
    }

    @Test(arguments: [("docker", "docker"), ("link", "docker"), ("docker", "store"), ("docker/btrfs", "docker/btrfs/data")])
    func `a store in the root that boots delete, whatever leads there`(root: String, store: String) throws {
        try tree.link("link", to: "docker")
        try tree.link("store", to: "/docker")
        try tree.make("docker/btrfs/data/image/btrfs")
        let found = try tree.refusal("\(Tree.line) docker_path=\(store)".renaming(to: root))
        if store == "docker/btrfs/data" {
            #expect(found?.hasPrefix("could not find image 'bb3:v1'") == true)
        } else {
            #expect(
                found == """
                    could not use Docker's data-root '/\(store)' (docker_path=): it is in the root '/\(root)', which boots delete
                    hint: move it out of there, to a directory of its own
                    """)
        }
    }

    @Test(arguments: [
        ("/", "docker_rwlayer", "docker_rwlayer"), ("layers", "layers/root", "layers/root"), ("layers", "layers/a/b/c", "layers/a/b/c"),
        ("link", "layers/root", "layers/root"), ("layers", "link/root", "link/root"), ("layers", "link/a/root", "link/a/root"),
        ("docker", "docker_rwlayer", "docker"), ("store", "docker_rwlayer", "docker"),
    ])
    func `a top layer that holds the root or the store, whatever leads there`(path: String, name: String, held: String) throws {
        try tree.make("layers")
        try tree.link("link", to: "layers")
        try tree.link("store", to: "/docker")
        #expect(
            try refusal(path, name) == """
                could not use 'LABEL=linux:/\(path == "/" ? "" : path)' as the top layer: it holds '/\(held)'
                hint: give toplayer_path= a directory that holds only this machine's files
                """)
    }

    @Test(arguments: ["docker_rwlayer/etc", "docker_rwlayer", "etc"])
    func `a top layer in the root that boots delete`(path: String) throws {
        try tree.make("docker_rwlayer/etc")
        try tree.link("etc", to: "docker_rwlayer/etc")
        #expect(
            try refusal(path) == """
                could not use the top layer 'LABEL=linux:/\(path)' (toplayer_path=): it is in the root '/docker_rwlayer', \
                which boots delete
                hint: move it out of there, to a directory of its own
                """)
    }

    @Test func `the same paths on another device mean nothing`() throws {
        let other = try Tree()
        let request = try #require(try Request("\(Tree.line) toplayer=UUID=1 toplayer_path=docker"))
        let facts = Facts(surveying: try tree.open(), topLayer: .success(try other.open()), for: request, on: Tree.host)
        #expect(try facts.wanted.get().reference.text == "bb3:v1")
    }

    @Test(arguments: [("docker/x", "docker"), ("docker/a/x", "docker"), ("link/x", "docker"), ("docker/x", "link")])
    func `a root in the store, whatever leads there`(name: String, store: String) throws {
        try tree.link("link", to: "docker")
        #expect(
            try tree.refusal("\(Tree.line) docker_path=\(store)".renaming(to: name)) == """
                could not make the root '/\(name)': '/\(store)' is Docker's data-root
                hint: give rootflags=subvol= a name outside of that
                """)
    }

    @Test func `a store that is the top level has every root in it`() throws {
        for name in ["image", "btrfs"] { try tree.link(name, to: "docker/\(name)") }
        #expect(try tree.refusal("\(Tree.line) docker_path=/".renaming(to: "roots/one"))?.contains("data-root") != true)
    }

    @Test func `a top layer beside the root, in the same directory`() throws {
        try tree.make("layers/files")
        #expect(try refusal("layers/files", "layers/root") == nil)
        #expect(try tree.facts("\(Tree.line) toplayer_path=layers/files".renaming(to: "layers/root")).topLayer?.isShared == true)
    }
}
