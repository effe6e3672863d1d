import TestSupport
import Testing

/// A Debian; the boot matrix has a smaller system by day.
@Suite(.enabled(if: isNightly))
struct OrdinaryBootTests {
    @Test func `without docker_path= the subvolume that rootflags= names is booted as it is`() async throws {
        try await Machine.with(\.bootedDisk) { machine, _ in
            try await machine.change("btrfs subvolume snapshot docker_rwlayer ordinary && echo 'of this system' > ordinary/root/file")
            let before = try await machine.belongings().filter { !$0.hasPrefix("ordinary/") }
            let line = try Lab.menuEntry().replacing("docker_rwlayer", with: "ordinary").replacing(" docker_path=docker", with: "")
            let answers = try await machine.answers(
                line,
                to: """
                    systemctl is-system-running
                    findmnt --noheadings --raw --output FSTYPE,FSROOT,LABEL /
                    cat /root/file
                    """)
            #expect(
                answers.text == """
                    running
                    btrfs /ordinary linux
                    of this system

                    """)
            #expect(answers.report == nil)
            #expect(answers.console.told == ["nothing to do: there is no 'docker_path=' or 'docker_deployed=' on the kernel command line"])
            #expect(try await machine.belongings().filter { !$0.hasPrefix("ordinary/") } == before)
        }
    }
}
