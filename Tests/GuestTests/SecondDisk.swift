import Foundation
import TestSupport
import Testing

extension Machine {
    /// Makes the file of a disk with a filesystem by the last command of a Bash script, which gets the file as one more argument and
    /// finds a copy of the top layer in the directory `top-layer`.
    func makeDisk(_ script: String) async throws -> String {
        let folder = "\(folder)/\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        // Without its kernel, which is for the boot loader.
        try await change(
            """
            cp -a boot_docker '\(folder)/top-layer'
            cd '\(folder)'
            rm -r top-layer/boot
            echo 'from the other disk' | tee top-layer/.dot-file > top-layer/etc/whose
            truncate --size 256M disk.img
            \(script) disk.img
            """)
        return "\(folder)/disk.img"
    }

    /// The same machine with one more disk, before the others.
    func with(first disk: String) -> Machine {
        var machine = self
        machine.disks.insert(disk, at: 0)
        return machine
    }

    /// The root's partition's PARTUUID.
    func rootPartition() async throws -> String {
        let id = try await output(of: ["partx", "--noheadings", "--raw", "--output", "UUID", "--nr", "2", disk])
            .trimmingCharacters(in: .whitespacesAndNewlines)
        return try #require(id.isEmpty ? nil : id)
    }
}

/// A disk that a machine gets while it runs: when its console shows a text, and five seconds have passed.
struct LateDisk {
    private let disk: String
    private let monitor: String
    private let log: String

    /// `log`: of the boot that is to come.
    init(_ disk: String, of machine: Machine, log: String) async throws {
        self.disk = disk
        self.log = log
        monitor = "\(machine.folder)/monitor"
        try await output(of: ["mkfifo", "\(monitor).in", "\(monitor).out"])
        try await output(of: ["rm", "-f", log])
    }

    /// What QEMU has to know before.
    var qemu: [String] {
        [
            "-drive", "file=\(disk),format=raw,if=none,id=late", "-device", "pcie-root-port,id=late-slot",
            "-chardev", "pipe,id=monitor,path=\(monitor)", "-mon", "chardev=monitor",
        ]
    }

    /// So many seconds after the console shows the text.
    func plug(when text: String, after seconds: Int = 5) async throws {
        let script = """
            until grep --quiet --no-messages --text --fixed-strings -e "$1" "$2"; do sleep 0.2; done
            sleep "$4"
            echo device_add virtio-blk-pci,drive=late,bus=late-slot > "$3.in"
            """
        let bash = ["timeout", "600", "setpriv", "--pdeathsig", "TERM", "bash"]
        try await output(of: bash + ["-euc", script, "bash", text, log, monitor, "\(seconds)"])
    }
}
