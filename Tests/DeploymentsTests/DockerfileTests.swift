import Testing

@testable import Deployments

/// Lines of a Dockerfile; what engines make of them is shown by `AdoptImageTests`.
struct DockerfileTests {
    @Test func `plain words stand as a person writes them, others in JSON`() {
        #expect(Dockerfile.run([]) == [])
        #expect(Dockerfile.run([["rm", "-rf", "/a"], ["ln", "-s", "x", "/b"]]) == ["RUN rm -rf /a \\\n && ln -s x /b"])
        #expect(
            Dockerfile.run([["rm", "-rf", "/a b"], ["rm", "-rf", "/c"], ["rm", "-rf", "/it's\n$x"]])
                == [
                    "RUN rm -rf /c",
                    #"RUN ["/bin/sh", "-ec", "rm -rf '/a b'\nrm -rf '/it'\\''s\n$x'"]"#,
                ])
        #expect(Dockerfile.copy(["root/a"], to: "/a", owner: 0, group: 0) == "COPY root/a /a")
        #expect(
            Dockerfile.copy(["root/a", "root/$b[*]\\ \""], to: "/$d/", owner: 5, group: 6)
                == #"COPY --chown=5:6 ["root/a", "root/\\$b[[][*]][\\\\\\\\] \\\"", "/\\$d/"]"#)
    }

    @Test func `a line is no longer than an engine reads`() {
        let commands = (1...4000).map { ["rm", "-rf", "/directory/file\($0)"] }
        let lines = Dockerfile.run(commands)
        #expect(lines.count > 1 && lines.allSatisfy { $0.utf8.count < 65_000 })
        #expect(lines.joined(separator: "\n").split(separator: "rm -rf").count == 4001)
        let hostile = Dockerfile.run(commands.map { $0.dropLast() + [$0[2] + " '"] })
        #expect(hostile.allSatisfy { $0.utf8.count < 65_000 })
        let copy = Dockerfile.copy((1...4000).map { "root/directory/file\($0)" }, to: "/directory/", owner: 0, group: 0)
        #expect(copy.split(separator: "\n").allSatisfy { $0.utf8.count < 200 })
    }
}
