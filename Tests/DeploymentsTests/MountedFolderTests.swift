import Basics
import Testing

@testable import Deployments

struct MountedFolderTests {
    /// Of the one filesystem that is mounted everywhere.
    @Test func `a directory of a filesystem is told by where it is in the running system`() throws {
        let filesystem = try Directory(opening: "/proc", label: "proc:")
        let failure = Failure("could not find it in proc:/sys/kernel", hint: "look").placing("sys/kernel", of: filesystem)
        #expect(failure.message.hasPrefix("could not find it in proc:/sys/kernel; this system has 'proc:/sys/kernel' at '/"))
        #expect(failure.message.hasSuffix("/sys/kernel'") && failure.hint == "look")
        let nowhere = Failure("could not find it")
        #expect(nowhere.placing("nowhere", of: filesystem) == nowhere)
        let same = try Directory(opening: "/proc")
        #expect(nowhere.placing("sys/kernel", of: same) == nowhere)
    }
}
