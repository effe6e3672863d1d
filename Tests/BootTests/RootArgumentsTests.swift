import Basics
import Boot
import Testing

struct RootArgumentsTests {
    private func root(_ line: String) throws -> RootArguments {
        try RootArguments(KernelCommandLine(line.utf8))
    }

    @Test func `a line that says only where it is`() throws {
        let root = try root("root=LABEL=x")
        #expect(root.device == .label("x"))
        #expect(root.filesystemTypes == [] && root.flags == [] && root.lastFlags == [] && !root.isWritable)
        #expect(root.patience == .seconds(10) && !root.ignoresHibernation && root.initProgram == nil)
    }

    @Test func `a line that says everything`() throws {
        let root = try root(
            "ro rootwait rootfstype=ext4,btrfs rootflags=subvol=a,noatime noresume rw root=/dev/a rootflags=b root=UUID=u init=/usr/bin/dinit"
        )
        #expect(root.device == .uuid("u"))
        #expect(root.filesystemTypes == ["ext4", "btrfs"] && root.flags == ["subvol=a", "noatime", "b"] && root.lastFlags == ["b"])
        #expect(root.isWritable && root.patience == .forever && root.ignoresHibernation && root.initProgram == "usr/bin/dinit")
    }

    @Test(arguments: [
        ("rw", true), ("ro", false), ("rw ro", false), ("ro rw", true), ("rw=1", false), ("rw rootflags=ro", false),
        ("rootflags=rw", true),
    ])
    func `the last of ro and rw counts`(words: String, isWritable: Bool) throws {
        #expect(try root("root=/dev/a \(words)").isWritable == isWritable)
    }

    @Test(
        arguments: [
            ("", .seconds(10)), ("rootdelay=30", .seconds(30)), ("rootdelay=0", .seconds(0)), ("rootdelay", .seconds(10)),
            ("rootwait", .forever), ("rootwait=7", .seconds(7)), ("rootwait rootdelay=30", .forever), ("rootwait=7 rootwait", .forever),
            ("rootwait rootwait=7", .seconds(7)), ("rootdelay=2147483647", .seconds(2_147_483_647)),
        ] as [(String, RootArguments.Patience)])
    func `how long to wait`(words: String, patience: RootArguments.Patience) throws {
        #expect(try root("root=/dev/a \(words)").patience == patience)
    }

    @Test(arguments: [
        "", "root=", "root=sda1", "root=LABEL=", "root=/dev/a rootdelay=x", "root=/dev/a init=bin/sh", "root=/dev/a init=/../sh",
    ])
    func `a line that says it wrongly`(line: String) {
        #expect(throws: Failure.self) { try root(line) }
    }
}
