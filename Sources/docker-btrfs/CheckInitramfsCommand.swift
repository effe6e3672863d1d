import ArgumentParser
import Initramfs

struct CheckInitramfsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check-initramfs",
        abstract: "Open an initramfs and check that what a boot from an image needs is inside.",
        discussion: """
            Reads images of dracut, mkinitcpio, initramfs-tools and 'docker-btrfs initramfs build', in every compression that the kernel \
            knows, also in a unified kernel image (.efi). Nothing of it is run. The exit status is 1 where something is missing.
            """
    )

    @Argument(help: "The initramfs or the unified kernel image.", completion: .file())
    var file: String

    func run() async throws {
        let inspection = Inspection(of: try await InitramfsImage(reading: file))
        print(table(inspection.findings.map { [$0.mark.rawValue, $0.subject, $0.text] }))
        if let failure = inspection.failure { throw failure }
    }
}
