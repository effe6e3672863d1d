internal import CLinux

/// Microseconds of the monotonic clock.
public func microsecondsNow() -> Int {
    Int(linux_monotonic_nanoseconds() / 1000)
}
