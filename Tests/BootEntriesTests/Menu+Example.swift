import Basics
import BootEntries
import Foundation
import Testing

extension BootMenu {
    /// A default, one with all that needs quoting, one without any initramfs, and a root that has a name.
    static func example() throws -> BootMenu {
        let usual = try KernelOptions(
            "rw root=UUID=2d4c64db-7ecb-294e-9f43-f31960545a27 rootflags=subvol=docker_rwlayer docker_deployed=fefadf163068")
        let odd = try KernelOptions("console=ttyS0,115200 \"dyndbg=file drivers/usb/* +p\" toplayer=\"LABEL=a b\" quiet $HOME;x")
        return BootMenu(
            volume: BootVolume(uuid: "2d4c64db-7ecb-294e-9f43-f31960545a27", label: "my linux", partition: nil),
            entries: [
                BootEntry(
                    id: "docker-btrfs-fefadf163068", title: "desktop:latest (fefadf163068)",
                    kernel: ".docker-btrfs/boot/vmlinuz-0123456789abcdef",
                    initrds: [".docker-btrfs/boot/microcode-00000000000000aa", ".docker-btrfs/boot/initrd-fedcba9876543210"],
                    options: usual,
                    number: 12),
                BootEntry(
                    id: "docker-btrfs-2f1c8b7a9d30", title: "Ann's \"old\" $desktop (2f1c8b7a9d30)", kernel: "a folder/it's the kernel",
                    initrds: ["a folder/initrd"], options: odd, number: 9),
                BootEntry(id: "docker-btrfs-2f1c8b7a9d31", title: "'bare'", kernel: "vmlinuz", initrds: [], options: .none, number: 1),
                BootEntry(
                    id: "docker-btrfs-root-5e2bf57d3f40", title: "work, root 7 of desktop:latest", kernel: "vmlinuz-1",
                    initrds: ["initrd-1"],
                    options: try KernelOptions("rw root=UUID=2d4c64db-7ecb-294e-9f43-f31960545a27 rootflags=subvol=work")),
            ])
    }
}

/// Compares what is written with `Golden/<folder>/<path>`.
func expectGolden(_ files: [MenuFile], _ folder: String) throws {
    let rewriting = "DOCKER_BTRFS_REWRITE_GOLDEN"
    let golden = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Golden/\(folder)")
    for file in files {
        let place = golden.appending(path: file.path.description)
        if ProcessInfo.processInfo.environment[rewriting] != nil {
            try FileManager.default.createDirectory(at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(file.text.utf8).write(to: place)
            Issue.record("wrote \(place.path): look at what git diff says, then run without \(rewriting)")
        }
        #expect(try file.text == String(contentsOf: place, encoding: .utf8), "\(place.path)")
    }
}
