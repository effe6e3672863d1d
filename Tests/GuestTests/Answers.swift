import Foundation
import TestSupport
import Testing

/// What a system told that was booted.
struct Answers {
    /// What the script printed.
    let text: String
    /// /run/docker-btrfs/boot.json.
    let report: Report?
    let console: Console
}

struct Report: Decodable, Equatable {
    struct Place: Decodable, Equatable {
        let device: String
        let path: String
    }

    let image: String
    let imageId: String
    let root: Place
    let topLayer: Place?
    var notes: [String] = []
}

extension Machine {
    /// Boots the kernel directly, with `line` for its command line, or, without one, what the `firmware` starts; and lets the system
    /// that was booted run a shell script as root, which ends with the machine going off.
    func answers(
        _ line: String?, firmware: String = "--uefi", _ options: [String] = [], log suffix: String = "", to script: String
    ) async throws -> Answers {
        let file = "\(folder)/script-\(UUID().uuidString)"
        try Data(Self.disk(with: script).utf8).write(to: URL(filePath: file))
        let start = line.map { ["--append", $0 + Console.ending] + initramfs } ?? [firmware]
        let boot = command(start + ["--script", file] + options, log: suffix)
        try await output(of: boot.command)
        // UEFI firmware and boot loaders write to this port too, and frames of menus are no UTF-8.
        let bytes = try Data(contentsOf: URL(filePath: "\(file).told"))
        let told = String(decoding: bytes, as: UTF8.self).replacing("\r\n", with: "\n")
        let parts = told.split(separator: Self.mark, omittingEmptySubsequences: false)
        try #require(parts.count == 3, "the script did not run: '\(told)', see \(boot.log)")
        return Answers(text: String(parts[1]), report: try report(String(parts[2])), console: try Console(log: boot.log))
    }

    /// Before what the script prints, and between that and boot.json.
    private static let mark = "-- answers\n"

    private static func disk(with script: String) -> String {
        let text = """
            # No fact is asked before the boot is over.
            systemctl is-system-running --wait > /dev/null
            echo '\(mark.dropLast())'
            \(script)
            echo '\(mark.dropLast())'
            cat /run/docker-btrfs/boot.json 2> /dev/null
            sync
            systemctl --force poweroff

            """
        // A disk has whole sectors.
        return text + String(repeating: "\n", count: 512 - text.utf8.count % 512)
    }

    private func report(_ json: String) throws -> Report? {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return json.isEmpty ? nil : try decoder.decode(Report.self, from: Data(json.utf8))
    }
}
