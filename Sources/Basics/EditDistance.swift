/// How many bytes must be put in, taken out or replaced to make one text the other (Levenshtein).
package func editDistance(_ a: [UInt8], _ b: [UInt8]) -> Int {
    var previous = Array(0...b.count)
    for (row, byte) in a.enumerated() {
        var current = [row + 1]
        for (column, other) in b.enumerated() {
            let replaced = previous[column] + (byte == other ? 0 : 1)
            current.append(min(replaced, previous[column + 1] + 1, current[column] + 1))
        }
        previous = current
    }
    return previous[b.count]
}
