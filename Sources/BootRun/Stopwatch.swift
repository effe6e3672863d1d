internal import Linux

/// Where the time goes.
struct Stopwatch {
    struct Lap {
        let name: String
        let microseconds: Int
    }

    private(set) var laps: [Lap] = []
    private var last = microsecondsNow()

    /// Ends a lap that began with the last one's end.
    mutating func lap(_ name: String) {
        let now = microsecondsNow()
        laps.append(Lap(name: name, microseconds: now - last))
        last = now
    }
}
