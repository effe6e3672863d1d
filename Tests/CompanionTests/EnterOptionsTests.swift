import ArgumentParser
import Testing

@testable import docker_btrfs

struct EnterOptionsTests {
    @Test(
        arguments: [
            ("ls /", "docker-btrfs enter -- ls /, or with the image 'ls' docker-btrfs enter ls -- /"),
            ("desktop ls -l", "docker-btrfs enter -- desktop ls -l, or with the image 'desktop' docker-btrfs enter desktop -- ls -l"),
            (
                "--read-only --user some ls -l",
                "docker-btrfs enter --read-only --user some -- ls -l, or with the image 'ls' docker-btrfs enter --read-only --user some ls -- -l"
            ),
        ])
    func `a command that has no '--' before it is told where it goes`(line: String, meant: String) {
        let words = line.split(separator: " ").map(String.init)
        #expect(throws: (any Error).self) { try EnterCommand.parse(words) }
        #expect(EnterCommand.hint(for: words) == "hint: the command comes after '--': \(meant)")
    }

    @Test(arguments: ["--nosuch", "ls", "ls -- /", "--root 1 --project x", "--network some", "--boot --user some"])
    func `other words are not`(line: String) {
        #expect(EnterCommand.hint(for: line.split(separator: " ").map(String.init)) == nil)
    }
}
