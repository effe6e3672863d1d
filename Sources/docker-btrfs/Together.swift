import Dispatch
import Glibc
import Synchronization

/// What `body` makes of numbers from 0 on, in their order. Each processor works on a part of them at the same time, where there are
/// so many that it is worth a thread.
func together<Made: Sendable>(_ count: Int, _ body: @Sendable (Range<Int>) -> [Made]) -> [Made] {
    let parts = max(1, min(sysconf(Int32(_SC_NPROCESSORS_ONLN)), count / 16))
    if parts == 1 { return body(0..<count) }
    let made = Mutex([[Made]](repeating: [], count: parts))
    DispatchQueue.concurrentPerform(iterations: parts) { part in
        let result = body(part * count / parts..<(part + 1) * count / parts)
        made.withLock { $0[part] = result }
    }
    return made.withLock { $0.flatMap { $0 } }
}
