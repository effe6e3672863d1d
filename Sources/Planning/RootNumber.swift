internal import Basics

/// The numbers of roots: those of one name are numbered as they are made, from 1 on.
public enum RootNumber {
    /// More roots than any machine boots. A number above it was made up: it counts for nothing, so that there is always a next one.
    public static let highest = 1_000_000_000

    /// The number that digits stand for, which may be too high; nil for anything else.
    public static func read(_ digits: some Collection<UInt8>) -> Int? {
        digits.first == UInt8(ascii: "-") ? nil : clampedNumber(digits)
    }

    /// One more than the highest of these that counts.
    public static func next(after numbers: [Int]) -> Int {
        numbers.filter { $0 <= highest }.reduce(0, max) + 1
    }
}
