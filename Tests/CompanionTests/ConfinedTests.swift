import Testing

@testable import docker_btrfs

/// Root that is not the machine's.
struct ConfinedTests {
    @Test(
        arguments: [
            ("000001ffffffffff", "         0          0 4294967295\n", false),
            // As Docker starts a container.
            ("00000000a80425fb", "         0          0 4294967295\n", true),
            // As `unshare --map-root-user` does.
            ("000001ffffffffff", "         0       1000          1\n", true),
        ])
    func `it has no capability, or one in a namespace of its own`(capabilities: String, users: String, expected: Bool) {
        let status = "Name:\tdocker-btrfs\nCapPrm:\t000001ffffffffff\nCapEff:\t\(capabilities)\nCapBnd:\t000001ffffffffff\n"
        #expect(isConfined(status: status, users: users) == expected)
    }

    @Test func `what cannot be read says nothing`() {
        #expect(!isConfined(status: "", users: ""))
    }
}
