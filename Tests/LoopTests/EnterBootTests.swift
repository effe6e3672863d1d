import TestSupport
import Testing

extension Beside {
    struct EnterBootTests {
        @Test func `no file of the machine counts because a root calls itself so`() async throws {
            try await Enterable.with { machine in
                let told = try await machine.disk.change(
                    """
                    mkdir stand-in; printf '#!/bin/sh\\nprintf "%%s\\\\n" "$@"\\n' > stand-in/systemd-nspawn; chmod 755 stand-in/systemd-nspawn
                    \(machine.command("--project p tools -- sh -c 'echo trusted > /etc/hostname'"))
                    PATH=$PWD/stand-in:$PATH \(machine.command("--project p --boot")) 2>&1
                    \(machine.command("--project p -- sh -c 'echo -x..y > /etc/hostname'"))
                    PATH=$PWD/stand-in:$PATH \(machine.command("--project p --boot")) 2>&1 | grep hostname
                    """)
                let words = told.split(separator: "\n")
                #expect(
                    words.contains("--hostname=trusted") && words.contains("--hostname=enter") && words.contains("--settings=no"), "\(told)"
                )
            }
        }
    }
}
