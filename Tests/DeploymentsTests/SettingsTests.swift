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

    @Test func `the store's device is one of them where it is not the root's`() throws {
        var settings = Self.settings
        #expect(!settings.text.contains("store_device"))
        settings.storeDevice = .uuid("30f5-77")
        #expect(settings.text.contains(#""store_device": "UUID=30f5-77""#) || settings.text.contains(#""store_device":"UUID=30f5-77""#))
        #expect(try Settings(parsing: Array(settings.text.utf8), name: "s") == settings)
        let wrong = settings.text.replacing("UUID=30f5-77", with: "data")
        let failure = #expect(throws: Failure.self) { try Settings(parsing: Array(wrong.utf8), name: "s") }
        #expect(failure?.message == "could not read 's': 'store_device' is 'data', which is no device")
    }

    @Test func `how the root is mounted is one of them, also where that is said by no option`() throws {
        for flags in [RootFlags.none, try RootFlags("noatime,compress=zstd")] {
            var settings = Self.settings
            settings.rootFlags = flags
            #expect(try Settings(parsing: Array(settings.text.utf8), name: "s") == settings)
        }
    }

    /// 2047 bytes with what the boot loader adds.
    @Test func `options that no kernel would read to their end are none of an entry`() throws {
        var settings = Self.settings
        let volume = BootVolume(uuid: "30f5-77", label: nil, partition: nil)
        let image = ImageID(Digest.of(Array("image".utf8)))
        let room = 1983 - (try settings.options(of: image, on: volume).description.utf8.count) - 1
        settings.options = try KernelOptions(String(repeating: "x", count: room))
        try settings.options(of: image, on: volume).checkLength()
        settings.options = try KernelOptions(String(repeating: "x", count: room + 1))
        let long = try settings.options(of: image, on: volume)
        let failure = #expect(throws: Failure.self) { try long.checkLength() }
        #expect(failure?.message.contains(": it has 1984 bytes, and a kernel reads 2047, with up to 64 of ") == true)
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
