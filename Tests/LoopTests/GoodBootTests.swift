import Foundation
import TestSupport
import Testing

extension OnDisk {
    /// Counting a boot as good, in the booted system: it knows neither the kernel command line nor the configuration.
    struct GoodBootTests {
        @Test(arguments: ["docker_rwlayer", "roots/my desktop"])
        func `the root that runs is marked, and the record says so under its name`(name: String) async throws {
            try await Disk.withStore { disk, store in
                var line = disk.line(keeping: "")
                line.flags = #"rootflags="subvol=\#(name)""#
                try await disk.bootWell(line)
                let id = try #require(store.images["sample_image:latest"]).id
                #expect(try await disk.look("grep --count '^tried \(id) .* 1 new ' .docker-btrfs/record") == "1\n")
                let outcome = try await disk.markingGood(name)
                #expect(outcome.told == "root 1 of 'sample_image:latest' booted well\n")
                #expect(try await disk.look("grep --count '^tried \(id) .* 0 good ' .docker-btrfs/record") == "1\n")
                let mark = try await disk.look("getfattr --only-values --name user.docker-btrfs.good '\(name)'")
                #expect(!mark.isEmpty)
            }
        }

        /// Marks with the root below `/`, which `mounting` mounts at `$root` from `$device`.
        private func mark(_ disk: Disk, _ mounting: String) async throws -> Outcome {
            let script = #"""
                device=$3; base=$6; root=$base/root; mkdir -p "$base"; mount -t tmpfs none "$base"; mkdir "$root"
                \#(mounting)
                mount --bind /dev "$root/dev"; mount --bind /proc "$root/proc"; mount -t tmpfs none "$root/tmp"
                mount -t tmpfs none "$root/run"
                if [[ $7 ]]; then mkdir "$root/run/docker-btrfs"; cp "$7" "$root/run/docker-btrfs/boot.json"; fi
                cp "$5" "$root/tmp/init"; chroot "$root" /tmp/init --mark-good
                """#
            let report = "\(disk.folder)/boot.json"
            let given = FileManager.default.fileExists(atPath: report) ? report : ""
            return try await run(disk.mounted(script) + [Repository.embeddedInit, "\(disk.folder)/base", given])
        }

        private let overlay = """
            mkdir $base/{lower,upper,work}; mount -o subvol=docker_rwlayer,ro $device $base/lower
            mount -t overlay -o lowerdir=$base/lower,upperdir=$base/upper,workdir=$base/work none $root
            """

        @Test func `a root that is mounted read-only is marked`() async throws {
            try await Disk.withStore { disk, _ in
                try await disk.bootWell(disk.line(keeping: ""))
                let outcome = try await mark(disk, "mount -o subvol=docker_rwlayer,ro $device $root")
                #expect(outcome.told == "root 1 of 'sample_image:latest' booted well\n")
                #expect(try await isMarked(disk))
            }
        }

        @Test func `a root below an overlay is marked by what the report of the boot says`() async throws {
            try await Disk.withStore { disk, _ in
                try await disk.bootWell(disk.line(keeping: ""), ["--report", "\(disk.folder)/boot.json"])
                let outcome = try await mark(disk, overlay)
                #expect(outcome.told == "root 1 of 'sample_image:latest' booted well\n")
                #expect(try await isMarked(disk))
            }
        }

        @Test func `without a report it is not, nor by that of an earlier boot`() async throws {
            try await Disk.withStore { disk, _ in
                try await disk.bootWell(disk.line(keeping: ""))
                let without = """
                    could not mark this boot as good: '/' is not the root of a btrfs, and '/run/docker-btrfs/boot.json' does not tell which \
                    root is below it
                    """
                #expect(try await mark(disk, overlay) == .failed(without))
                try await disk.bootWell(disk.line(keeping: ""), ["--report", "\(disk.folder)/boot.json"])
                try await disk.bootWell(disk.line(keeping: ""))
                let other = """
                    could not find the root that this system runs on: '/docker_rwlayer' of \(disk.device) is not the root that \
                    '/run/docker-btrfs/boot.json' tells of
                    """
                #expect(try await mark(disk, overlay) == .failed(other))
                #expect(try await !isMarked(disk))
            }
        }

        private func isMarked(_ disk: Disk) async throws -> Bool {
            let mark = try await disk.look("getfattr --only-values --name user.docker-btrfs.good docker_rwlayer 2> /dev/null || true")
            let counted = try await disk.look("grep --count '^tried .* 0 good ' .docker-btrfs/record || true")
            return !mark.isEmpty && counted == "1\n"
        }

        @Test func `a root of somebody else is not marked`() async throws {
            try await Disk.withStore { disk, _ in
                try await disk.change("btrfs subvolume create mine; mkdir mine/dev mine/proc mine/tmp")
                let before = try await disk.files()
                #expect(
                    try await disk.markingGood("mine")
                        == .failed("could not mark this boot as good: the root was not made by docker-btrfs"))
                #expect(try await disk.files() == before)
            }
        }
    }
}
