internal import Basics

/// Whether a word means itself to a shell, and to whatever else reads it on the way there.
package func isPlainWord(_ word: String) -> Bool {
    !word.isEmpty && word.utf8.allSatisfy { isAlphanumeric($0) || "._/+:@%,=-".utf8.contains($0) }
}

/// A word as sh(1) takes it for itself.
package func shellWord(_ word: String) -> String {
    isPlainWord(word) ? word : "'" + word.escaping("'", as: #"'\''"#) + "'"
}

/// The same for a line that is shown to a person, who may give it to a shell: what a terminal would obey is written as bash(1) and others read
/// it between `$'` and `'`.
package func typedWord(_ word: String) -> String {
    let shown = display(word.utf8)
    return shown == word ? shellWord(word) : "$'" + display(word.escaping("\\", as: #"\\"#).escaping("'", as: #"\'"#).utf8) + "'"
}
