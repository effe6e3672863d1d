import Testing

@testable import docker_btrfs

struct MisspellingTests {
    @Test(
        arguments: [
            ("deplyo desktop", "there is no command 'docker-btrfs deplyo'\nhint: did you mean 'docker-btrfs deploy'?"),
            ("root lss", "there is no command 'docker-btrfs root lss'\nhint: did you mean 'docker-btrfs root ls'?"),
            ("something", "there is no command 'docker-btrfs something'\nhint: 'docker-btrfs --help' lists them"),
            ("deploy dekstop", nil), ("--verson", nil), ("root --help", nil), ("root help", nil), ("", nil),
        ])
    func `words that begin with no command are told so`(words: String, expected: String?) {
        #expect(DockerBtrfs.misspelling(in: words.split(separator: " ").map { String($0) }[...]) == expected)
    }
}
