internal import CLinux

// What a number from a disk means that no sane program wrote there. Whoever can write to a disk can write any number to it, a user
// of the booted system too: `touch --date=2300-01-01`. So nothing is calculated with such a number but here.

extension Int {
    /// Nanoseconds since 1970; the first or the last moment that there is a number for, where the time is before or after it.
    init(nanosecondsOf time: timespec) {
        self = time.tv_sec.clampedProduct(with: 1_000_000_000).clampedSum(with: time.tv_nsec)
    }

    /// The sum, or the number that is nearest to it.
    package func clampedSum(with other: Int) -> Int {
        let (sum, isTooLarge) = addingReportingOverflow(other)
        if isTooLarge { return other < 0 ? .min : .max }
        return sum
    }

    /// The product, or the number that is nearest to it.
    package func clampedProduct(with other: Int) -> Int {
        let (product, isTooLarge) = multipliedReportingOverflow(by: other)
        if isTooLarge { return (self < 0) == (other < 0) ? .max : .min }
        return product
    }
}

/// The number that decimal digits stand for, which may have a minus sign; the nearest number that there is, where they are too
/// many. nil for anything else.
package func clampedNumber(_ digits: some Collection<UInt8>) -> Int? {
    let isNegative = digits.first == UInt8(ascii: "-")
    let rest = isNegative ? digits.dropFirst() : digits[...]
    if rest.isEmpty { return nil }
    var number = 0
    for digit in rest {
        guard isDigit(digit) else { return nil }
        number = number.clampedProduct(with: 10).clampedSum(with: Int(digit - UInt8(ascii: "0")))
    }
    return isNegative ? -number : number
}
