import Foundation
import TestSupport
import Testing

/// A machine with disks in files of their own, which are gone with it.
struct Machine {
    let folder: String
    /// The disk of the root.
    let disk: String
    /// In the order in which the machine has them.
    var disks: [String]
    var emulator = Emulator.qemu

    /// Runs `body` with a machine that has a copy of `disk`, when it may start.
    static func with(
        _ disk: KeyPath<Prepared, String>, in emulator: Emulator = .qemu, _ body: (Machine, Prepared) async throws -> Void
    ) async throws {
        let prepared = try await Prepared.made()
        try await with(copyOf: prepared[keyPath: disk], in: emulator) { try await body($0, prepared) }
    }

    /// The same with the disk `image`.
    static func with(copyOf image: String, in emulator: Emulator = .qemu, _ body: (Machine) async throws -> Void) async throws {
        try await Lab.guests.withPermit {
            let folder = "\(Prepared.folder)/\(UUID().uuidString)"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            let result: Result<Void, any Error>
            do {
                let copy = "\(folder)/disk.img"
                try await output(of: Lab.command("copy-disk", [image, copy]))
                try await body(Machine(folder: folder, disk: copy, disks: [copy], emulator: emulator))
                result = .success(())
            } catch {
                result = .failure(error)
            }
            try FileManager.default.removeItem(atPath: folder)
            try result.get()
        }
    }

    /// Runs a Bash script in the top level of the root's disk, and returns what it printed.
    @discardableResult
    func change(docker: Bool = false, driver: String? = nil, _ script: String) async throws -> String {
        try await Lab.change(disk, docker: docker, driver: driver, script)
    }

    /// The command that boots this machine, and where it leaves the console's text.
    func command(_ options: [String], log suffix: String = "") -> (command: [String], log: String) {
        let name = (Test.current?.name ?? "guest").split(separator: "`")[0].replacing("/", with: " ")
        let log = "\(Lab.folder)/logs/\(name)\(suffix.isEmpty ? "" : " - \(suffix)").log"
        let all = disks.flatMap { ["--disk", $0] } + ["--log", log, "--timeout", "600"] + emulator.option + options
        return (Lab.command("boot", all), log)
    }
}
