import Foundation
import TestSupport
import Testing

/// A kernel command line: the article's own, until a test changes it.
struct KernelLine {
    var root: String
    var flags = "rootflags=subvol=docker_rwlayer"
    var dockerPath = "docker"
    var topLayer: String?
    var topLayerPath = "boot_docker"
    /// A failure is an error, and no old root is kept: what becomes of roots otherwise is the subject of tests of its own.
    var policy = "docker_onfail=stop docker_keep=0"
    /// The tag of sample_image that the machine's configuration names.
    var tag = "latest"
    /// What else it has, at its end.
    var more = ""

    var text: String {
        let layer = topLayer.map { " toplayer=\($0) toplayer_path=\(topLayerPath)" } ?? ""
        return "root=\(root) \(flags) rw docker_path=\(dockerPath)\(layer) rootdelay=2 \(policy) \(more)"
    }

    /// The same with another top layer: all that is on a disk.
    func layered(from disk: Disk) -> KernelLine {
        var line = self
        line.topLayer = disk.device
        line.topLayerPath = "/"
        return line
    }
}

extension Disk {
    /// The root and the top layer are both on this disk.
    var line: KernelLine { KernelLine(root: device, topLayer: device) }

    /// The article's line with something at its end, where the last key wins.
    func line(_ more: String) -> KernelLine {
        var line = line
        line.more = more
        return line
    }

    /// The command of a boot from this disk.
    func bootCommand(_ line: KernelLine, _ options: [String] = [], program: String = Repository.embeddedInit) throws -> [String] {
        let configuration = "\(folder)/docker-btrfs.json"
        try Data(#"{ "docker_image": "sample_image", "docker_tag": "\#(line.tag)" }"#.utf8).write(to: URL(filePath: configuration))
        return [program, "--cmdline", line.text, "--config", configuration] + options
    }

    func boot(_ line: KernelLine? = nil, _ options: [String] = [], program: String = Repository.embeddedInit) async throws -> Outcome {
        try await run(bootCommand(line ?? self.line, options, program: program))
    }

    /// A boot that must end well.
    func bootWell(_ line: KernelLine? = nil, _ options: [String] = []) async throws {
        try await output(of: bootCommand(line ?? self.line, options))
    }

    /// A line without the policy of most tests: roots are kept, and a failure falls back.
    func line(keeping more: String, tag: String = "latest") -> KernelLine {
        var line = line(more)
        line.policy = ""
        line.tag = tag
        return line
    }

    /// Counts the boot of the root as good, as its system does: with the root as /.
    func markGood() async throws {
        #expect(try await markingGood("docker_rwlayer").status == 0)
    }

    func markingGood(_ name: String) async throws -> Outcome {
        let script = """
            root=$PWD/$6; mount -o "subvol=$6" "$3" "$root"
            mount --bind /dev "$root/dev"; mount --bind /proc "$root/proc"; mount -t tmpfs none "$root/tmp"
            cp "$5" "$root/tmp/init"; chroot "$root" /tmp/init --mark-good
            """
        return try await run(mounted(script) + [Repository.embeddedInit, name])
    }

    /// The plan of a boot.
    func plan(_ line: KernelLine? = nil) async throws -> String {
        try await output(of: bootCommand(line ?? self.line, ["--dry-run"]))
    }
}

extension Outcome {
    /// What the program told, without its name before each line.
    var told: String {
        errors.replacing("docker-btrfs-init: ", with: "")
    }

    static func failed(_ message: String) -> Outcome {
        let lines = message.split(separator: "\n").map { "docker-btrfs-init: \($0)\n" }
        return Outcome(status: 1, output: "", errors: lines.joined())
    }
}
