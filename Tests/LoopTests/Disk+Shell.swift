import Foundation
import TestSupport

extension Disk {
    /// Runs a Bash script in the top level of the disk and returns what it printed. The mount is in a namespace of the script's own:
    /// nobody else sees it, and it ends with the script.
    @discardableResult
    func change(_ script: String, options: String = "subvolid=5") async throws -> String {
        try await output(of: mounted(script, options: options))
    }

    /// As `change`, on a read-only mount, which writes nothing.
    func look(_ script: String) async throws -> String {
        try await output(of: mounted(script, options: "ro,subvolid=5"))
    }

    /// The command that runs a script in the top level.
    func mounted(_ script: String, options: String = "subvolid=5") -> [String] {
        let outer = #"mkdir -p "$2"; mount -o "$1" "$3" "$2"; cd "$2"; eval "$4""#
        return ["unshare", "--mount", "bash", "-euo", "pipefail", "-c", outer, "bash", options, "\(folder)/top", device, script]
    }

    /// The UUID of its filesystem.
    func uuid() async throws -> String { try await tag("UUID") }

    /// Without --probe, blkid(8) tells what was on the device up to two seconds ago.
    func tag(_ name: String) async throws -> String {
        try await output(of: ["blkid", "--probe", "--output", "value", "--match-tag", name, device]).trimmingCharacters(in: .newlines)
    }

    /// All that a person can see of the files below a place: a line for each.
    func files(in place: String = ".") async throws -> String {
        try await look("find \(place) -printf '%p %y %m %U:%G %s %T@ %n %l\\n' | sort")
    }

    /// The paths of all subvolumes but templates, sorted.
    func subvolumes() async throws -> [String] {
        try await allSubvolumes().filter { !$0.hasPrefix(Self.templates) }
    }

    /// The paths of the templates.
    func templates() async throws -> [String] {
        try await allSubvolumes().filter { $0.hasPrefix(Self.templates) }
    }

    private static let templates = ".docker-btrfs/templates/"

    private func allSubvolumes() async throws -> [String] {
        try await look("btrfs subvolume list . | cut -d ' ' -f 9- | LC_ALL=C sort").split(separator: "\n").map { String($0) }
    }

    /// Takes the disk's bytes back to those in another file, which goes.
    func restore(from copy: String) async throws {
        try await output(of: ["cp", "--sparse=always", copy, file])
        try await output(of: ["blockdev", "--flushbufs", device])
        try await output(of: ["rm", copy])
    }

    /// Stands for all the disk's bytes.
    func bytes() async throws -> String {
        // By way of tar, which knows where the file has holes.
        try await output(of: [
            "bash", "-euo", "pipefail", "-c", #"tar --create --sparse --mtime=@0 "$1" 2> /dev/null | sha256sum"#, "bash", file,
        ])
    }
}
