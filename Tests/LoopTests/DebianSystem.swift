import Foundation
import TestSupport

/// A Debian that a test may change, with dracut and an initramfs that initramfs-tools made; removed after the test.
final class DebianSystem: Sendable {
    private let folder: URL
    /// Its initramfs.
    let image: String

    /// `suite` is Debian's name of it.
    init(suite: String = "bookworm") throws {
        environment = ["COMPANION": Repository.companion, "SUITE": suite]
        image = "/boot/initrd.img-\(try InitramfsTree.release())"
        folder = FileManager.default.temporaryDirectory.appending(path: "docker-btrfs-tests-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
    }

    deinit {
        // What is left over shows as a directory in /tmp.
        try? FileManager.default.removeItem(at: folder)
    }

    /// Runs a program in it.
    func run(_ command: String...) async throws -> Outcome {
        try await TestSupport.run(entering + command, environment: environment)
    }

    /// The output of a program that must succeed.
    @discardableResult
    func output(_ command: String...) async throws -> String {
        try await TestSupport.output(of: entering + command, environment: environment)
    }

    private var entering: [String] { [Repository.path("Tests/Lab/in-system"), folder.path] }
    private let environment: [String: String]

    func write(_ text: String, to path: String, mode: String) async throws {
        try await output("sh", "-c", #"printf '%s' "$1" > "$2"; chmod "$3" "$2""#, "sh", text, path, mode)
    }

    /// Puts a file of the host there.
    func copy(_ file: String, to path: String) async throws {
        let changes = folder.appending(path: "changes" + path)
        try FileManager.default.createDirectory(at: changes.deletingLastPathComponent(), withIntermediateDirectories: true)
        try FileManager.default.copyItem(at: URL(filePath: file), to: changes)
    }

    func digest(of path: String) async throws -> String { try await output("sha256sum", "--binary", path).prefix(64).description }

    /// Everything but what the initramfs tools keep for themselves, and the initramfs, which is never twice the same.
    func inventory() async throws -> Set<String> {
        let paths = "/etc /usr /boot /var/lib"
        let script = """
            for path in \(paths); do find $path -path /var/lib/initramfs-tools -prune -o -printf '%p %y %m %l\\n'; done
            find /etc /usr/lib/systemd /usr/lib/dracut -type f -exec sha256sum {} +
            """
        return Set(try await output("sh", "-c", script).split(separator: "\n").map { String($0) })
    }
}
