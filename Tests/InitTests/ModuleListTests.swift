import Basics
import Boot
import InitProcess
import Testing

struct ModuleListTests {
    private func modules(_ text: String, _ line: String = "") throws -> [ModuleList.Module] {
        try ModuleList(parsing: Array(text.utf8)).with(KernelCommandLine(line.utf8)).modules
    }

    @Test func `a module a line, with parameters and a mark for one that may fail`() throws {
        let found = try modules("/usr/lib/a-b.ko\n\n?/c.ko  x=1 y\n/d.ko")
        #expect(found.map { $0.path } == ["/usr/lib/a-b.ko", "/c.ko", "/d.ko"])
        #expect(found.map { $0.parameters } == ["", " x=1 y", ""])
        #expect(found.map { $0.isOptional } == [false, true, false])
        #expect(found.map { $0.name } == ["a_b", "c", "d"])
        #expect(try modules("").isEmpty)
    }

    @Test(arguments: ["btrfs", "?", "?b.ko", " a.ko x", "/a.ko\n\u{1b}[2J"])
    func `what is no list of modules`(text: String) {
        let failure = #expect(throws: Failure.self) { try modules(text) }
        #expect(failure?.message.hasPrefix("could not read '/etc/docker-btrfs/modules': '") == true)
        #expect(failure?.message.contains("\u{1b}") == false)
    }

    @Test func `the kernel command line has parameters too, after those of the list`() throws {
        let line = #"quiet a-b.x=1 a_b.y="1 2" a_b.flag b.x=2 a_b no.x=3 -- a_b.z=3"#
        let found = try modules("/a-b.ko w=0\n/lib/b.ko", line)
        #expect(found.map { $0.parameters } == [#"w=0 x="1" y="1 2" flag"#, #"x="2""#])
    }
}
