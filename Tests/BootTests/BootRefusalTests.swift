import Basics
import Planning
import Testing

@testable import Boot
@testable import Images

/// What a person reads where the plan of a boot cannot be made.
struct BootRefusalTests {
    #if arch(x86_64)
        private let here = "amd64"
        private let elsewhere = "arm64"
    #else
        private let here = "arm64"
        private let elsewhere = "amd64"
    #endif

    private func failure(_ line: String = article, _ change: (inout Facts) -> Void) throws -> String? {
        let request = try #require(try Request(line))
        return #expect(throws: Failure.self) { try Plan(for: request, given: .later(change)) }?.description
    }

    @Test(arguments: ["a subvolume", "a directory", "a file", "a symlink"])
    func `a name that is taken`(what: String) throws {
        #expect(
            try failure { $0.standing = .foreign(what) } == """
                could not replace '/docker_rwlayer': it is \(what) that docker-btrfs did not make
                hint: give rootflags=subvol= a name that is not taken, for example docker_rwlayer_docker
                """)
        #expect(
            try failure("root=LABEL=linux rootflags=subvol=/@/home docker_path=d") { $0.standing = .foreign(what) } == """
                could not replace '/@/home': it is \(what) that docker-btrfs did not make
                hint: give rootflags=subvol= a name that is not taken, for example @/home_docker
                """)
    }

    @Test func `an image for another machine`() throws {
        for (os, architecture, platform) in [
            ("linux", elsewhere, "linux/\(elsewhere)"), ("windows", here, "windows/\(here)"), ("linux", "arm", "linux/arm"),
            ("", elsewhere, "linux/\(elsewhere)"), ("freebsd", "", "freebsd/\(here)"), ("a\nb", "\u{1b}[2J", "a\\x0ab/\\x1b[2J"),
        ] {
            #expect(
                try failure { $0.image = .example(os: os, architecture: architecture) } == """
                    could not use the image 'sample_image:latest': it is for \(platform), and this machine is linux/\(here)
                    hint: build or pull it with --platform linux/\(here)
                    """)
        }
    }

    @Test func `an image for this machine, or one that does not say`() throws {
        let request = try #require(try Request(article))
        for (os, architecture) in [("linux", here), ("linux", ""), ("", here), ("", "")] {
            let facts = Facts.example { $0.image = .example(os: os, architecture: architecture) }
            #expect(throws: Never.self) { try Plan(for: request, given: facts) }
        }
    }

    @Test(arguments: [("", "/sbin/init"), ("init=/usr/bin/dinit", "/usr/bin/dinit"), ("init=/a/b init=c", "/c")])
    func `an image without init`(text: String, program: String) throws {
        #expect(
            try failure("\(article) \(text)") { $0.contents.initProgram = nil } == """
                could not use the image 'sample_image:latest': it has no init: there is no program '\(program)'
                hint: install systemd-sysv or another init in the Dockerfile, or say init=PATH on the kernel command line
                """)
    }

    @Test func `an image without os-release`() throws {
        #expect(
            try failure { $0.contents.hasOSRelease = false } == """
                could not use the image 'sample_image:latest': it has neither '/etc/os-release' nor '/usr/lib/os-release', \
                and systemd starts no root without
                hint: add an /etc/os-release in the Dockerfile or in the top layer
                """)
    }
}
