import Basics
import Foundation
import Linux
import Planning
import TestSupport
import Testing

extension OnDisk {
    /// Directories of more than anybody has.
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
            let step = Step.copyTopLayer(Place(.top, on: .topLayer(.path("/dev/none"))), .none, over: "target")
            return Result { () throws(Failure) in _ = try machine.perform(step) }
        }

        /// `VmRSS` or `VmHWM` of this process, in KiB.
        private func memory(_ key: String) throws -> Int {
            let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
            let line = try #require(status.split(separator: "\n").first { $0.hasPrefix(key) })
            return try #require(Int(line.filter { $0.isNumber }))
        }

        /// A program that makes so many names of each of 20 files: every 500th is copied, the others are whiteouts.
        private func names(each: Int) -> String {
            """
            chdir shift; for $d (1..20) {
                open my $f, ">", "file$d"; for (1..\(each)) { my $p = ++$n % 500 ? ".wh." : ""; link "file$d", "$p$n" or die $! }
            }
            """
        }

        @Test func `a boot with 100,000 names in a directory maps no more than 8 MiB`() async throws {
            try await Disk.withStore { disk, _ in
                try await Disk.with(["mkfs.btrfs", "-q", "-m", "single"], size: "512M") { machine in
                    try await machine.change("mkdir many; perl -e '\(names(each: 5000))' many")
                    var line = disk.line
                    line.topLayer = machine.device
                    line.topLayerPath = "many"
                    try await output(of: ["prlimit", "--as=\(8 << 20)"] + disk.bootCommand(line))
                    let look = "cd docker_rwlayer; stat --format %h file1; find . -name '*00' | wc --lines"
                    #expect(try await disk.look(look) == "11\n200\n")
                }
            }
        }

        @Test(.enabled(if: isNightly))
        func `a boot with 200,000 files of two names each maps no more than 16 MiB, and they stay one file each`() async throws {
            try await Disk.withStore { disk, _ in
                try await output(of: ["truncate", "--size", "3G", disk.file])
                try await output(of: ["losetup", "--set-capacity", disk.device])
                try await disk.change("btrfs filesystem resize max .; rm -r boot_docker")
                try await Disk.with(["mkfs.btrfs", "-q", "-m", "single"], size: "2G") { machine in
                    let names = #"chdir shift; for (1..200000) { open my $f, ">", "a/$_"; link "a/$_", "b/$_" or die $! }"#
                    try await machine.change("mkdir -p many/{a,b}; touch --date 2020-01-01 many; perl -e '\(names)' many")
                    var line = disk.line
                    line.topLayer = machine.device
                    line.topLayerPath = "many"
                    try await output(of: ["bash", "-c", #"ulimit -v 16384; exec "$@""#, "bash"] + disk.bootCommand(line))
                    let look = """
                        cd docker_rwlayer; find a b -type f -links 2 | wc --lines; [[ a/7 -ef b/7 ]] && echo one; ls -d .docker-btrfs* || true
                        """
                    #expect(try await disk.look(look) == "400000\none\n")
                }
            }
        }

        @Test func `an image with 500,000 files in its topmost directory is booted in no more than 16 MiB`() async throws {
            try await Disk.withStore { disk, store in
                try await output(of: ["truncate", "--size", "3G", disk.file])
                try await output(of: ["losetup", "--set-capacity", disk.device])
                let layer = "docker/btrfs/subvolumes/\(try #require(store.images["sample_image:latest"]).cacheID)"
                let names = #"chdir shift; for (1..500000) { open my $f, ">", "name $_" or die $! }"#
                try await disk.change("btrfs filesystem resize max .; perl -e '\(names)' \(layer)")
                for _ in 1...2 {
                    let limited = ["bash", "-c", #"ulimit -v 16384; exec "$@""#, "bash"]
                    try await output(of: limited + disk.bootCommand(disk.line))
                    let look = "ls -f docker_rwlayer | grep -c name; cat docker_rwlayer/etc/motd"
                    #expect(try await disk.look(look) == "500000\nfrom the top layer\n")
                }
            }
        }

        @Test(.enabled(if: isNightly)) func `a million names in one directory take no more memory than one`() async throws {
            try await Disk.withStore { disk, _ in
                let layer = "\(disk.folder)/layer"
                try await output(of: ["mkdir", layer])
                try await output(of: ["perl", "-e", names(each: 49_999), layer])
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
