internal import Basics

/// Whether a word means itself to a shell, and to whatever else reads it on the way there.
package func isPlainWord(_ word: String) -> Bool {
    !word.isEmpty
        && word.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
            default: "._/+:@%,=-".utf8.contains(byte)
            }
        }
}

/// A word as sh(1) takes it for itself.
package func shellWord(_ word: String) -> String {
    isPlainWord(word) ? word : "'" + word.escaping("'", as: #"'\''"#) + "'"
}
