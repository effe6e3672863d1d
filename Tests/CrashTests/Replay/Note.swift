/// What the guest wrote of an operation: `begin 17`, or `end 17` and its result.
struct Note {
    let isEnd: Bool
    let operation: Int
    /// nil where none was printed.
    let result: String?

    init?(_ bytes: [UInt8]) {
        let words = String(decoding: bytes, as: UTF8.self).split(separator: " ").map { String($0) }
        guard words.count > 1, let number = Int(words[1]) else { return nil }
        isEnd = words[0] == "end"
        operation = number
        result = words.count > 2 ? words[2] : nil
    }
}
