public import Basics
internal import CLinux

/// The time that reproducible builds give all their files; nil where the environment has none.
public func sourceDateEpoch() throws(Failure) -> Int? {
    guard let value = getenv("SOURCE_DATE_EPOCH") else { return nil }
    let text = String(cString: value)
    if let seconds = UInt32(text) { return Int(seconds) }
    throw Failure("could not take SOURCE_DATE_EPOCH '\(text)' for a time: it is not a number of seconds since 1970")
}
