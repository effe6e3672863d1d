import TestSupport
import Testing

extension Machine {
    /// Boots into a failure, after which the machine goes off by itself.
    func stops(_ line: String, _ options: [String] = [], log suffix: String = "") async throws -> Console {
        let boot = command(["--append", line + Console.ending] + initramfs + options, log: suffix)
        try await output(of: boot.command)
        return try Console(log: boot.log)
    }

    /// What a boot may not lose: each subvolume by its own id, whatever it is called by now, and all files that are not in
    /// Docker's store, whose subvolumes are read-only to a boot.
    func belongings() async throws -> [String] {
        try await change(
            """
            btrfs subvolume list -u . | sed 's/.* uuid \\([^ ]*\\) .*/\\1/' | sort
            find . -path ./docker -prune -o ! -type d -printf '%P %y %m %U:%G %s %T@ %l\\n' |
                sed 's,^.docker-btrfs/roots/docker_rwlayer/[0-9]*/,docker_rwlayer/,' | LC_ALL=C sort
            """
        ).split(separator: "\n").map { String($0) }
    }
}

/// A boot that cannot end well, and what it says.
struct BadBoot: CustomTestStringConvertible {
    let testDescription: String
    /// What is changed in the article's line.
    let words: String
    let others: String
    let message: String

    init(_ description: String, _ words: String, to others: String, _ message: String) {
        testDescription = description
        self.words = words
        self.others = others
        self.message = message
    }

    static let noSuchImage = BadBoot(
        "no such image", "docker_path=docker", to: "docker_path=docker docker_image=sample_imag",
        """
        could not find image 'sample_imag:latest' in /docker (docker, btrfs driver)
        hint: images there: sample_image:latest, debian:bookworm
        """)

    /// With docker_onfail=stop, so that no older root is booted instead.
    func line() throws -> String {
        try Lab.menuEntry().replacing(words, with: others) + " docker_onfail=stop"
    }
}
