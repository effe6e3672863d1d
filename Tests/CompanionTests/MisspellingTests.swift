import Testing

@testable import docker_btrfs

struct MisspellingTests {
    @Test(
        arguments: [
            ("deplyo desktop", "there is no command 'docker-btrfs deplyo'\nhint: did you mean 'docker-btrfs deploy'?"),
            ("root lss", "there is no command 'docker-btrfs root lss'\nhint: did you mean 'docker-btrfs root ls'?"),
            ("something", "there is no command 'docker-btrfs something'\nhint: 'docker-btrfs --help' lists them"),
            ("ls", "there is no command 'docker-btrfs ls'\nhint: did you mean 'docker-btrfs images'?"),
            ("ps", "there is no command 'docker-btrfs ps'\nhint: did you mean 'docker-btrfs status'?"),
            ("undeploy x", "there is no command 'docker-btrfs undeploy'\nhint: did you mean 'docker-btrfs rm'?"),
            ("upgrade", "there is no command 'docker-btrfs upgrade'\nhint: did you mean 'docker-btrfs deploy --pull'?"),
            ("root ps", "there is no command 'docker-btrfs root ps'\nhint: did you mean 'docker-btrfs root ls'?"),
            ("up", "there is no command 'docker-btrfs up'\nhint: 'docker-btrfs --help' lists them"),
            ("reboot", "there is no command 'docker-btrfs reboot'\nhint: 'docker-btrfs --help' lists them"),
            ("grub", "there is no command 'docker-btrfs grub'\nhint: 'docker-btrfs --help' lists them"),
            ("prunes", "there is no command 'docker-btrfs prunes'\nhint: 'docker-btrfs --help' lists them"),
            ("deploy dekstop", nil), ("--verson", nil), ("root --help", nil), ("root help", nil), ("", nil),
        ])
    func `words that begin with no command are told so`(words: String, expected: String?) {
        #expect(DockerBtrfs.misspelling(in: words.split(separator: " ").map { String($0) }[...]) == expected)
    }
}
