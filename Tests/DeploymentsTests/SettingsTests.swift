import Basics
import BootEntries
import Testing

@testable import Deployments

struct SettingsTests {
    private static let settings = Settings(
        loader: .systemdBoot, boot: "/boot/efi", kernels: .boot, store: "my docker", root: "docker_rwlayer", topLayer: "boot_docker",
        options: .none)

    @Test func `they are read as they were written`() throws {
        #expect(try Settings(parsing: Array(Self.settings.text.utf8), name: "s") == Self.settings)
    }

    @Test(
        arguments: [
            ("{", "could not read 's': it is not JSON: line 1: "),
            ("{}", "could not read 's': 'loader' is not there, or is no text"),
            (
                settings.text.replacing("systemd-boot", with: "lilo"),
                "could not read 's': 'loader' is 'lilo', which this version does not know"
            ),
            (settings.text.replacing("my docker", with: "../docker"), "could not read 's': 'store' must not have '..' in it"),
        ])
    func `what is wrong is named`(text: String, message: String) {
        let failure = #expect(throws: Failure.self) { try Settings(parsing: Array(text.utf8), name: "s") }
        #expect(failure?.message.hasPrefix(message) == true, "\(failure?.message ?? "")")
    }
}
