import Basics
import Planning
import Testing

@testable import Boot

/// Which layers of a folder are for this machine.
struct LayerChoiceTests {
    private let tree: Tree

    init() throws {
        tree = try Tree()
    }

    private func facts(_ names: [String]) throws -> Facts {
        try tree.facts("\(Tree.line) toplayer_path=room", on: Facts.Host(kernelRelease: nil, time: 1_800_000_000, names: names))
    }

    private func layers(_ names: [String]) throws -> [Path]? {
        try facts(names).topLayer?.layers.map { $0.path }
    }

    @Test func `a folder without machine is a layer itself`() throws {
        try tree.make("room/common")
        #expect(try layers(["a"]) == ["room"])
    }

    @Test func `common comes first, then those that fit, from the least to the most specific name`() throws {
        for machine in ["a", "b", "c"] { try tree.make("room/machine/\(machine)") }
        #expect(try layers(["c", "x", "a"]) == ["room/machine/c", "room/machine/a"])
        try tree.make("room/common")
        #expect(try layers(["c", "x", "a"]) == ["room/common", "room/machine/c", "room/machine/a"])
    }

    @Test func `a MAC may be written with dashes, and case does not matter`() throws {
        try tree.make("room/machine/52-54-00-AB-34-56")
        #expect(try layers(["52:54:00:ab:34:56"]) == ["room/machine/52-54-00-AB-34-56"])
    }

    @Test(arguments: [
        ("2d4c64db7ecb294e9f43f31960545a27", "2d4c64db-7ecb-294e-9f43-f31960545a27"),
        ("2d4c64db-7ecb-294e-9f43-f31960545a27", "2D4C64DB7ECB294E9F43F31960545A27"),
        ("2d4c64db-7ecb-294e-9f43-f31960545a27", "2d4c64db-7ecb-294e-9f43-f31960545a27"),
    ])
    func `an id may have dashes or none`(folder: String, name: String) throws {
        try tree.make("room/machine/\(folder)")
        #expect(try layers([name]) == [#require(Path("room/machine/\(folder)"))])
    }

    @Test func `other names are the same only with the same dashes`() throws {
        try tree.make("room/machine/desk-1")
        try tree.make("room/common")
        #expect(try layers(["desk1"]) == ["room/common"])
    }

    @Test func `no name leads out of the folder`() throws {
        try tree.make("room/common")
        try tree.make("room/machine/x")
        #expect(try layers(["..", ".", "", "../../boot_docker"]) == ["room/common"])
    }

    @Test func `a machine that nothing is for is told so`() throws {
        try tree.make("room/machine/x")
        try tree.write("", to: "room/common/etc/machine-id")
        let request = try #require(try Request("\(Tree.line) toplayer_path=room"))
        let plan = try Plan(for: request, given: facts(["a", "b"]))
        #expect(plan.notes == ["no folder in 'LABEL=linux:/room/machine' is for this machine: it may be called a, b"])
        try tree.remove("room/common")
        guard case .failure(let failure) = try facts(["a", "b"]).wanted else {
            Issue.record("a machine without a layer must not boot without one")
            return
        }
        #expect(
            failure.description == """
                could not choose a top layer: no folder in 'LABEL=linux:/room/machine' is for this machine: it may be called a, b
                hint: add such a folder, or one called common
                """)
    }

    @Test func `the console gets no control characters of a name`() throws {
        try tree.make("room/machine/x")
        try tree.write("", to: "room/common/etc/machine-id")
        #expect(
            try facts(["a\u{1b}[2J"]).topLayer?.notes
                == ["no folder in 'LABEL=linux:/room/machine' is for this machine: it may be called a\\x1b[2J"])
    }

    @Test func `init may be in any of them`() throws {
        try tree.remove("\(Tree.layer)/usr/sbin/init", "\(Tree.layer)/usr/lib/systemd/systemd")
        try tree.make("room/common")
        try tree.program("room/machine/a/sbin/init")
        #expect(throws: Never.self) { try facts(["a"]).wanted.get() }
        #expect(throws: Failure.self) { try facts(["b"]).wanted.get() }
    }
}
