internal import CLinux

/// Seconds since 1970 by the machine's clock, which may be wrong.
public func secondsNow() -> Int {
    time(nil)
}

/// Microseconds of the monotonic clock.
public func microsecondsNow() -> Int {
    Int(linux_monotonic_nanoseconds() / 1000)
}
