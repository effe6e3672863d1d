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
            let found = lookAtKept(topLevel, history) + lookAtRecord(topLevel)
            guard let root = try roots.root(at: RootCheck.name, on: topLevel, history) else { return found + ["the next boot left no root"] }
            if !isAnnounced { try roots.check(root, is: boot) }
            let leftover = try topLevel.status(of: RootCheck.new) == nil ? [] : ["the next boot left '\(RootCheck.new)'"]
            return found + leftover
        } catch {
            return ["after the next boot \(error.message)\n\(outcome.errors)"]
        }
    }

    /// What `btrfs check` finds; it takes as long as all the rest together.
    func examine() async throws -> [String] {
        let outcome = try await run(["btrfs", "check", "--readonly", device])
        return outcome.status == 0 ? [] : ["btrfs check: \(outcome.errors)"]
    }

    /// Writable, as the next boot has it: the log of a crashed filesystem is replayed. Nobody sees it, and it ends with its last use.
    private func mounted() throws(Failure) -> Directory {
        try .mounting(MountRequest(device: device, filesystemType: "btrfs", options: ["subvolid=5"]), sealed: false, label: "")
    }

    private mutating func lookAtStanding(_ topLevel: Directory, _ history: History) -> [String] {
        do throws(Failure) {
            let root = try roots.root(at: RootCheck.name, on: topLevel, history)
            return root == nil && history.mustHaveRoot ? ["there is no root"] : []
        } catch {
            return [error.message]
        }
    }

    private mutating func lookAtKept(_ topLevel: Directory, _ history: History) -> [String] {
        do throws(Failure) {
            let kept = try roots.keptRoots(on: topLevel, history)
            guard let good = history.goodRoot else { return [] }
            var numbers = kept.map { $0.mark.number }
            for place in [RootCheck.name, RootCheck.new] {
                // What is being built need not be whole.
                do throws(Failure) {
                    if let root = try roots.root(at: place, on: topLevel, history) { numbers.append(root.mark.number) }
                } catch {}
            }
            return numbers.contains(good) ? [] : ["root \(good), the last whose boot was good, is gone: there are \(numbers)"]
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
