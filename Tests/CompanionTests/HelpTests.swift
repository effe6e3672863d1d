import ArgumentParser
import TestSupport
import Testing

@testable import docker_btrfs

struct HelpTests {
    @Test func `it says where the documents are`() {
        let help = DockerBtrfs.helpMessage(columns: 400)
        #expect(help.contains("Where its package is installed, the documents are in /usr/share/doc/docker-btrfs: README.md"))
        #expect(help.contains("'man docker-btrfs-init' has the keys of the kernel command line"))
        for command in DockerBtrfs.configuration.subcommands {
            #expect(!DockerBtrfs.helpMessage(for: command, columns: 400).contains("the documents are in"))
        }
    }

    @Test(arguments: [
        (["remove", "--help"], "there is no command 'docker-btrfs remove'\nhint: did you mean 'docker-btrfs rm'?"),
        (["help", "remove"], "there is no command 'docker-btrfs remove'\nhint: did you mean 'docker-btrfs rm'?"),
        (["root", "lss", "--help"], "there is no command 'docker-btrfs root lss'\nhint: did you mean 'docker-btrfs root ls'?"),
        (["root", "lss", "--version"], "there is no command 'docker-btrfs root lss'\nhint: did you mean 'docker-btrfs root ls'?"),
    ])
    func `the help of no command is not that of the one before`(words: [String], sentence: String) async throws {
        let outcome = try await run([Repository.ordinaryCompanion] + words)
        #expect(outcome.status == 64 && outcome.output.isEmpty && outcome.errors == "Error: \(sentence)\n", "\(outcome)")
    }
}
