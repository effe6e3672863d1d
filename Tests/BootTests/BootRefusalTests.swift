import Basics
import Planning
import Testing

@testable import Boot

/// What a person reads where the plan of a boot cannot be made.
struct BootRefusalTests {
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

    @Test func `a name that is taken comes before an image that cannot be had`() throws {
        let found = try failure { facts in
            facts.standing = .foreign("a file")
            facts.wanted = .failure(Failure("could not find the image"))
        }
        #expect(found?.hasPrefix("could not replace '/docker_rwlayer'") == true)
    }

    @Test(arguments: ["", "docker_mode=persist", "docker_image=sample:v2"])
    func `an image that cannot be had, whatever else is asked for`(text: String) throws {
        let reason = Failure("could not find the image", hint: "images there: none")
        #expect(try failure("\(article) \(text)") { $0.wanted = .failure(reason) } == reason.description)
    }
}
