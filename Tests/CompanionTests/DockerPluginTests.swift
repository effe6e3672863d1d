import Basics
import Foundation
import Testing

@testable import docker_btrfs

struct DockerPluginTests {
    private static let docker = [DockerPlugin.sign: "/usr/bin/docker"]

    @Test func `alone, all arguments are ours`() throws {
        #expect(try DockerPlugin(["btrfs", "-H", "x"], environment: [:]) == .command(["btrfs", "-H", "x"]))
        #expect(try DockerPlugin(["docker-cli-plugin-metadata"], environment: [:]) == .metadata)
    }

    @Test(
        arguments: [
            ("btrfs deploy x --dry-run", "deploy x --dry-run", [:]),
            ("--config /c -D --log-level=error btrfs deploy x", "deploy x", ["DOCKER_CONFIG": "/c"]),
            ("-H unix:///run/docker.sock btrfs status", "status", ["DOCKER_HOST": "unix:///run/docker.sock"]),
            ("--context default btrfs", "", ["DOCKER_CONTEXT": "default"]), ("help btrfs", "--help", [:]),
            ("help btrfs deploy", "deploy --help", [:]), ("btrfs --help", "--help", [:]), ("-D help btrfs", "--help", [:]),
            ("btrfs help", "help", [:]), ("-c there btrfs --help", "--help", [:]),
            ("-H ssh://there help btrfs deploy", "deploy --help", [:]),
            ("-c there btrfs deploy -h", "deploy -h", [:]), ("-c there btrfs --version", "--version", [:]),
        ] as [(String, String, [String: String])])
    func `docker's own options and words go, and the docker that we run is told of them`(
        line: String, own: String, docker: [String: String]
    ) throws {
        let words = line.split(separator: " ").map(String.init)
        let expected = DockerPlugin.command(own.split(separator: " ").map(String.init), docker: docker)
        #expect(try DockerPlugin(words, environment: Self.docker) == expected)
    }

    @Test(arguments: [
        "-H ssh://there btrfs status", "--host=tcp://10.0.0.1 btrfs status", "-c there btrfs status", "--context=there btrfs",
        "-cthere btrfs status", "-Htcp://there:2375 btrfs status", "-Dcthere btrfs status", "-DH=ssh://there btrfs", "-Dc there btrfs",
        "-c there btrfs enter desktop -- ls --help",
    ])
    func `another machine is refused`(line: String) {
        let failure = #expect(throws: Failure.self) {
            try DockerPlugin(line.split(separator: " ").map(String.init), environment: Self.docker)
        }
        #expect(failure?.message.hasSuffix("images are booted from this machine's own disk") == true)
    }

    @Test func `another machine in the environment is refused`() {
        let surroundings = Self.docker.merging(["DOCKER_HOST": "ssh://there"]) { $1 }
        #expect(throws: Failure.self) { try DockerPlugin(["btrfs", "status"], environment: surroundings) }
    }

    @Test(
        arguments: [
            ("btrfs status", [:], false), ("-c default btrfs status", [:], true), ("-H unix:///run/docker.sock btrfs status", [:], true),
            ("btrfs status", ["DOCKER_CONTEXT": "default"], true), ("btrfs status", ["DOCKER_HOST": "unix:///run/docker.sock"], true),
            ("--config /nothing btrfs status", [:], true),
        ] as [(String, [String: String], Bool)])
    func `another machine that docker was told to use from then on is refused`(
        line: String, variables: [String: String], isHere: Bool
    ) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: folder) }
        try FileManager.default.createDirectory(at: folder.appending(path: ".docker"), withIntermediateDirectories: true)
        try Data(#"{"auths": {}, "currentContext": "far"}"#.utf8).write(to: folder.appending(path: ".docker/config.json"))
        for place in [["HOME": folder.path], ["HOME": "/nowhere", "DOCKER_CONFIG": folder.path + "/.docker"]] {
            let surroundings = Self.docker.merging(place) { $1 }.merging(variables) { $1 }
            let words = line.split(separator: " ").map(String.init)
            let isTaken = (try? DockerPlugin(words, environment: surroundings)) != nil
            #expect(isTaken == isHere)
        }
    }

    @Test(arguments: [
        ("de", "deploy\tMake an image the next boot."), ("deploy d", "desktop:latest"), ("deploy x", ""), ("check ", "desktop:latest"),
        ("enter ", "desktop:latest"), ("image --fix ", "desktop:latest"), ("deploy --kernel 6.1 ", "desktop:latest"), ("root keep 7 ", ""),
        ("rm old:1 ", "old:1"), ("run ", "desktop:latest"), ("rehearse ", "desktop:latest"),
        ("status ", ""), ("rm ", "old:1"), ("rollback ", "old:1"), ("root x", ""),
        ("root keep ", "7"),
        ("root rm ", "7|work|kept"), ("root rm w", "work"), ("diff ", "7|work"), ("export ", "7|work"), ("nothing ", ""),
        ("enter --root ", "7"), ("enter --root 7 ", "desktop:latest"), ("enter --project w", "work"), ("enter --boot ", "desktop:latest"),
        ("adopt --root ", "7"), ("image --kernel-image ", "desktop:latest"), ("status --format ", "text|json"),
        ("status --format=j", "json"), ("deploy --kernel ", ""), ("import root.tar ", ""), ("rm old:1 --dry-run ", "old:1"),
        ("rollback --dr", "--dry-run\tPrint what would be done, one line each, and change nothing."),
        ("status --root", ""), ("enter desktop -- ls --ro", ""),
    ])
    func `words are completed`(typed: String, words: String) throws {
        let line = typed.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        #expect(try DockerPlugin(["__complete", "btrfs"] + line, environment: [:]) == .complete(line))
        let completed = DockerPlugin.completions(line) { names in
            switch names {
            case .images: ["desktop:latest"]
            case .deployments: ["old:1"]
            case .roots: ["7"]
            case .projects: ["work"]
            case .rootsAndProjects: ["7", "work"]
            case .allRoots: ["7", "work", "kept"]
            }
        }
        #expect(completed == (words.split(separator: "|") + [":4"]).map { $0 + "\n" }.joined())
    }

    @Test(arguments: [
        ("export work -o ", ":0\n"), ("enter --bind ", ":0\n"), ("deploy --boot ", ":16\n"), ("setup --data ", ":16\n"),
        ("install --init ", ":0\n"), ("install --root=", ":16\n"), ("import ", ":0\n"), ("check-initramfs /boot/", ":0\n"),
        ("adopt --dry-run /etc/hosts ", ":0\n"), ("repair 9 ", ":0\n"), ("grow ", ":16\n"),
    ])
    func `files and directories are left to the shell`(typed: String, completed: String) {
        let line = typed.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        #expect(DockerPlugin.completions(line) { _ in ["desktop:latest"] } == completed)
    }
}
