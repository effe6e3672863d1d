import TestSupport
import Testing

extension Beside {
    /// Each system call from the copy up to the swap fails once: by night with each error that a disk can give it.
    struct FaultTests {
        /// Only where the content of files cannot be shared.
        private static let copying = ["copy_file_range", "ftruncate", "pread64", "syncfs", "write"]
        /// From Linux 6.6 on, libc asks for fchmodat2 instead, which strace 6.1 does not know.
        private static let older = ["fchmodat"]

        @Test func `after any fault the root is the new one and whole, or the old one and the error is named`() async throws {
            try await Disk.withStore { disk, store in
                let bench = try await FaultBench(disk, store, layer: disk)
                let ends = try await bench.sweep(Fault.calls)
                #expect(ends.named > (isNightly ? 150 : 60), "\(ends)")
                #expect(Set(Fault.calls).subtracting(ends.calls).isSubset(of: Self.copying + Self.older))
            }
        }

        @Test func `the same where the layer is on another filesystem, and its data is copied`() async throws {
            try await Disk.withStore { disk, store in
                try await Disk.with(["mkfs.ext4", "-q"], size: "16M") { layer in
                    let bench = try await FaultBench(disk, store, layer: layer)
                    let ends = try await bench.sweep(Self.copying)
                    // Where the kernel cannot copy, the program does.
                    #expect(ends.well > 0 && ends.named > (isNightly ? 10 : 5), "\(ends)")
                    #expect(ends.calls == Set(Self.copying))
                }
            }
        }

        @Test(arguments: ["ENOSPC", "EIO", "EDQUOT"])
        func `with docker_onfail=previous the old root is booted as it is, and why is said`(error: String) async throws {
            try await Disk.withStore { disk, _ in
                try await disk.bootWell(disk.line(keeping: ""))
                let root = try await disk.look(inventoryScript(of: "docker_rwlayer"))
                let fault = Fault(call: "symlinkat", number: 1, error: error)
                let strace = ["strace", "--follow-forks", "--quiet=all", "--output", "\(disk.folder)/trace"]
                let outcome = try await run(strace + fault.options + disk.bootCommand(disk.line(keeping: "", tag: "v2")))
                #expect(outcome.status == 0)
                let reason = try #require(Fault.reasons[error])
                #expect(
                    outcome.told.contains("\(reason); booting root 1 ('sample_image:latest') instead, which is not known to boot well\n"))
                #expect(try await disk.look(inventoryScript(of: "docker_rwlayer")) == root)
            }
        }
    }
}
