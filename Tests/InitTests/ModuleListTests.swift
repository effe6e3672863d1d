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

    @Test(arguments: ["btrfs", "?", "?b.ko", "?(c/d.ko", "?(a)b.ko", " a.ko x", "/a.ko\n\u{1b}[2J"])
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

    @Test(arguments: ["/a.ko", "?/a.ko x=1 y", "?(hv_vmbus,b)/a.ko", "(b)/a.ko x"])
    func `a line is written as it is read`(line: String) throws {
        #expect(try modules(line).map { $0.line } == [line])
    }

    @Test func `what a module needs stands before its path`() throws {
        let found = try modules("?(hv_vmbus,scsi_transport_fc)/hv_storvsc.ko x\n?()/b.ko")
        #expect(found.map { $0.needs } == [["hv_vmbus", "scsi_transport_fc"], []])
    }

    /// hv_vmbus finds no Hyper-V, d is broken. The kernel is asked for nothing that needs one of them, and says nothing.
    @Test func `what needs a module that is not loaded is not tried`() throws {
        let list = try ModuleList(
            parsing: Array("?/hv_vmbus.ko\n?(hv_vmbus)/hv-storvsc.ko\n?(hv_storvsc)/c.ko\n?/d.ko\n?(d)/e.ko\n(d)/f.ko\n?(f)/g.ko".utf8))
        var tried: [String] = []
        var ignored: [String] = []
        try list.load(
            ignore: { ignored.append($0.message) },
            by: { module throws(Failure) in
                tried.append(module.name)
                if module.name == "d" { throw Failure("d is broken") }
                return module.name != "hv_vmbus"
            })
        #expect(tried == ["hv_vmbus", "d", "f", "g"])
        #expect(ignored == ["d is broken"])
    }

    @Test func `one that must be loaded ends it`() throws {
        let list = try ModuleList(parsing: Array("/a.ko\n/b.ko".utf8))
        var tried = 0
        #expect(throws: Failure("no")) {
            try list.load(
                ignore: { _ in },
                by: { (_) throws(Failure) in
                    tried += 1
                    throw Failure("no")
                })
        }
        #expect(tried == 1)
    }
}
