import Basics
import Boot
import Linux
import Planning
import TestSupport

/// Judges one state of the disk by what is on it, and by what a boot makes of it.
struct StateCheck {
    let device: String
    let topDevice: String
    /// The real docker-btrfs-init.
    let program: String
    /// The folder with the configurations of the images.
    let folder: String
    var roots: RootCheck

    /// What is wrong with the disk as it is.
    mutating func look(_ history: History) -> [String] {
        do throws(Failure) {
            let topLevel = try mounted()
            return lookAtStanding(topLevel, history) + lookAtKept(topLevel, history) + lookAtRecord(topLevel)
        } catch {
            return [error.message]
        }
    }

    /// What is wrong with the disk after one more boot.
    mutating func bootOnce(_ history: History) async throws -> [String] {
        guard let boot = history.nextBoot else { return [] }
        let line = boot.commandLine(device: device, topDevice: topDevice)
        let outcome = try await run([program, "--config", "\(folder)/\(boot.image).json", "--cmdline", line])
        if outcome.status != 0 { return ["the next boot ended with status \(outcome.status): \(outcome.errors)"] }
        let isAnnounced = outcome.errors.contains(" instead")
        do throws(Failure) {
            let topLevel = try mounted()
            let found = lookAtKept(topLevel, history, after: boot) + lookAtRecord(topLevel)
            guard let root = try roots.root(at: RootCheck.name, on: topLevel, history) else {
                return found + ["the next boot left no root"]
            }
            // Who chooses an image gets it, wherever there is room for it.
            if isAnnounced && boot.isChosen && !history.mayBeFull {
                return found + ["the next boot was not what was asked for: \(outcome.errors)"]
            }
            if !isAnnounced { try roots.check(root, is: asked(boot, on: topLevel)) }
            // Where the root that stood is booted, nothing is built, and what an interrupted boot left stays for the next that builds.
            let isNew = history.boot(at: root.mark.made) == nil
            let leftover = try topLevel.status(of: RootCheck.new)
            return isNew && leftover != nil ? found + ["the next boot left '\(RootCheck.new)'"] : found
        } catch {
            return ["after the next boot \(error.message)\n\(outcome.errors)"]
        }
    }

    /// The link to the top layer on the disk itself may have been changed, or not yet.
    private mutating func asked(_ boot: Boot, on topLevel: Directory) throws(Failure) -> Boot {
        guard !boot.hasOwnTop, let linked = try topLevel.directory(at: "top") else { return boot }
        let owner = try roots.content.owner(of: Content.top, in: linked)
        var boot = boot
        boot.top = Operation.Top.allCases.first { "top \($0)" == owner } ?? boot.top
        return boot
    }

    /// What `btrfs check` finds; it takes as long as all the rest together.
    func examine() async throws -> [String] {
        let outcome = try await run(["btrfs", "check", "--readonly", device])
        return outcome.status == 0 ? [] : ["btrfs check: \(outcome.errors)"]
    }

    /// Writable, as the next boot has it: the log of a crashed filesystem is replayed. Nobody sees it, and it ends with its last use.
    private func mounted() throws(Failure) -> Directory {
        try .mounting(MountRequest(device: device, filesystemType: "btrfs", options: ["subvolid=5"]), label: "")
    }

    private mutating func lookAtStanding(_ topLevel: Directory, _ history: History) -> [String] {
        do throws(Failure) {
            let root = try roots.root(at: RootCheck.name, on: topLevel, history)
            return root == nil && history.mustHaveRoot ? ["there is no root"] : []
        } catch {
            return [error.message]
        }
    }

    private mutating func lookAtKept(_ topLevel: Directory, _ history: History, after boot: Boot? = nil) -> [String] {
        do throws(Failure) {
            var found = try roots.keptRoots(on: topLevel, history)
            for place in [RootCheck.name, RootCheck.new] {
                // What is being built need not be whole.
                do throws(Failure) {
                    if let root = try roots.root(at: place, on: topLevel, history) { found.append(root) }
                } catch {}
            }
            let good = boot?.keep == 0 ? [] : history.goodRoots
            // While one of two is being marked, it may be either.
            let isThere = found.contains { good.contains($0.mark.number) && ($0.isGood || good.count > 1) }
            if good.isEmpty || isThere { return [] }
            let all = found.map { "\($0.mark.number)\($0.isGood ? " (good)" : "")" }.joined(separator: ", ")
            return ["root \(good), the last whose boot was good, is gone or not marked as good: there are \(all)"]
        } catch {
            return [error.message]
        }
    }

    private func lookAtRecord(_ topLevel: Directory) -> [String] {
        do throws(Failure) {
            guard let content = try topLevel.contents(of: ".docker-btrfs/record") else { return [] }
            return Record(parsing: content) == nil ? ["the record is damaged: '\(display(content.prefix(60)))'"] : []
        } catch {
            return [error.message]
        }
    }
}
