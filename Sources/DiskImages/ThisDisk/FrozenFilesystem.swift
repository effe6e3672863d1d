internal import Basics
internal import CDisk
internal import CLinux

/// A filesystem in which nothing changes, for a moment. Whoever writes there waits as long.
enum FrozenFilesystem {
    /// After so many seconds a child of this program thaws it, whatever became of this program.
    private static let limit: Int32 = 5

    /// Does what changes nothing there. Fails where that took too long, and where somebody else has frozen it. Also says how long nobody
    /// could write, in milliseconds.
    static func during<Result>(_ directory: Directory, _ body: () throws(Failure) -> Result) throws(Failure) -> (Result, milliseconds: Int)
    {
        let descriptor = directory.descriptor
        // What is not written yet is not to be waited for by those who write.
        if syncfs(descriptor) != 0 { throw .system("write '\(directory.show(.top))' to the disk") }
        var guardian = disk_guard()
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
}
