import Basics
import Foundation
import Testing

@testable import DiskImages

/// The directories that an engine gives a container, and a machine does not have.
struct ServiceFoldersTests {
    private static let tree = [
        "run/web app/50%/x": "", "bin": "->usr/bin", "usr/bin/dash": "", "usr/bin/sh": "->dash", "var/run": "->/run",
    ]

    private func folders(_ folder: String, volumes: [String] = []) throws -> ServiceFolders {
        let words = volumes.map { "\"\($0)\": {}" }.joined(separator: ", ")
        let config = #"{"config": {"Cmd": ["/a"], "WorkingDir": "\#(folder)", "Volumes": {\#(words)}}}"#
        var folders: ServiceFolders?
        try withTree(Self.tree) { files in
            let process = try ImageProcess(Array(config.utf8), of: "web", in: files)
            folders = try ServiceFolders(of: process, called: "web", in: files)
        }
        return try #require(folders)
    }

    @Test func `what is not in the image is made, below run at each boot`() throws {
        let found = try folders("/var/run/work", volumes: ["/data", "/run/web app", "/bin/of/it", "/run/lock"])
        #expect(
            found.missing.map { "\($0.path) is \($0.title)" } == ["/bin/of/it is a VOLUME of the image", "/data is a VOLUME of the image"])
        #expect(found.volatile.map { $0.path } == ["run/web app", "run/web app/50%", "run/work", "run/lock"])
        #expect(found.volatile.map { $0.owner } == [getuid(), getuid(), 0, 0])
        #expect(try folders("/", volumes: ["/usr/bin"]).missing.isEmpty)
    }

    @Test func `an init makes them with their owners and modes`() throws {
        let found = try folders("/run/work")
        let (owner, mode) = ("\(getuid())", String(found.volatile[0].mode, radix: 8))
        let group = "\(found.volatile[0].group)"
        #expect(
            found.tableText == """
                d "/run/web app" \(mode) \(owner) \(group) -
                d "/run/web app/50%%" \(mode) \(owner) \(group) -
                d "/run/work" 755 0 0 -

                """)
        #expect(
            found.scriptText(for: "/b/busybox sh", busybox: "/b/busybox ") == """
                #!/b/busybox sh
                # Written by docker-btrfs: what the image has below /run.
                /b/busybox mkdir /run/docker-btrfs-folders 2> /dev/null || exit 0
                /b/busybox mkdir -p '/run/web app'
                /b/busybox mkdir -p '/run/web app/50%'
                /b/busybox mkdir -p /run/work
                /b/busybox chown -h 0:0 /run/work
                /b/busybox chmod 755 /run/work
                /b/busybox chown -h \(owner):\(group) '/run/web app/50%'
                /b/busybox chmod \(mode) '/run/web app/50%'
                /b/busybox chown -h \(owner):\(group) '/run/web app'
                /b/busybox chmod \(mode) '/run/web app'

                """)
    }

    @Test(arguments: [
        ("../x", "is no absolute path"), ("x", "is no absolute path"), ("/a/../../x", "is no absolute path"),
        ("/bin/sh", "needs a directory where the image has another file, '/bin/sh'"),
        ("/bin/sh/x", "needs a directory where the image has another file, '/bin/sh'"),
        ("/.wh..wh..opq/x", "has the name '.wh..wh..opq', which no file of a top layer has"),
        ("/etc/.wh.passwd", "has the name '.wh.passwd', which no file of a top layer has"),
        ("/.docker-btrfs.json", "has the name '.docker-btrfs.json', which no file of a top layer has"),
        ("/.git/x", "has the name '.git', which no file of a top layer has"),
    ])
    func `one that cannot be made is named`(text: String, reason: String) {
        func failure(_ word: String) -> Failure {
            Failure("could not make a service of 'web': its \(word) '\(text)' \(reason)", hint: "say another one in the Dockerfile")
        }
        #expect(throws: failure("WORKDIR")) { try folders(text) }
        #expect(throws: failure("VOLUME")) { try folders("/", volumes: [text]) }
    }
}
