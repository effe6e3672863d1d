import Foundation
import Synchronization

/// Exchanges names in a directory as fast as it can, in a thread of its own.
final class Swapper: Sendable {
    private let isStopped = Atomic(false)
    private let swaps = Atomic(0)
    private let ended = DispatchSemaphore(value: 0)

    init(in directory: String, _ pairs: [(String, String)]) {
        Thread { [self] in
            let opened = open(directory, O_RDONLY | O_DIRECTORY)
            while !isStopped.load(ordering: .relaxed) {
                for (one, other) in pairs where renameat2(opened, one, opened, other, UInt32(RENAME_EXCHANGE)) == 0 {
                    swaps.add(1, ordering: .relaxed)
                }
            }
            close(opened)
            ended.signal()
        }.start()
    }

    /// Returns how often it did.
    func stop() -> Int {
        isStopped.store(true, ordering: .relaxed)
        ended.wait()
        return swaps.load(ordering: .relaxed)
    }
}
