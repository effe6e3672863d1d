import Basics
import Foundation
import Linux
import Planning
import TestSupport
import Testing

extension OnDisk {
    /// Directories of more than anybody has. Only the copy, by itself: the boot's look at so much takes longer.
    struct LargeLayerTests {
        /// Copies a layer over the directory `target` of a disk's top level, which `prepare` makes.
        private func copy(_ layer: String, on disk: Disk, _ prepare: String, _ look: String) async throws -> Result<String, Failure> {
            let top = "\(disk.folder)/open"
            try await output(of: ["mkdir", top])
            try await output(of: ["mount", "-o", "subvolid=5", disk.device, top])
            let ended: Result<Void, Failure>
            do {
                try await output(of: ["bash", "-euc", "mkdir -p '\(top)/target'; cd '\(top)/target'; \(prepare)"])
                ended = try copy(layer, top)
            } catch {
                try await output(of: ["umount", top])
                throw error
            }
            let told = try await output(of: ["bash", "-euc", "cd '\(top)/target'; \(look)"])
            try await output(of: ["umount", top])
            return ended.map { told }
        }

        private func copy(_ layer: String, _ top: String) throws -> Result<Void, Failure> {
            let topLevel = try Directory(opening: top, label: "")
            var machine = LinuxMachine(topLevel: topLevel, topLayer: .success(try Directory(opening: layer)))
            let step = Step.copyTopLayer(source: .top, device: "", .none, destination: "target")
            return Result { () throws(Failure) in _ = try machine.perform(step) }
        }

        /// `VmRSS` or `VmHWM` of this process, in KiB.
        private func memory(_ key: String) throws -> Int {
            let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
            let line = try #require(status.split(separator: "\n").first { $0.hasPrefix(key) })
            return try #require(Int(line.filter { $0.isNumber }))
        }

        @Test func `a million names in one directory take no more memory than one`() async throws {
            try await Disk.withStore { disk, _ in
                // Names of few files: 2,000 that are copied, and whiteouts.
                let make = """
                    chdir shift; for $d (1..20) {
                        open my $f, '>', "file$d"; for (1..49999) { my $p = ++$n % 500 ? '.wh.' : ''; link "file$d", "$p$n" or die $! }
                    }
                    """
                let layer = "\(disk.folder)/layer"
                try await output(of: ["mkdir", layer])
                try await output(of: ["perl", "-e", make, layer])
                try Data("5".utf8).write(to: URL(filePath: "/proc/self/clear_refs"))
                let before = try memory("VmRSS")
                let end = try await copy(layer, on: disk, "touch 7 .8 500", "ls -A | wc --lines; stat --format %h file1")
                #expect(end == .success("2020\n100\n"))
                let more = try memory("VmHWM") - before
                #expect(more < 8 << 10, "\(more) KiB")
            }
        }
    }
}
