public import Basics
internal import CLinux

/// docker-btrfs-init beside the running program, else where it is installed.
public func initBesideCompanion() throws(Failure) -> String {
    var target = [CChar](repeating: 0, count: 4096)
    let length = readlink("/proc/self/exe", &target, target.count - 1)
    if length < 0 { throw .system("find this program") }
    let folder = String(decoding: target[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self).split(separator: "/").dropLast()
    let beside = "/" + (folder + ["docker-btrfs-init"]).joined(separator: "/")
    return access(beside, F_OK) == 0 ? beside : "/usr/bin/docker-btrfs-init"
}

/// The time that reproducible builds give all their files; nil where the environment has none.
public func sourceDateEpoch() throws(Failure) -> Int? {
    guard let value = getenv("SOURCE_DATE_EPOCH") else { return nil }
    let text = String(cString: value)
    if let seconds = UInt32(text) { return Int(seconds) }
    throw Failure("could not take SOURCE_DATE_EPOCH '\(text)' for a time: it is not a number of seconds since 1970")
}

/// A line for standard error.
public func printError(_ line: String) {
    let bytes = Array((line + "\n").utf8)
    _ = linux_write_all(2, bytes, bytes.count)
}
