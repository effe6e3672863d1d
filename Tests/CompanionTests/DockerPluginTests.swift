import Basics
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
            ("btrfs deploy x --dry-run", "deploy x --dry-run"), ("--config /c -D --log-level=error btrfs deploy x", "deploy x"),
            ("-H unix:///run/docker.sock btrfs status", "status"), ("--context default btrfs", ""), ("help btrfs", "--help"),
            ("help btrfs deploy", "deploy --help"), ("btrfs --help", "--help"), ("-D help btrfs", "--help"), ("btrfs help", "help"),
        ])
    func `docker's own options and words go`(line: String, own: String) throws {
        let words = line.split(separator: " ").map(String.init)
        #expect(try DockerPlugin(words, environment: Self.docker) == .command(own.split(separator: " ").map(String.init)))
    }

    @Test(arguments: [
        "-H ssh://there btrfs status", "--host=tcp://10.0.0.1 btrfs status", "-c there btrfs status", "--context=there btrfs",
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

    @Test func `words are completed`() throws {
        let call = try DockerPlugin(["__complete", "btrfs", "de"], environment: [:])
        #expect(call == .complete(["de"]))
        #expect(DockerPlugin.completions(["de"]) { [] } == "deploy\tMake an image the next boot.\n:4\n")
        #expect(DockerPlugin.completions(["deploy", "d"]) { ["desktop:latest", "other"] } == "desktop:latest\n:4\n")
        for command in ["check", "enter", "image", "run", "rehearse"] {
            #expect(DockerPlugin.completions([command, ""]) { ["desktop:latest"] } == "desktop:latest\n:4\n")
        }
        #expect(DockerPlugin.completions(["status", ""]) { ["desktop:latest"] } == ":4\n")
    }
}
