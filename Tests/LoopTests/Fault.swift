import TestSupport

/// A system call of a program that fails although nothing is wrong.
struct Fault: CustomStringConvertible {
    let call: String
    /// Which one of these calls, from 1.
    let number: Int
    let error: String

    static let reasons = ["ENOSPC": "No space left on device", "EIO": "Input/output error", "EDQUOT": "Disk quota exceeded"]

    /// The calls that change something, and those that read what can be damaged. Which of them happen depends on the layer.
    static let calls = [
        "copy_file_range", "fchmod", "fchmodat", "fchown", "fchownat", "fgetxattr", "fsetxattr", "fsync", "ftruncate", "getdents64",
        "ioctl",
        "linkat", "mkdirat", "mknodat", "openat2", "pread64", "readlinkat", "renameat", "renameat2", "symlinkat",
        "syncfs", "unlinkat", "utimensat", "write",
    ]
    private static let reading = ["fgetxattr", "getdents64", "pread64", "readlinkat"]

    var description: String { "\(call) \(number): \(error)" }

    /// What strace is told.
    var options: [String] { ["--trace", call, "--inject", "\(call):error=\(error):when=\(number)"] }

    /// All that can happen from the copy on up to the swap, by the trace of a run; by day each call fails with one error, in turn.
    static func all(in trace: String) -> [Fault] {
        var counts: [String: Int] = [:]
        var faults: [Fault] = []
        var isCopying = false
        for line in trace.split(separator: "\n") {
            // A process id, the call and its arguments.
            guard let call = line.split(separator: " ").dropFirst().first?.split(separator: "(").first.map({ String($0) }) else { continue }
            counts[call, default: 0] += 1
            isCopying = isCopying || line.contains("write(2, \"docker-btrfs-init: copy the top ")
            if !isCopying || line.contains("write(2, ") { continue }
            let errors = errors(of: call, line)
            let chosen = isNightly ? errors : [errors[faults.count % errors.count]]
            faults += chosen.map { Fault(call: call, number: counts[call] ?? 0, error: $0) }
            if line.contains("RENAME_EXCHANGE") { break }
        }
        return faults
    }

    /// Opening what is there and asking for flags takes no space.
    private static func errors(of call: String, _ line: Substring) -> [String] {
        let isReading = reading.contains(call) || call == "openat2" && !line.contains("O_CREAT") || line.contains("FS_IOC_GETFLAGS")
        return isReading ? ["EIO"] : ["ENOSPC", "EIO", "EDQUOT"]
    }
}
