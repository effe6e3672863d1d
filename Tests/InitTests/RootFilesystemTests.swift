import Basics
import Boot
import InitProcess
import Linux
import Testing

struct RootFilesystemTests {
    private func root(_ line: String) throws -> RootFilesystem {
        RootFilesystem(try RootArguments(KernelCommandLine(line.utf8)))
    }

    @Test func `it is writable where the kernel command line says so`() throws {
        #expect(try root("root=LABEL=x").access == .readOnly)
        #expect(try root("root=LABEL=x rw").access == .readWrite)
    }
}
