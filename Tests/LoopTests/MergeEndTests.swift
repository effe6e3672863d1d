import Basics
import Foundation
import Linux
import TestSupport
import Testing

extension Beside {
    /// Merges that come to no good end leave nothing under the name of the root.
    struct MergeEndTests {
        /// Layers of so many files, the topmost first.
        private func layers(_ count: Int, of files: Int, on disk: MergeDisk) async throws -> [String] {
            for layer in 0..<count {
                let make = """
                    mkdir "$ARGV[0]" or die;
                    for $n (1..\(files)) {
                        my $d = "$ARGV[0]/" . int($n / 100); mkdir $d;
                        open my $f, ">", "$d/$n" or die; print $f "of layer $ARGV[0]\\n" x ($n % 400); link "$d/$n", "$d/link$n" if $n % 9 == 0;
                    }
                    """
                try await output(of: ["perl", "-e", make, "\(disk.top)/\(layer)"])
            }
            return (0..<count).reversed().map { "\($0)" }
        }

        /// The program in which a merge is one process.
        private func command(_ layers: [String], on disk: MergeDisk, as name: String) -> [String] {
            [Repository.embeddedMerge, disk.top, name] + layers.map { "\(disk.top)/\($0)" }
        }

        @Test func `killed at any time, it leaves nothing that is seen, and the next one starts anew`() async throws {
            try await MergeDisk.with { disk in
                let layers = try await layers(2, of: 4000, on: disk)
                let start = ContinuousClock.now
                try await output(of: command(layers, on: disk, as: "whole"))
                // Of an undisturbed one: other work of the machine makes it longer.
                var duration = start.duration(to: .now) / .seconds(1)
                let whole = try Inventory(of: disk.directory("whole"))
                var killed = 0
                let turns = isNightly ? 24 : 6
                for turn in 0..<turns {
                    let limit = "\(duration * 1.2 * Double(turn) / Double(turns))"
                    let start = ContinuousClock.now
                    let outcome = try await run(["timeout", "--signal", "KILL", limit] + command(layers, on: disk, as: "root"))
                    let took = start.duration(to: .now) / .seconds(1)
                    let isThere = FileManager.default.fileExists(atPath: "\(disk.top)/root")
                    #expect(isThere || outcome.status == 128 + SIGKILL, "\(outcome)")
                    if isThere {
                        duration = min(duration, took)
                        try Inventory(of: disk.directory("root")).expectSame(as: whole, "after \(limit) s: ")
                        try await disk.run("btrfs property get root ro; btrfs -q subvolume delete root")
                    } else {
                        killed += 1
                    }
                }
                #expect(killed > turns * 2 / 5)
                try disk.expectAsMounted(layers, as: "root")
                #expect(try await disk.run("ls -d *.new 2> /dev/null || echo none") == "none\n")
            }
        }

        @Test func `what only has a draft's name is put aside`() async throws {
            try await MergeDisk.with { disk in
                let layers = try await layers(2, of: 10, on: disk)
                let (a, b) = (String(repeating: "a", count: 64), String(repeating: "b", count: 64))
                try await disk.run("mkdir \(a).new \(a).new/in; touch \(b).new; btrfs -q subvolume create mine.new")
                try disk.expectAsMounted(layers, as: "root")
                // What is not called as a layer is none of ours.
                #expect(try await disk.run("ls -d *.new* \(a).new.1/in") == "\(a).new.1\n\(a).new.1/in\n\(b).new.1\nmine.new\n")
            }
        }

        @Test func `without room, it leaves nothing, and goes on where there is`() async throws {
            try await MergeDisk.with(["mkfs.btrfs", "-q", "--mixed"], size: "300M") { disk in
                let layers = try await layers(1, of: 8000, on: disk)
                try await disk.run("sync; head -c 300M /dev/urandom > filling 2> /dev/null || true; sync")
                let before = try await disk.run("ls -A; btrfs subvolume list .")
                #expect { try disk.count(layers, as: "root") } throws: {
                    ($0 as? Failure)?.message.hasSuffix("No space left on device") == true
                }
                #expect(try await disk.run("ls -A; btrfs subvolume list .") == before)
                try await disk.run("rm filling; sync; btrfs filesystem sync .")
                try disk.expectAsMounted(layers, as: "root")
            }
        }

        @Test(arguments: ["openat2", "ioctl", "mkdirat", "linkat", "syncfs", "renameat2"])
        func `with a call that fails for a quota or a bad disk, it leaves nothing`(call: String) async throws {
            try await MergeDisk.with(size: "512M") { disk in
                let layers = try await layers(2, of: 500, on: disk)
                let before = try await disk.run("ls -A; btrfs subvolume list .")
                for (reason, text) in [("EDQUOT", "Disk quota exceeded"), ("EIO", "Input/output error")] {
                    // Not the first ones, which open the layers.
                    let time = ["syncfs", "renameat2", "mkdirat"].contains(call) ? 1 : 40
                    let strace = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "inject=\(call):error=\(reason):when=\(time)"]
                    let outcome = try await run(strace + command(layers, on: disk, as: "root"))
                    #expect(outcome.status != 0 && (outcome.output + outcome.errors).contains(text), "\(outcome)")
                    #expect(try await disk.run("ls -A; btrfs subvolume list .") == before)
                }
                try disk.expectAsMounted(layers, as: "root")
            }
        }

        @Test func `a layer that is removed in the meantime is an error, or was read before`() async throws {
            try await MergeDisk.with { disk in
                let layers = try await layers(2, of: 4000, on: disk)
                let whole = try Inventory(of: disk.merge(layers, as: "whole"))
                var failed = 0
                for turn in 0..<(isNightly ? 6 : 3) {
                    try await disk.run("cp -a --reflink=always 1 copy; sleep 1.1")
                    let wait = "for n in $(seq 2000); do [ ! -d '\(disk.top)/root.new' ] || break; sleep 0.002; done"
                    let remove = "\(wait); sleep 0.0\(turn); rm -r '\(disk.top)/copy'"
                    async let removed = output(of: ["bash", "-c", remove])
                    let outcome = try await run(command(["copy", "0"], on: disk, as: "root"))
                    _ = try await removed
                    if outcome.status == 0 {
                        try Inventory(of: disk.directory("root")).expectSame(as: whole, "turn \(turn): ")
                        try await disk.run("btrfs -q subvolume delete root")
                    } else {
                        failed += 1
                        #expect(outcome.output.contains("was changed while it was read") || outcome.output.contains("No such file"))
                    }
                    #expect(try await disk.run("ls -d root* 2> /dev/null || echo none") == "none\n")
                }
                #expect(failed > 0)
            }
        }

        @Test func `who is told how far it is can end it`() async throws {
            try await MergeDisk.with { disk in
                try await disk.run("mkdir many; cd many; perl -e 'for (1..60000) { open my $f, \">\", $_ }'")
                let failure = try #require(throws: Failure.self) {
                    try LayerMerge(of: [disk.directory("many")], into: disk.directory("."), as: Array("root".utf8)).run {
                        _ throws(Failure) in
                        throw Failure("enough")
                    }
                }
                #expect(failure.message.hasSuffix("': enough"))
                #expect(try await disk.run("ls") == "many\n")
            }
        }

        @Test(.enabled(if: isNightly)) func `100,000 files in 128 layers take no memory`() async throws {
            try await MergeDisk.with(size: "3G") { disk in
                let layers = try await layers(128, of: 600, on: disk)
                try await disk.run("mkdir many; cd many; perl -e 'for (1..50000) { open my $f, \">\", $_; link $_, \"link$_\" }'")
                let limited = ["prlimit", "--as=\(8 << 20)"] + command(layers + ["many"], on: disk, as: "root")
                #expect(try await output(of: limited).hasSuffix("copied\n"))
                // The folders 0 to 6 of the layers above hide files of these names.
                let found = try await disk.run("find root -name link777 | wc -l; ls root | wc -l; stat -c %h root/link777 root/link5")
                #expect(found == "1\n100001\n2\n1\n")
            }
        }
    }
}
