import TestSupport
import Testing

extension OnDisk {
    struct DryRunTests {
        @Test func `the plan is what the boot then does, line for line`() async throws {
            try await Disk.withStore { disk, _ in
                // The first boot has other steps than the next, and those of one after a failure are others again.
                for arrange in ["true", "touch docker_rwlayer/dirt", "btrfs subvolume create .docker-btrfs/roots/docker_rwlayer/new"] {
                    try await disk.change(arrange)
                    let plan = try await disk.plan()
                    let outcome = try await disk.boot()
                    #expect(outcome.status == 0)
                    // How it went is told beside the steps.
                    let steps = outcome.told.split(separator: "\n").dropLast().filter { !$0.hasPrefix("the top layer's") }
                    #expect(steps.map { $0 + "\n" }.joined() == plan)
                }
            }
        }

        @Test func `what would be rehearsed is said to be`() async throws {
            try await Deployable.with { machine in
                let lines = try await machine.run("deploy sample_image --rehearse --dry-run").split(separator: "\n")
                #expect(lines.first == "boot it in a virtual machine, and go on only where that boot is good", "\(lines)")
                #expect(lines.count > 1)
            }
        }

        @Test func `of a top level that is named, it is the default of its menu`() async throws {
            try await Deployable.with { machine in
                try await machine.run("deploy sample_image")
                let plan = try await machine.disk.look("'\(Repository.companion)' plan --top-level .")
                let mark = "mark '/.docker-btrfs/roots/docker_rwlayer/new' as root 1, made from 'sample_image' ("
                #expect(plan.contains(mark), "\(plan)")
            }
        }

        @Test(arguments: [true, false])
        func `nothing is changed, whether the disk is mounted elsewhere or not`(isMounted: Bool) async throws {
            try await Disk.withStore { disk, _ in
                try await disk.bootWell()
                let bytes = try await disk.bytes()
                let machine = #"cat /proc/self/mountinfo; losetup --associated "$DISK"; btrfs inspect-internal dump-super -a "$DISK""#
                let script = #"before=$(\#(machine)); "$@"; [[ $before == "$(\#(machine))" ]] || echo "the machine was changed""#
                let dryRun = ["bash", "-euc", script, "bash"] + (try disk.bootCommand(disk.line, ["--dry-run"]))
                let plan = try await disk.plan()
                let environment = ["DISK": disk.file]
                if isMounted {
                    let mounted = disk.mounted(#""${@:5}""#, options: "ro,subvol=docker_rwlayer") + dryRun
                    #expect(try await output(of: mounted, environment: environment) == plan)
                } else {
                    #expect(try await output(of: ["unshare", "--mount"] + dryRun, environment: environment) == plan)
                }
                #expect(plan.hasPrefix("snapshot '/.docker-btrfs/templates/"))
                #expect(try await disk.bytes() == bytes)
            }
        }

        @Test func `a log that a power cut left is not replayed`() async throws {
            try await Disk.withStore { disk, _ in
                try await disk.bootWell()
                // What fsync wrote is in the log tree as long as nothing is committed: a copy taken now is a disk after a power cut.
                try await disk.change(
                    """
                    sync; echo new > docker_rwlayer/file; sync docker_rwlayer/file
                    cp --sparse=always \(disk.file) \(disk.folder)/cut
                    """)
                try await disk.restore(from: "\(disk.folder)/cut")
                let dump = ["btrfs", "inspect-internal", "dump-super", disk.device]
                #expect(try await output(of: dump).contains(/\nlog_root\t+[1-9]/), "there must be a log for this test to mean something")
                let bytes = try await disk.bytes()
                let plan = try await disk.plan()
                #expect(try await disk.bytes() == bytes)
                try await disk.bootWell()
                #expect(plan.contains("exchange"))
            }
        }

        @Test func `the ordinary build says the same as the Embedded one`() async throws {
            try await Disk.withStore { disk, _ in
                for line in [disk.line, disk.line("docker_image=exported"), disk.line("docker_image=sample_imag")] {
                    let embedded = try await disk.boot(line, ["--dry-run"])
                    let ordinary = try await disk.boot(line, ["--dry-run"], program: Repository.ordinaryInit)
                    #expect(embedded == ordinary)
                }
                let embedded = try await disk.boot()
                try await disk.change("btrfs subvolume delete docker_rwlayer .docker-btrfs/{layers,templates}/*; rm -r .docker-btrfs")
                let ordinary = try await disk.boot(program: Repository.ordinaryInit)
                #expect(embedded.told.replacing(/\d+ ms/, with: "") == ordinary.told.replacing(/\d+ ms/, with: ""))
            }
        }
    }
}
