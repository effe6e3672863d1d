import Foundation
import TestSupport
import Testing

extension Beside {
    /// The package that `make deb` left.
    struct PackageTests {
        @Test(arguments: ["bookworm", "trixie"])
        func `it is installed, works, and leaves nothing`(suite: String) async throws {
            let system = try DebianSystem(suite: suite)
            let package = try #require(
                FileManager.default.contentsOfDirectory(atPath: Repository.path(".build")).filter { $0.hasSuffix(".deb") }.max())
            try await system.copy(Repository.path(".build/\(package)"), to: "/package.deb")
            try await system.copy("\(Repository.path(".build/lab"))/tools/usr/bin/docker", to: "/usr/bin/docker")
            let before = try await system.inventory()
            try await system.output("dpkg", "--install", "/package.deb")

            let version = try await system.output("/usr/bin/docker-btrfs", "--version")
            let initVersion = try await system.output("docker-btrfs-init", "--version")
            #expect(initVersion == version.replacing("docker-btrfs ", with: "docker-btrfs-init "))
            #expect(try await system.output("docker", "btrfs", "--help").contains("\nUSAGE: docker-btrfs <subcommand>\n"))
            #expect(try await system.output("docker", "help", "btrfs").contains("deploy "))
            let page = try await system.output("sh", "-c", "zcat /usr/share/man/man8/docker-btrfs-root-ls.8.gz")
            #expect(page.contains("\n.Dt DOCKER-BTRFS-ROOT-LS 8\n"))
            let completion = "source /usr/share/bash-completion/completions/docker-btrfs; complete -p docker-btrfs"
            #expect(try await system.output("bash", "-c", completion).contains("docker-btrfs"))

            try await system.output("dpkg", "--purge", "docker-btrfs")
            let after = try await system.inventory().subtracting(before).filter { !$0.contains("/var/lib/dpkg/") }
            #expect(after == [])
        }
    }
}
