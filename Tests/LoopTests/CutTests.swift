import Basics
import Boot
import Linux
import Planning
import TestSupport
import Testing

extension OnDisk {
    /// Power can fail after any step.
    struct CutTests {
        /// Performs the first steps of a disk's plan and copies the disk's bytes while it is still mounted: what is there then
        /// is what a power cut leaves. Returns how many steps the whole plan has.
        private func perform(first count: Int, of disk: Disk, to cut: String) async throws -> Int {
            let request = try #require(try Request(KernelCommandLine(disk.line("docker_image=sample_image:v2").text.utf8), .none))
            let mount = MountRequest(device: disk.device, filesystemType: "btrfs", options: ["subvolid=5"])
            let topLevel = try Directory.mounting(mount, label: "")
            let host = Facts.Host(kernelRelease: nil, time: 0)
            let facts = Facts(surveying: topLevel, topLayer: .success(topLevel), for: request, on: host)
            let plan = try Plan(for: request, given: facts)
            var machine = LinuxMachine(topLevel: topLevel, topLayer: .success(topLevel))
            let steps = plan.steps + plan.afterwards
            for step in steps.prefix(count) { _ = try machine.perform(step) }
            try await output(of: ["cp", "--sparse=always", disk.file, cut])
            withExtendedLifetime(topLevel) {}
            return steps.count
        }

        /// The number that stands in the root's /etc/version, if the root is whole.
        private func version(_ disk: Disk) async throws -> String {
            let files =
                "cat docker_rwlayer/etc/{version,motd} docker_rwlayer/new/deep/one-more; ls -d docker_rwlayer/{proc,sys,dev,run,tmp}"
            let found = try await disk.look("if [[ -e docker_rwlayer ]]; then { \(files); } | tr '\\n' ' '; else echo none; fi")
            return found.replacing(
                " from the top layer one docker_rwlayer/dev docker_rwlayer/proc docker_rwlayer/run docker_rwlayer/sys docker_rwlayer/tmp ",
                with: "")
        }

        /// What the root is after each number of steps, when the machine was stopped there in good order. The root was made from
        /// version 1, the plan makes version 2. Checks the same for a power cut at that moment, and that the next boot goes well.
        private func roots(expecting whole: [String], before arrange: (Disk) async throws -> Void) async throws -> [String] {
            var found: [String] = []
            var total = 0
            repeat {
                let count = found.count
                try await Disk.withStore { disk, store in
                    try await arrange(disk)
                    let cut = "\(disk.folder)/cut"
                    total = try await perform(first: count, of: disk, to: cut)
                    found.append(try await version(disk))
                    try await expectRepair(of: disk, store, "stopped after step \(count)")

                    try await disk.restore(from: cut)
                    let root = try await version(disk)
                    #expect(whole.contains(root), "power cut after step \(count)")
                    try await expectRepair(of: disk, store, "power cut after step \(count)")
                }
            } while found.count <= total
            return found
        }

        private func expectRepair(of disk: Disk, _ store: Store, _ cut: Comment) async throws {
            try await disk.bootWell(disk.line("docker_image=sample_image:v2"))
            #expect(try await version(disk) == "2", cut)
            #expect(try await disk.subvolumes() == store.subvolumes(holding: "sample_image:v2"), cut)
            #expect(try await disk.templates().count == 1, cut)
            #expect(try await disk.look("ls -A .docker-btrfs/roots/*") == "", cut)
        }

        @Test func `after any step of a first boot there is no root, or the new one`() async throws {
            let found = try await roots(expecting: ["none\n", "2"]) { _ in }
            #expect(found == Array(repeating: "none\n", count: 16) + ["2", "2"])
        }

        @Test func `after any step of the next boot the root is the old one or the new one`() async throws {
            let found = try await roots(expecting: ["1", "2"]) { disk in
                try await disk.bootWell()
                try await disk.change("btrfs subvolume create docker_rwlayer/var/nested")
            }
            #expect(found == Array(repeating: "1", count: 11) + ["2", "2", "2", "2", "2"])
        }

        @Test func `after any step of a boot whose root lost its mark, that one is not deleted`() async throws {
            var (count, total) = (0, 0)
            repeat {
                try await Disk.withStore { disk, _ in
                    try await disk.bootWell()
                    try await disk.change("setfattr -x user.docker-btrfs.root docker_rwlayer; echo work > docker_rwlayer/work")
                    total = try await perform(first: count, of: disk, to: "\(disk.folder)/cut")
                    for _ in 1...2 { try await disk.bootWell(disk.line("docker_image=sample_image:v2")) }
                    #expect(try await version(disk) == "2", "stopped after step \(count)")
                    let work = try await disk.look("cat .docker-btrfs/roots/docker_rwlayer/[0-9]*/work")
                    #expect(work == "work\n", "stopped after step \(count)")
                }
                count += 1
            } while count <= total
        }
    }
}
