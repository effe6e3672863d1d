import Foundation
import TestSupport

/// What a machine showed on its serial console.
struct Console {
    /// On a command line, it lets a machine that cannot go on go off.
    static let ending = " panic=-1 rd.shell=0 rd.emergency=poweroff"

    let log: String
    let text: String

    init(log: String) throws {
        self.log = log
        text = try String(decoding: Data(contentsOf: URL(filePath: log)), as: UTF8.self)
    }

    /// The lines of docker-btrfs-init, without what comes before them.
    var told: [String] {
        text.split(separator: "\n").compactMap { line in
            // With systemd the journal puts the process's number there.
            line.firstRange(of: #/ docker-btrfs-init(\[[0-9]+\])?: /#).map { String(line[$0.upperBound...]) }
        }
    }

    /// The last of these lines, as many as `message` has.
    func lastWords(as message: String) -> String {
        told.suffix(message.split(separator: "\n").count).joined(separator: "\n")
    }

    var reachedEmergency: Bool { text.contains("Reached target emergency.target") }

    /// Whether a system on a disk was started, and not only the initramfs.
    var startedSystem: Bool { text.contains("Welcome to Debian GNU/Linux 12 (bookworm)!") }
}
