import Foundation
import TestSupport
import Testing

extension OnDisk {
    /// Random worlds. Each prints its seed where it goes wrong: `WORLD=SEED swift test --filter WorldTests` shows it again.
    struct WorldTests {
        /// `make worlds` takes more of them.
        private static let seeds: [UInt64] = {
            let environment = ProcessInfo.processInfo.environment
            if let seed = environment["WORLD"].flatMap({ UInt64($0) }) { return [seed] }
            let count = environment["WORLDS"].flatMap { UInt64($0) } ?? 30
            let first = environment["FIRST_WORLD"].flatMap { UInt64($0) } ?? 1
            return Array(first..<(first + count))
        }()

        @Test(arguments: seeds)
        func `a boot of a whole image ends in a new root, or in a sentence and a root`(seed: UInt64) async throws {
            let world = World(seed: seed)
            try await Disk.withStore { disk, _ in
                try await world.arrange(on: disk)
                try await boot(world, on: disk, failing: true)
                // What the first boot could not mend, the second one meets again.
                try await boot(world, on: disk, failing: false)
            }
        }

        private func boot(_ world: World, on disk: Disk, failing: Bool) async throws {
            let before = try await root(of: disk)
            let outcome = try await run(world.command(on: disk, failing: failing))
            let after = try await root(of: disk)
            let what = "\(world)\n\(outcome.told)\nbefore: \(before), after: \(after)"
            #expect([0, 1].contains(outcome.status), "ended with status \(outcome.status): \(what)")
            let isNew = after.isWhole && after.uuid != before.uuid && after.version == world.image.version
            if outcome.status == 0 {
                // Only what its own system did to a root stays as it is.
                let isAsItWas = after.uuid == before.uuid && !before.isWhole
                #expect(after.isWhole || isAsItWas, "a root that is not whole: \(what)")
                #expect(isNew || outcome.isAnnounced || world.persists, "an older root in silence: \(what)")
            } else {
                #expect(outcome.isSentence, "no sentence: \(what)")
                #expect(after.isWhole || !before.isWhole, "the root is lost: \(what)")
            }
            let isDisturbed = failing && world.fault != nil
            if world.demand == .newRoot || world.demand == .anyRoot && !isDisturbed && before.isWhole {
                #expect(outcome.status == 0, "there was a root to boot: \(what)")
            }
            if world.mishaps.allSatisfy({ $0.demand == .newRoot }) && !isDisturbed && !world.persists {
                #expect(isNew, "the machine is held in the past: \(what)")
            }
        }

        private func root(of disk: Disk) async throws -> StandingRoot {
            let script = """
                cd docker_rwlayer 2> /dev/null || exit 0
                { btrfs subvolume show . 2> /dev/null || true; } | sed -n 's/^[[:space:]]*UUID:[[:space:]]*//p'
                cat etc/version 2> /dev/null || echo; cat etc/motd 2> /dev/null || echo
                [[ -x usr/sbin/init ]] && echo init; true
                """
            return StandingRoot(try await disk.look(script).split(separator: "\n", omittingEmptySubsequences: false).map { String($0) })
        }
    }
}

/// What stands in the root's place.
private struct StandingRoot: CustomStringConvertible {
    let uuid: String?
    let version: String?
    let isWhole: Bool

    init(_ lines: [String]) {
        uuid = lines.first
        version = lines.count > 1 ? lines[1] : nil
        isWhole = lines.count > 3 && ["1", "2"].contains(lines[1]) && lines[2] == "from the top layer" && lines[3] == "init"
    }

    var description: String { "\(uuid ?? "nothing") \(version ?? "") \(isWhole ? "whole" : "not whole")" }
}

extension Outcome {
    /// Whether an older root was announced.
    fileprivate var isAnnounced: Bool {
        told.contains("instead") || told.contains("going on with") || told.split(separator: "\n").contains { $0.hasPrefix("could not ") }
    }

    /// Whether the program ended by saying what was not possible.
    fileprivate var isSentence: Bool {
        told.split(separator: "\n").contains { $0.hasPrefix("could not ") }
    }
}
