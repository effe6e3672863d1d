package import Basics
internal import CDisk
internal import CLinux

/// A filesystem in which nothing changes, for a moment. Whoever writes there waits as long.
package enum FrozenFilesystem {
    /// After so many seconds a child of this program thaws it, whatever became of this program.
    private static let limit: UInt8 = 5
    /// How long all may take to be written for a freeze to begin, which waits for that; and how often that is tried.
    private static let (patience, attempts) = (Duration.milliseconds(30), 10)

    /// Does what changes nothing there. Fails where that took too long, and where somebody else has frozen it. Also says how long nobody
    /// could write, in milliseconds. `prepare` runs before the freeze, perhaps several times, and returns true when it found nothing new.
    /// It may take long; `check` runs after it.
    package static func during<Result>(
        _ directory: Directory, after prepare: () throws(Failure) -> Bool = { true }, check: () throws(Failure) -> Void = {},
        _ body: () throws(Failure) -> Result
    ) throws(Failure) -> (Result, milliseconds: Int) {
        let descriptor = directory.descriptor
        var guardian = disk_guard()
        // It takes a while until the child is there, in which more is written.
        if disk_guard_start(descriptor, &guardian) != 0 { throw .system("start what thaws '\(directory.show(.top))'") }
        do throws(Failure) {
            try settle(directory, prepare)
            try check()
        } catch {
            disk_guard_stop(&guardian)
            throw error
        }
        if disk_freeze(descriptor, limit, &guardian) != 0 {
            let code = linux_errno()
            let hint = code == EBUSY ? "fsfreeze --unfreeze ends what another program left" : nil
            throw .system("freeze '\(directory.show(.top))'", errno: code, hint: hint)
        }
        let result: Swift.Result<Result, Failure>
        do throws(Failure) { result = .success(try body()) } catch { result = .failure(error) }
        let isThawed = disk_thaw(descriptor, &guardian) == 0
        let took = Int((guardian.ended - guardian.began) / 1_000_000)
        if !isThawed {
            throw Failure(
                "could not keep '\(directory.show(.top))' as it was for \(limit) seconds: reading took too long", hint: "try it again")
        }
        return (try result.get(), took)
    }

    /// What is not written yet is not to be waited for by those who write then.
    private static func settle(_ directory: Directory, _ prepare: () throws(Failure) -> Bool) throws(Failure) {
        for _ in 0..<attempts {
            let isPrepared = try prepare()
            let start = ContinuousClock.now
            if syncfs(directory.descriptor) != 0 { throw .system("write '\(directory.show(.top))' to the disk") }
            if isPrepared && start.duration(to: .now) < patience { return }
        }
    }
}
