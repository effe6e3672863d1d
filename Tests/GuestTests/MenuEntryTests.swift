import TestSupport
import Testing

/// By day `DeployTests` start by UEFI and rEFInd, with the entry that is written by docker-btrfs.
@Suite(.enabled(if: isNightly))
struct MenuEntryTests {
    @Test func `the article's menu entry leads from UEFI and rEFInd to the image's login prompt`() async throws {
        try await Machine.with(\.disk) { machine, prepared in
            let boot = machine.command(["--uefi", "--until", "docker-machine login: ", "--unless", "emergency.target"])
            try await output(of: boot.command)
            let console = try Console(log: boot.log)
            let line = """
                root=LABEL=linux rootflags=subvol=docker_rwlayer rw docker_path=docker \
                toplayer=LABEL=linux toplayer_path=boot_docker
                """
            // The lab's own option is the last.
            let options = "\(line) console=ttyS0 mitigations=off initrd="
            #expect(console.text.contains("rEFInd - Booting OS\nStarting vmlinuz\nUsing load options '\(options)"))
            #expect(console.told.last?.hasPrefix("'/docker_rwlayer' is ready after ") == true)
            // The lab's prompt begins with boot.json.
            #expect(console.text.contains("\"image_id\": \"\(prepared.imageID)\""))
        }
    }
}
