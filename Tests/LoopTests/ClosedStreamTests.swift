import TestSupport
import Testing

extension OnDisk {
    /// Programs that are started without standard streams, as by an initramfs without a console. What is opened then gets the number of
    /// one, and what is said goes there.
    struct ClosedStreamTests {
        @Test func `nothing that deploy opens is taken for standard error`() async throws {
            try await Deployable.with { machine in
                let log = machine.disk.folder + "/log"
                try await machine.disk.change(Self.traced(machine.command("deploy sample_image:latest"), log))
                try await Self.expectHeld(log)
                let status = try await machine.run("status")
                #expect(status.contains("sample_image:latest"), "\(status)")
            }
        }

        @Test func `nothing that a boot opens is taken for standard error`() async throws {
            try await Disk.withStore { disk, _ in
                let log = disk.folder + "/log"
                let command = try disk.bootCommand(disk.line).map { "'\($0)'" }.joined(separator: " ")
                try await output(of: ["bash", "-euc", Self.traced(command, log)])
                try await Self.expectHeld(log)
                #expect(try await disk.look("cat docker_rwlayer/etc/motd") == "from the top layer\n")
            }
        }

        /// Calls that return a descriptor.
        private static let opening = "open,openat,openat2,open_tree,fsopen,fsmount,fspick,socket,dup,eventfd2,epoll_create1,pidfd_open"

        private static func traced(_ command: String, _ log: String) -> String {
            "strace -f -o '\(log)' -e trace=\(opening) -e status=successful \(command) <&- >&- 2>&-"
        }

        /// Before that, the loader opens libraries.
        private static func expectHeld(_ log: String) async throws {
            let lines = try await output(of: ["cat", log]).split(separator: "\n")
            let held = try #require(lines.lastIndex { $0.contains(#""/dev/null", O_RDWR) = 2"#) })
            // strace prints the calls that it does not know, whatever it was asked for.
            #expect(lines[(held + 1)...].filter { $0.contains(/= [012]$/) && !$0.contains("syscall_") } == [])
        }
    }
}
