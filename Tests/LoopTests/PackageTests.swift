import Foundation
import TestSupport
import Testing

extension Beside {
    /// The package that `make deb` left.
    struct PackageTests {
        /// Types into a zsh on a pseudo-terminal, with a Tab at the end, and tells what stands in its line then.
        private static let typing = """
            zmodload zsh/zpty
            zpty shell zsh -f -i
            zpty -w shell 'PS1=; autoload -Uz compinit; compinit -u -d /tmp/dump'
            zpty -w shell 'tell() { print -r -- "<$BUFFER>"; BUFFER=; zle accept-line }; zle -N tell; bindkey "^T" tell; echo rea""dy'
            zpty -r -m shell told '*ready*'
            for typed in 'docker-btrfs depl' 'docker-btrfs root l' 'docker-btrfs setup --loader ref' 'docker-btrfs adopt --im' \
                'docker-btrfs adopt /etc/passw'; do
                zpty -w -n shell "$typed"$'\\t\\C-t'
                zpty -r -m shell told '*<*>*'
                print -r -- "${${told##*<}%%>*}."
            done
            zpty -d shell
            rm /tmp/dump
            """

        /// Names each relative link of a document that leads nowhere.
        private static let deadLinks = #"""
            cd /usr/share/doc/docker-btrfs && test -e docs/kernel-command-line.md && find . -name '*.md' -exec perl -0777 -ne '
                while (/\]\(([^)\s]+)\)/g) {
                    $to = $1;
                    next if $to =~ /^(#|[a-z]+:)/;
                    $to =~ s/#.*//;
                    ($in = $ARGV) =~ s,[^/]*$,,;
                    print "$ARGV: $to\n" if !-e "$in$to";
                }' {} +
            """#

        @Test(arguments: ["bookworm", "trixie"])
        func `it is installed, works, and leaves nothing`(suite: String) async throws {
            let system = try DebianSystem(suite: suite)
            let package = try #require(
                FileManager.default.contentsOfDirectory(atPath: Repository.path(".build")).filter { $0.hasSuffix(".deb") }.max())
            try await system.copy(Repository.path(".build/\(package)"), to: "/package.deb")
            try await system.copy("\(Repository.path(".build/lab"))/tools/usr/bin/docker", to: "/usr/bin/docker")
            for (place, to) in [("bin/zsh", "/usr/bin/zsh"), ("usr/lib/x86_64-linux-gnu/zsh", nil), ("usr/share/zsh", nil)] {
                try await system.copy("\(Repository.path(".build/lab"))/tools/\(place)", to: to ?? "/\(place)")
            }
            let before = try await system.inventory()
            try await system.output("dpkg", "--install", "/package.deb")

            let version = try await system.output("/usr/bin/docker-btrfs", "--version")
            let initVersion = try await system.output("docker-btrfs-init", "--version")
            #expect(initVersion == version.replacing("docker-btrfs ", with: "docker-btrfs-init "))
            #expect(try await system.output("docker", "btrfs", "--help").contains("\nUSAGE: docker-btrfs <subcommand>\n"))
            #expect(try await system.output("docker", "help", "btrfs").contains("deploy "))
            let page = try await system.output("sh", "-c", "zcat /usr/share/man/man8/docker-btrfs-root-ls.8.gz")
            #expect(page.contains("\n.Dt DOCKER-BTRFS-ROOT-LS 8\n"))
            #expect(try await system.output("sh", "-c", Self.deadLinks) == "")
            let completion = "source /usr/share/bash-completion/completions/docker-btrfs; complete -p docker-btrfs"
            #expect(try await system.output("bash", "-c", completion).contains("docker-btrfs"))
            let typed = try await system.output("timeout", "60", "zsh", "-f", "-c", Self.typing)
            #expect(
                typed == """
                    docker-btrfs deploy .
                    docker-btrfs root ls .
                    docker-btrfs setup --loader refind .
                    docker-btrfs adopt --image .
                    docker-btrfs adopt /etc/passwd.

                    """)

            // Hooks that need it stay only where it stays.
            try await system.output("sh", "-c", "mkdir -p /var/lib/docker-btrfs; touch /var/lib/docker-btrfs/installed")
            let kept = try await system.output("sh", "-c", "! dpkg --purge docker-btrfs 2>&1; docker-btrfs-init --version")
            #expect(kept.contains("run 'docker-btrfs uninstall' first\n") && kept.hasSuffix(initVersion), "\(kept)")
            try await system.output("rm", "-r", "/var/lib/docker-btrfs")
            try await system.output("dpkg", "--purge", "docker-btrfs")
            let after = try await system.inventory().subtracting(before).filter { !$0.contains("/var/lib/dpkg/") }
            #expect(after == [])
        }
    }
}
