import Basics
import Boot
import InitProcess
import Linux
import Testing

struct RootFilesystemTests {
    private func root(_ line: String) throws -> RootFilesystem {
        try RootFilesystem(KernelCommandLine(line.utf8))
    }

    @Test func `a line that says only where it is`() throws {
        let root = try root("root=LABEL=x")
        #expect(root.device == .label("x"))
        #expect(root.types == [] && root.options == [] && root.access == .readOnly)
        #expect(root.seconds == 10 && !root.ignoresHibernation)
    }

    @Test func `a line that says everything`() throws {
        let root = try root("ro rootwait rootfstype=ext4,btrfs rootflags=subvol=a,noatime noresume rw root=/dev/a rootflags=b root=UUID=u")
        #expect(root.device == .uuid("u"))
        #expect(root.types == ["ext4", "btrfs"] && root.options == ["subvol=a", "noatime", "b"] && root.access == .readWrite)
        #expect(root.seconds == nil && root.ignoresHibernation)
    }

    @Test(arguments: [
        ("rw", true), ("ro", false), ("rw ro", false), ("ro rw", true), ("rw=1", false), ("rw rootflags=ro", false),
        ("rootflags=rw", true),
    ])
    func `the last of ro and rw counts`(words: String, isWritable: Bool) throws {
        #expect(try root("root=/dev/a \(words)").access == (isWritable ? .readWrite : .readOnly))
    }

    @Test(arguments: ["", "root=", "root=sda1", "root=LABEL=", "root=/dev/a rootdelay=x"])
    func `a line that says it wrongly`(line: String) {
        #expect(throws: Failure.self) { try root(line) }
    }
}
