import Foundation
import TestSupport
import Testing

/// A disk with a root, on which a boot of another image with another layer fails again and again.
struct FaultBench {
    let disk: Disk
    /// The device of the layer.
    let layer: Disk
    /// What the root is after a boot that nothing disturbs.
    let whole: String

    /// Each kind of file that a layer can have, and each thing that can stand in its way.
    private static let arranging = """
        mkdir -p etc new/sub lib/modules
        for file in etc/motd new/file lib/modules/file srv; do echo new > $file; done
        chown 5:6 new/file; chmod 4755 new/file; setfattr --name user.x --value 1 new/file
        ln new/file new/sub/again; ln -s ../file new/sub/link; mkfifo new/fifo; chown -h 5:6 new/sub/link new/fifo
        setfattr --name user.x --value 1 new/sub; touch etc/.wh.issue
        head --bytes 200K /dev/urandom > new/large; truncate --size 1M new/large

        """

    /// With `docker_onfail=stop`: status 0 then means the new root and nothing else, where `previous` would boot the old one too.
    private var line: KernelLine {
        var line = disk.line("docker_image=sample_image:v2 toplayer_path=faults")
        line.topLayer = layer.device
        return line
    }

    init(_ disk: Disk, _ store: Store, layer: Disk) async throws {
        self.disk = disk
        self.layer = layer
        // In the place of the layer's file, directories that hold others.
        let image = try #require(store.images["sample_image:v2"]).cacheID
        try await disk.change("cd docker/btrfs/subvolumes/\(image); mkdir -p srv/a/b/c; touch srv/a/{b/,b/c/,}file")
        try await layer.change("mkdir faults; cd faults\n" + Self.arranging, options: layer.device == disk.device ? "subvolid=5" : "rw")
        let line = FaultBench(disk, layer, "").line
        try await disk.bootWell()
        try await disk.bootWell(line)
        whole = try await disk.look(contentScript(of: "docker_rwlayer"))
    }

    private init(_ disk: Disk, _ layer: Disk, _ whole: String) {
        self.disk = disk
        self.layer = layer
        self.whole = whole
    }

    /// Makes the old root. Returns all that it is.
    private func reset() async throws -> String {
        try await disk.bootWell()
        try await disk.change("echo work > docker_rwlayer/work")
        // What a run that failed left is there in each of the following.
        _ = try await run(Fault(call: "renameat2", number: 1, error: "EIO").options)
        return try await root()
    }

    private func root() async throws -> String { try await disk.look(inventoryScript(of: "docker_rwlayer")) }

    /// Runs the boot below strace. Returns the trace too.
    ///
    /// It sees the processes and disks of its own alone: of others there are now more and now fewer, and with them the calls that it makes
    /// would have other numbers than in the run before.
    private func run(_ options: [String]) async throws -> (outcome: Outcome, trace: String) {
        let file = "\(disk.folder)/trace"
        let own = Set([disk.device, layer.device]).map { "/sys/class/block/" + URL(filePath: $0).lastPathComponent }
        let hiding = #"mount -t tmpfs none /sys/block; ln -s \#(own.joined(separator: " ")) /sys/block; exec "$@""#
        let alone = ["unshare", "--pid", "--fork", "--mount-proc", "bash", "-euc", hiding, "bash"]
        let strace = ["strace", "--follow-forks", "--seccomp-bpf", "--quiet=all", "--output", file]
        let outcome = try await TestSupport.run(alone + strace + options + disk.bootCommand(line))
        return (outcome, try String(decoding: Data(contentsOf: URL(filePath: file)), as: UTF8.self))
    }

    /// How a sweep went.
    struct Ends {
        var well = 0
        var named = 0
        /// Those that failed at least once.
        var calls: Set<String> = []
    }

    /// Lets each call fail by itself, with each error.
    func sweep(_ calls: [String]) async throws -> Ends {
        _ = try await reset()
        let trace = try await run(["--trace", Fault.calls.joined(separator: ",")]).trace
        var old = try await reset()
        var ends = Ends()
        for fault in Fault.all(in: trace) where calls.contains(fault.call) {
            let (outcome, trace) = try await run(fault.options)
            // What a failed run left changes the number of calls by a few: the last ones may not be reached.
            guard trace.contains("(INJECTED)") else {
                old = try await reset()
                continue
            }
            ends.calls.insert(fault.call)
            if outcome.status == 0 {
                #expect(try await disk.look(contentScript(of: "docker_rwlayer")) == whole, "\(fault)")
                old = try await reset()
                ends.well += 1
            } else {
                #expect(outcome.isNamed(fault), "\(fault): \(outcome)")
                #expect(try await root() == old, "\(fault)")
                ends.named += 1
            }
        }
        // What is left is told with the words of the boot that left it.
        let told = try await TestSupport.run(disk.bootCommand(line)).told
        #expect(try await disk.look(contentScript(of: "docker_rwlayer")) == whole, "\(told)")
        let left = try await disk.look("ls -A .docker-btrfs/roots/*")
        #expect(left == "", "\(told)")
        return ends
    }
}

extension Outcome {
    /// Whether the program ended by saying what failed and why.
    fileprivate func isNamed(_ fault: Fault) -> Bool {
        guard status == 1, let last = told.split(separator: "\n").last, let reason = Fault.reasons[fault.error] else { return false }
        return last.hasPrefix("could not ") && last.hasSuffix(": \(reason)")
    }
}
