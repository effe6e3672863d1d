internal import Basics

/// Seconds since 1970 of a time as engines write it in JSON (RFC 3339): `2026-11-25T23:29:41.39650089Z`. nil for anything else.
func seconds(ofTimestamp text: String) -> Int? {
    let bytes = Array(text.utf8)
    guard bytes.count >= 20, let year = number(bytes[0..<4]), let month = number(bytes[5..<7]), let day = number(bytes[8..<10]),
        let hour = number(bytes[11..<13]), let minute = number(bytes[14..<16]), let second = number(bytes[17..<19]),
        let shift = offset(bytes[19...])
    else { return nil }
    guard (1...12).contains(month) else { return nil }
    return ((days(year, month, day) * 24 + hour) * 60 + minute - shift) * 60 + second
}

/// Days since 1970 in the Gregorian calendar, with years that begin in March.
private func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
    let year = month > 2 ? year : year - 1
    let past = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
    return year * 365 + year / 4 - year / 100 + year / 400 + past - 719_468
}

/// The minutes before UTC that end such a text, after a fraction of a second.
private func offset(_ rest: ArraySlice<UInt8>) -> Int? {
    let zone = rest.drop { isDigit($0) || $0 == UInt8(ascii: ".") }
    if zone.elementsEqual("Z".utf8) { return 0 }
    let digits = Array(zone)
    guard digits.count == 6, let hours = number(digits[1..<3]), let minutes = number(digits[4..<6]) else { return nil }
    return (digits[0] == UInt8(ascii: "-") ? -1 : 1) * (hours * 60 + minutes)
}

private func number(_ digits: ArraySlice<UInt8>) -> Int? {
    if !digits.allSatisfy(isDigit) { return nil }
    return digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
}
