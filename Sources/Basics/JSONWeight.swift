/// What a JSON document takes in memory once it is parsed, judged from its bytes alone.
///
/// jansson needs 228 bytes for each `{}`, so that a file of 60 MiB would take 4.8 GB of a machine that is about to boot.
enum JSONWeight {
    /// In bytes. A `repositories.json` with 5,000 images of three names each takes 9 MiB.
    static let limit = 10 << 20
    /// Of one text, which is in memory several times while it is read and told of. Labels of images have tens of KiB.
    private static let longest = 256 << 10
    /// What an object, an array, and a member or an element take; measured with jansson 2.14 and rounded up.
    private static let object = 240
    private static let array = 112
    private static let member = 112

    static func check(_ bytes: [UInt8], name: String) throws(Failure) {
        var weight = bytes.count
        var isEscaped = false
        // nil outside of a text; what is inside is in the document too.
        var length: Int?
        for byte in bytes {
            if let text = length {
                length = text + 1
                weight += 1
                if text > longest { throw Failure("could not read '\(name)': it has a text of more than \(longest >> 10) KiB") }
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    length = nil
                }
            } else {
                switch byte {
                case UInt8(ascii: "\""): length = 0
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
