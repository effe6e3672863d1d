import Foundation
import TestSupport
import Testing

extension OnDisk {
    /// Two boots of one filesystem at once, as when somebody tries the program while it works.
    struct TwoRunsTests {
        /// `RACES=200` makes so many; `RACE=SEED` makes one again.
        private static let seeds: [UInt64] = {
            let environment = ProcessInfo.processInfo.environment
            if let seed = environment["RACE"].flatMap({ UInt64($0) }) { return [seed] }
            return Array(1...(environment["RACES"].flatMap { UInt64($0) } ?? 10))
        }()

        @Test func `the second one waits, says for whom, and then makes its own root`() async throws {
            try await Disk.withStore { disk, _ in
                for _ in 1...2 { try await disk.bootWell(disk.line(keeping: "")) }
                // The first one stops after its swap, and goes on when the second one has said that it waits.
                let script = #"""
                    first=("${@:3:$2}") second=("${@:$2+3}")
                    strace -qq -o /dev/null -e trace=renameat2 -e inject=renameat2:signal=STOP:when=1 "${first[@]}" 2> /dev/null & tracer=$!
                    until held=$(pgrep --parent "$tracer") && grep -q "FLOCK.* $held " /proc/locks; do kill -0 "$tracer"; sleep 0.05; done
                    "${second[@]}" 2> "$1/told" & waiting=$!
                    until [[ -s $1/told ]]; do kill -0 "$waiting"; sleep 0.05; done
                    while kill -CONT "$held" 2> /dev/null; do sleep 0.05; done
                    wait "$tracer"; wait "$waiting"; head -n 1 "$1/told" | sed "s/process $held /process PID /"
                    """#
                let first = try disk.bootCommand(disk.line(keeping: ""))
                let second = try disk.bootCommand(disk.line(keeping: "docker_image=sample_image:v2"))
                let told = try await output(of: ["bash", "-euc", script, "bash", disk.folder, "\(first.count)"] + first + second)
                let waiting = "waiting for process PID ('docker-btrfs-in'), which is changing the filesystem of the root, 30 s at most"
                #expect(told == "docker-btrfs-init: \(waiting)\n")
                #expect(try await version(disk) == "2")
            }
        }

        @Test func `it gives up after half a minute, and then nothing was changed by it`() async throws {
            try await Disk.withStore { disk, _ in
                for _ in 1...2 { try await disk.bootWell(disk.line(keeping: "")) }
                let script = #"""
                    perl -MFcntl=:flock -e 'open my $top, "<", "." or die; flock $top, LOCK_EX or die; open my $held, ">", "../held"; sleep 100' &
                    holder=$!; until [[ -e ../held ]]; do sleep 0.1; done
                    before=$(btrfs subvolume list .; cat .docker-btrfs/record)
                    status=0; "${@:5}" 2> ../told || status=$?
                    [[ $(btrfs subvolume list .; cat .docker-btrfs/record) == "$before" ]] && echo unchanged
                    kill "$holder"; sed "s/ $holder / PID /" ../told; exit "$status"
                    """#
                let outcome = try await run(disk.mounted(script) + disk.bootCommand(disk.line(keeping: "")))
                #expect(outcome.status == 1)
                #expect(
                    outcome.output.replacing("docker-btrfs-init: ", with: "") == """
                        unchanged
                        waiting for process PID ('perl'), which is changing the filesystem of the root, 30 s at most
                        could not lock the filesystem of the root: process PID ('perl') is changing it
                        hint: try again when that has ended

                        """)
            }
        }

        /// One run is held up at a random call, the other begins at a random time; the image and the top layer change between.
        @Test(arguments: seeds)
        func `whatever is held up, the root is one of the two, whole, and so is the next`(seed: UInt64) async throws {
            var chance = SplitMix(seed: seed)
            let calls = ["renameat2", "fsetxattr", "ioctl", "openat2", "unlinkat", "mkdirat", "fsync", "syncfs", "write", "flock"]
            let delays = (0..<2).map { _ in (chance.pick(calls), Int.random(in: 1...8, using: &chance), chance.pick([0.1, 0.3, 0.6])) }
            let pause = Int.random(in: 0...400, using: &chance)
            let changesLayer = chance.happens(50)
            try await Disk.withStore { disk, _ in
                for _ in 1...2 { try await disk.bootWell(disk.line(keeping: "")) }
                let commands = try ["latest", "v2"].enumerated().map { index, tag in
                    let (call, number, seconds) = delays[index]
                    // Each has a configuration of its own.
                    let command = try disk.bootCommand(disk.line(keeping: "", tag: tag))
                    let copy = "\(disk.folder)/\(tag).json"
                    try FileManager.default.copyItem(atPath: "\(disk.folder)/docker-btrfs.json", toPath: copy)
                    return held(call, number, seconds: seconds, command.map { $0.hasSuffix("docker-btrfs.json") ? copy : $0 })
                }
                async let first = run(commands[0])
                try await Task.sleep(for: .milliseconds(pause))
                if changesLayer { try await disk.change("echo changed > boot_docker/etc/motd") }
                let outcomes = try await [run(commands[1]), first]
                let what = "race \(seed), \(delays), \(pause) ms: \(outcomes.map { $0.told })"
                #expect(outcomes.allSatisfy { $0.status == 0 && !$0.told.contains("instead") }, "\(what)")
                let ours = ["1 from the top layer", "2 from the top layer", "1 changed", "2 changed"]
                let root = try await disk.look("cat docker_rwlayer/etc/{version,motd} | paste -s -d ' '").trimmingCharacters(in: .newlines)
                #expect(ours.contains(root), "\(what)")
                #expect(try await disk.look("ls .docker-btrfs/roots/docker_rwlayer | wc --lines") == "1\n", "\(what)")
                // No template of the wrong image or of the older top layer is taken.
                for (tag, version) in [("latest", "1"), ("v2", "2")] {
                    try await disk.bootWell(disk.line(keeping: "", tag: tag))
                    #expect(try await disk.look("cat docker_rwlayer/etc/version") == "\(version)\n", "\(what)")
                    let motd = try await disk.look("cat boot_docker/etc/motd")
                    #expect(try await disk.look("cat docker_rwlayer/etc/motd") == motd, "\(what)")
                }
            }
        }

        private func version(_ disk: Disk) async throws -> String {
            try await disk.look("cat docker_rwlayer/etc/version").trimmingCharacters(in: .newlines)
        }

        /// The command, held up before its `number`th call of that name.
        private func held(_ call: String, _ number: Int, seconds: Double, _ command: [String]) -> [String] {
            let strace = ["strace", "--follow-forks", "--quiet=all", "--output", "/dev/null", "--trace", call, "--inject"]
            return strace + ["\(call):delay_enter=\(Int(seconds * 1_000_000)):when=\(number)"] + command
        }
    }
}
