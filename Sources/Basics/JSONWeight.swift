/// What a JSON document takes in memory once it is parsed, judged from its bytes alone.
///
/// jansson needs 228 bytes for each `{}`, so that a file of 60 MiB would take 4.8 GB of a machine that is about to boot.
enum JSONWeight {
    /// In bytes. A `repositories.json` with 5,000 images of three names each takes 6 MiB.
    static let limit = 8 << 20
    /// What an object, an array, and a member or an element take; measured with jansson 2.14 and rounded up.
    private static let object = 240
    private static let array = 112
    private static let member = 112

    static func check(_ bytes: [UInt8], name: String) throws(Failure) {
        var weight = bytes.count
        var isText = false
        var isEscaped = false
        for byte in bytes {
            if isEscaped {
                isEscaped = false
            } else if isText {
                if byte == UInt8(ascii: "\"") { isText = false }
                if byte == UInt8(ascii: "\\") { isEscaped = true }
            } else {
                switch byte {
                case UInt8(ascii: "\""): isText = true
                case UInt8(ascii: "{"): weight += object
                case UInt8(ascii: "["): weight += array
                case UInt8(ascii: ","), UInt8(ascii: ":"): weight += member
                default: break
                }
            }
            if weight > limit { throw Failure("could not read '\(name)': it has more values than such a file ever has") }
        }
    }
}
