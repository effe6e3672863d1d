import Foundation
import TestSupport

/// Machines that boot without a framework: docker-btrfs-init is /init, and alone in the initramfs.
extension Machine {
    /// Runs `body` with a machine that has a copy of the disk that `Tests/Lab/plain-disk` makes, when it may start.
    static func plain(in emulator: Emulator = .qemu, _ body: (Machine) async throws -> Void) async throws {
        try await output(of: Lab.command("plain-disk", []))
        try await with(copyOf: "\(Lab.folder)/plain.img", in: emulator, body)
    }

    /// Lets the system in a directory of the disk answer a script once it is booted, and go off.
    func ask(in root: String = "boot_docker", _ script: String) async throws {
        try await change("cp '\(telling(script))' '\(root)/told'")
    }

    /// Writes a file that, as /told in the root, answers a script.
    func telling(_ script: String) throws -> String {
        let file = "\(folder)/told"
        try Data("dmesg -n 1\necho -- told\n\(script)\n".utf8).write(to: URL(filePath: file))
        return file
    }

    /// Boots the machine until it goes off. `initramfs` is a Bash script that changes what is in the initramfs.
    func start(
        _ line: String, initramfs script: String = "", _ options: [String] = [], log suffix: String = "", qemu: [String] = []
    ) async throws -> Console {
        let initramfs = "\(folder)/\(UUID().uuidString).cpio"
        try await output(of: Lab.command("plain-initramfs", emulator.option + [initramfs, script]))
        let more = ["--initrd", initramfs, "--append", "console=ttyS0 \(line)", "--timeout", "120"]
        let boot = command(more + options, log: suffix.replacing("/", with: " "))
        try await output(of: boot.command + (qemu.isEmpty ? [] : ["--"] + qemu))
        return try Console(log: boot.log)
    }
}

extension Console {
    /// What the root's script /told printed, if it came to its end.
    var answers: String? {
        guard let start = text.firstRange(of: "-- told\n"), let end = text.firstRange(of: "All OK") else { return nil }
        return String(text[start.upperBound..<end.lowerBound])
    }

    /// A line of the screen that a boot without a framework ends with.
    func screen(_ title: String) -> String? {
        text.split(separator: "\n").first { $0.hasPrefix("  \(title): ") }
            .map { $0.dropFirst(title.utf8.count + 4).trimmingCharacters(in: .whitespaces) }
    }

    /// The times of the kernel's lines in which something is, in seconds.
    func times(of sought: Regex<Substring>) -> [Double] {
        text.split(separator: "\n").filter { $0.contains(sought) }
            .compactMap { line in line.firstMatch(of: /^\[ *([0-9.]+)\]/).flatMap { Double($0.1) } }
    }
}
