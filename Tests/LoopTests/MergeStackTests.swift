import Basics
import Foundation
import Testing

extension Beside {
    /// What is merged is what the kernel's own mount of the layers shows: every entry, with all that can be told of it.
    ///
    /// MERGE_STACKS says how many stacks there are, and MERGE_SEED with which one they begin.
    struct MergeStackTests {
        private func setting(_ name: String, _ usual: Int) -> Int {
            ProcessInfo.processInfo.environment[name].flatMap { Int($0) } ?? usual
        }

        /// As kernels mount it that are built so, and as most do.
        private static let options: [[String]] = [
            [], ["redirect_dir=on", "metacopy=on"], [], ["redirect_dir=on", "metacopy=on", "index=on"],
        ]

        @Test func `random layers are merged as they are mounted`() async throws {
            let first = setting("MERGE_SEED", Int.random(in: 0..<1_000_000_000))
            var entries = 0
            try await MergeDisk.with { disk in
                for seed in first..<first + setting("MERGE_STACKS", 20) {
                    let stack = try MergeStack(on: disk, seed: UInt64(seed), options: Self.options[seed % Self.options.count])
                    let about = "MERGE_SEED=\(seed), \(stack.layers.count) layers, \(stack.options): "
                    do {
                        entries += try disk.expectAsMounted(stack.layers, as: "\(seed)/root", about).files.count
                    } catch {
                        Issue.record("\(about)\(error)")
                    }
                }
                let told = try await disk.run("getfattr --recursive -h -m 'overlay.(redirect|metacopy)' . | grep -c trusted || true")
                print("merged \(entries) entries of stacks from MERGE_SEED=\(first) on, with \(told.dropLast()) redirects and metacopies")
            }
            #expect(entries > 500)
        }
    }
}
