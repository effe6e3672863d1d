import TestSupport

/// A machine's disk as it may be found: with roots of earlier boots, things that went wrong, and perhaps a system call that fails
/// in the next boot. Made of a number alone.
struct World: CustomStringConvertible {
    let seed: UInt64
    /// How many boots there were before.
    let boots: Int
    /// Whether the last of them was good.
    let isGood: Bool
    let mishaps: [Mishap]
    let fault: Fault?
    /// Whether a root stays while its image and top layer do.
    let persists: Bool
    /// What the kernel command line says besides.
    let keys: String
    /// The tag of the image that is to be booted, and what its /etc/version has.
    let image: (tag: String, version: String)

    init(seed: UInt64) {
        var chance = SplitMix(seed: seed)
        self.seed = seed
        boots = chance.pick([0, 1, 1, 2, 3])
        isGood = chance.happens(40)
        mishaps = (0..<chance.pick([1, 1, 2, 3])).map { _ in Mishap.random(&chance) }
        fault = chance.happens(30) ? Self.fault(&chance) : nil
        persists = chance.happens(33)
        keys = "docker_keep=\(chance.pick([0, 1, 2])) docker_mode=\(persists ? "persist" : "fresh") docker_tries=9"
        image = chance.pick([("latest", "1"), ("v2", "2")])
    }

    private static func fault(_ chance: inout SplitMix) -> Fault {
        Fault(
            call: chance.pick(Fault.calls), number: Int.random(in: 1...12, using: &chance), error: chance.pick(["EIO", "ENOSPC", "EDQUOT"]))
    }

    /// The strongest demand that the boot may fall back on.
    var demand: Mishap.Demand {
        max(mishaps.map { $0.demand }.max() ?? .newRoot, fault == nil ? .newRoot : .anyRoot)
    }

    var description: String {
        let faultText = fault.map { ", failing \($0)" } ?? ""
        return
            "world \(seed): \(boots) boots\(isGood ? ", good" : "") of \(image.tag), \(keys): \(mishaps.map { $0.name }.joined(separator: "; "))\(faultText)"
    }

    /// Makes the disk as it is before the boot. A mishap that has nothing to happen to does not happen.
    func arrange(on disk: Disk) async throws {
        for _ in 0..<boots { try await disk.bootWell(disk.line(keeping: "docker_keep=2")) }
        if boots > 0 && isGood { try await disk.markGood() }
        let scripts = mishaps.map { "( set +e; \($0.script) ) &> /dev/null || true" }
        try await disk.change(scripts.joined(separator: "\n"))
    }

    /// The command of the boot, in no more memory than a boot may take, and in no more time.
    func command(on disk: Disk, failing: Bool) throws -> [String] {
        let boot = try disk.bootCommand(disk.line(keeping: keys, tag: image.tag))
        if failing, let fault {
            let strace = ["strace", "--follow-forks", "--seccomp-bpf", "--quiet=all", "--output", "/dev/null"]
            return ["timeout", "120"] + strace + fault.options + boot
        }
        return ["timeout", "60", "bash", "-c", #"ulimit -v 16384; exec "$@""#, "bash"] + boot
    }
}
