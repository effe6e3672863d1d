import Basics
import Planning
import Testing

@testable import Boot

/// `.docker-btrfs.json` at the top of a top layer.
struct LayerManifestTests {
    private func manifest(_ text: String) throws(Failure) -> LayerManifest {
        try LayerManifest(parsing: Array(text.utf8), name: "x/.docker-btrfs.json")
    }

    @Test func `all that it can say`() throws {
        let manifest = try manifest(
            """
            {"directories": ["/etc/cups", "home/anna", "/"], "create_only": ["/etc/machine-id", "etc/ssh/ssh_host_*_key"],
             "image_identity": "remove", "ignore": ["/README*", "etc/x"]}
            """)
        #expect(manifest.directories == ["etc/cups", "home/anna", .top])
        #expect(manifest.createOnly.map { $0.parent } == ["etc", "etc/ssh"])
        #expect(manifest.imageIdentity == .remove)
        #expect(manifest.ignored.map { $0.parent } == [.top, "etc"])
    }

    @Test func `it need not say anything`() throws {
        let manifest = try manifest("{}")
        #expect(manifest.directories.isEmpty && manifest.createOnly.isEmpty && manifest.imageIdentity == .keep)
        #expect(try self.manifest(#"{"image_identity": "keep"}"#) == manifest)
        for name in ["lost+found", ".Trash-1000", ".snapshots", ".git"] {
            #expect(manifest.rules.ignores(Array(name.utf8), in: .top) && !manifest.rules.ignores(Array(name.utf8), in: "home"))
        }
        #expect(try !self.manifest(#"{"ignore": []}"#).rules.ignores(Array(".git".utf8), in: .top))
    }

    @Test(arguments: [
        ("[]", "it is not a JSON object"),
        ("", "it is not JSON: line 1: '[' or '{' expected near end of file"),
        (#"{"Directories": []}"#, "there is no member 'Directories'"),
        (#"{"a\nb": []}"#, #"there is no member 'a\x0ab'"#),
        (#"{"directories": "/etc"}"#, "'directories' is not a list"),
        (#"{"directories": [1]}"#, "'directories' has something that is not a string"),
        (#"{"directories": ["/etc/../root"]}"#, "'/etc/../root' in 'directories' is not a path that it can have"),
        (#"{"create_only": ["/"]}"#, "'/' in 'create_only' is not a path that it can have"),
        (#"{"create_only": ["/etc/*/key"]}"#, "'/etc/*/key' in 'create_only' is not a path that it can have"),
        (#"{"create_only": ["/etc/a*b*"]}"#, "'/etc/a*b*' in 'create_only' is not a path that it can have"),
        (#"{"image_identity": "replace"}"#, "'image_identity' must be one of keep, remove"),
        (#"{"ignore": [".*/x"]}"#, "'.*/x' in 'ignore' is not a path that it can have"),
        (#"{"image_identity": true}"#, "'image_identity' must be one of keep, remove"),
    ])
    func `what it must not say`(text: String, reason: String) {
        #expect(throws: Failure("could not read 'x/.docker-btrfs.json': \(reason)")) { try manifest(text) }
    }

    @Test func `one that is a symlink to nothing is not taken for none`() throws {
        let tree = try Tree()
        try tree.link(".docker-btrfs.json", to: "nowhere.json")
        let failure = Failure("could not open '/.docker-btrfs.json': it is a symlink, and leads to nothing", hint: "correct or remove it")
        #expect(throws: failure) { try LayerManifest(of: tree.open()) }
        try tree.write(#"{"image_identity": "remove"}"#, to: "nowhere.json")
        #expect(try LayerManifest(of: tree.open()).imageIdentity == .remove)
    }

    @Test(arguments: [
        ("key", ["key"], ["keys", "ke", ""]),
        ("ssh_*_key", ["ssh_rsa_key", "ssh__key"], ["ssh_key", "ssh_rsa_key.pub", "xssh_rsa_key"]),
        ("*.pub", [".pub", "a.pub"], ["pub"]),
        ("key*", ["key", "key.pub"], ["ke"]),
        ("*", ["", "a"], []),
    ])
    func `a star stands for any characters`(pattern: String, fitting: [String], others: [String]) throws {
        let pattern = try #require(PathPattern("etc/\(pattern)"))
        #expect(fitting.filter { !pattern.fits(Array($0.utf8)) } == [])
        #expect(others.filter { pattern.fits(Array($0.utf8)) } == [])
    }
}
