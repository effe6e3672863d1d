import Basics
import Boot
import Foundation
import Linux
import Planning
import TestSupport
import Testing

extension OnDisk {
    /// Somebody changes the new root while it is being made. Nobody should; nothing outside is written nevertheless.
    struct SwappedTests {
        /// What the steps of a boot are performed on, mounted where the test can change it.
        private struct Bench {
            let top: String
            let layer: String
            let copy: Step
            var machine: LinuxMachine
            var new: String { top + "/.docker-btrfs/roots/docker_rwlayer/new" }

            mutating func performCopy() throws(Failure) { _ = try machine.perform(copy) }
        }

        /// Performs the steps up to the copy, and runs `body`, which performs that.
        private func withBench(_ prepare: String, _ body: (inout Bench) async throws -> Void) async throws {
            try await Disk.withStore { disk, _ in
                try await disk.change(
                    "mkdir -p layer outside/a both/a; echo old | tee outside/{file,a/file} > both/file; cd layer; \(prepare)")
                let top = "\(disk.folder)/open"
                try await output(of: ["mkdir", top])
                try await output(of: ["mount", "-o", "subvolid=5", disk.device, top])
                let result: Result<Void, any Error>
                do {
                    var bench = try bench(disk, top)
                    try await body(&bench)
                    result = .success(())
                } catch {
                    result = .failure(error)
                }
                try await output(of: ["umount", "--recursive", top])
                try result.get()
            }
        }

        private func bench(_ disk: Disk, _ top: String) throws -> Bench {
            let line = disk.line("toplayer_path=layer docker_image=sample_image")
            let request = try #require(try Request(KernelCommandLine(line.text.utf8), .none))
            let topLevel = try Directory(opening: top, label: "")
            let facts = Facts(
                surveying: topLevel, topLayer: .success(topLevel), for: request, on: Facts.Host(kernelRelease: nil, time: 0))
            let steps = try Plan(for: request, given: facts).steps
            let copy = try #require(steps.firstIndex { $0.description.hasPrefix("copy the top layer") })
            var machine = LinuxMachine(topLevel: topLevel, topLayer: .success(topLevel))
            for step in steps[..<copy] { _ = try machine.perform(step) }
            return Bench(top: top, layer: top + "/layer", copy: steps[copy], machine: machine)
        }

        /// All that is beside the roots.
        private func outside(_ bench: Bench) async throws -> String {
            let script = """
                cd '\(bench.top)'; shopt -s extglob
                find !(docker_rwlayer) -printf '%p %y %m %U:%G %s %T@ %C@ %i %n %l\\n' | sort; cat outside/file outside/a/file both/file
                """
            return try await output(of: ["bash", "-O", "extglob", "-euc", script])
        }

        @Test func `a symlink that is put there before the copy is replaced or followed inside`() async throws {
            try await withBench("mkdir -p a b/c both; touch a/file b/c/file both/file; echo new > file") { bench in
                let links = """
                    ln -s ../../../../outside a; mkdir b; ln -s '\(bench.top)/outside' b/c; ln -s ../../../../outside/file file
                    mkdir inside; ln -s ../../../../inside both
                    """
                try await output(of: ["bash", "-euc", "cd '\(bench.new)'; \(links)"])
                let before = try await outside(bench)
                try bench.performCopy()
                #expect(try await outside(bench) == before)
                #expect(
                    try await output(of: ["bash", "-euc", "cd '\(bench.new)'; stat --format '%n %F' a b/c file; cat file; ls inside"])
                        == """
                        a directory
                        b/c directory
                        file regular file
                        new
                        file

                        """)
            }
        }

        @Test func `magic links of a mounted proc are not followed`() async throws {
            try await withBench("mkdir cwd fd; touch cwd/file fd/file") { bench in
                let own = "\(ProcessInfo.processInfo.processIdentifier)"
                let opened = open(bench.top + "/outside", O_RDONLY | O_DIRECTORY)
                defer { close(opened) }
                let script = "cd '\(bench.new)'; mount --bind /proc proc; ln -s /proc/\(own)/root cwd; ln -s /proc/\(own)/fd/\(opened) fd"
                try await output(of: ["bash", "-euc", script])
                let before = try await outside(bench)
                try bench.performCopy()
                #expect(try await outside(bench) == before)
                #expect(!FileManager.default.fileExists(atPath: "/file"))
                #expect(try await output(of: ["bash", "-euc", "cd '\(bench.new)'; ls -d cwd/file fd/file"]) == "cwd/file\nfd/file\n")
            }
        }

        @Test func `the mode of a fifo is not given to what a symlink in its place leads to`() async throws {
            try await withBench("mkfifo -m 666 {a..t}") { bench in
                try await output(of: [
                    "bash", "-euc", "chmod 600 '\(bench.top)/outside/file'; ln -s ../../../../outside/file '\(bench.new)/link'",
                ])
                let before = try await outside(bench)
                let swapper = Swapper(in: bench.new, "abcdefghijklmnopqrst".map { (String($0), "link") })
                for _ in 1...300 { try? bench.performCopy() }
                let swaps = swapper.stop()
                #expect(swaps > 1000)
                #expect(try await outside(bench) == before)
            }
        }

        @Test func `what is put in the place of a subvolume, or above it, gets nothing of its owner`() async throws {
            try await withBench("true") { bench in
                // Each subvolume was found in the live root, and what came after that is in the copy, or there.
                let script = """
                    cd '\(bench.top)'; btrfs -q subvolume create live; cd live; mkdir -p u/{a,b,c,d}; mkdir -p -m 755 etc/s
                    for name in a b c d; do btrfs -q subvolume create u/$name/s; chown 1234 u/$name/s; chmod 711 u/$name/s; done
                    btrfs subvolume snapshot . ../copy > /dev/null; mv u/c u/e; ln -s e u/c
                    cd ../copy; mv u/a u/f; ln -s ../etc u/a; rmdir u/b/s; mkdir -m 700 u/b/s
                    """
                try await output(of: ["bash", "-euc", script])
                for name: Path in ["a", "b", "c", "d"] {
                    _ = try? bench.machine.perform(.replacePlaceholder("u" / name / "s", of: "copy", like: "live"))
                }
                #expect(
                    try await output(of: ["bash", "-euc", "cd '\(bench.top)/copy'; stat --format '%n %u %a' etc/s u/{b,c,d}/s"])
                        == "etc/s 0 755\nu/b/s 0 700\nu/c/s 0 755\nu/d/s 1234 711\n")
            }
        }

        @Test func `data that people exchange while it is copied ends no copy`() async throws {
            let script = """
                mkfifo fifo{1..20}; mkdir {other,dir}{1..20}; touch {other,dir}{1..20}/a
                for n in {1..20}; do echo $n | tee file$n > text$n; ln -s file$n link$n; done
                """
            try await withBench(script) { bench in
                var copier = LinuxMachine(
                    topLevel: try Directory(opening: bench.top, label: ""), topLayer: .success(try Directory(opening: bench.layer)))
                let copy = "\(bench.top)/data"
                let kinds = [("file", "link"), ("dir", "fifo"), ("text", "other")]
                let swapper = Swapper(in: bench.layer, kinds.flatMap { one, other in (1...20).map { ("\(one)\($0)", "\(other)\($0)") } })
                var failures: [String] = []
                for _ in 1...100 {
                    try? FileManager.default.removeItem(atPath: copy)
                    try FileManager.default.createDirectory(atPath: copy, withIntermediateDirectories: true)
                    do throws(Failure) {
                        _ = try copier.perform(.copyTopLayer(Place(.top, on: .topLayer(.path("/"))), .noLayer, over: "data"))
                    } catch {
                        failures.append(error.message)
                    }
                }
                let swaps = swapper.stop()
                #expect(swaps > 1000)
                #expect(failures == [])
            }
        }

        @Test func `directories, files and symlinks that change places during the copy lead nowhere`() async throws {
            try await withBench("mkdir -p {d,e}/sub; touch {d,e}/{,sub/}file{1..20} a b d/sub/.wh.gone e/sub/.wh..wh..opq") { bench in
                let arrange = """
                    mkdir -p ../outside/sub d/sub; touch ../outside/{,sub/}{file{1..20},gone}
                    cd '\(bench.new)'; ln -s ../../../../outside e; ln -s ../../../../outside/file b; touch a; mkdir -p d/sub
                    """
                try await output(of: ["bash", "-euc", "cd '\(bench.layer)'; \(arrange)"])
                let before = try await outside(bench)
                let swapper = Swapper(in: bench.new, [("d", "e"), ("a", "b"), ("d/sub", "e")])
                var ends = [0, 0]
                for _ in 1...200 {
                    do {
                        try bench.performCopy()
                        ends[0] += 1
                    } catch {
                        ends[1] += 1
                    }
                }
                let swaps = swapper.stop()
                #expect(try await outside(bench) == before)
                #expect(swaps > 1000 && ends[0] > 0, "\(swaps) exchanges, \(ends) copies that ended well and not")
            }
        }
    }
}
