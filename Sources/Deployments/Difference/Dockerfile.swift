internal import Basics
internal import Programs

/// Instructions of a Dockerfile whose words are taken as they are, whatever is in them.
///
/// Words that mean nothing to Docker or to a shell stand there as a person writes them. Others are in the JSON form: it has no shell,
/// but in COPY variables and quotes are still looked for, and names of sources are patterns.
enum Dockerfile {
    /// As many bytes as one argument of a program may surely have, with what JSON makes of them; a line has its limit there too.
    private static let longestScript = 30_000
    private static let longestLine = 100

    /// The commands, one after the other until one fails, in as few instructions as there can be; first those whose words are plain:
    /// a command with a plain path needs none that has another one.
    static func run(_ commands: [[String]]) -> [String] {
        let isSimple = { (command: [String]) in command.allSatisfy(isPlainWord) }
        return instructions(commands.filter(isSimple)) + instructions(commands.filter { !isSimple($0) })
    }

    private static func instructions(_ commands: [[String]]) -> [String] {
        var lines: [String] = []
        var rest = commands[...]
        while !rest.isEmpty {
            var (count, size) = (0, 0)
            for command in rest {
                size += command.reduce(4) { $0 + $1.utf8.count + 3 }
                if count > 0 && size > longestScript { break }
                count += 1
            }
            lines.append(instruction(rest.prefix(count)))
            rest = rest.dropFirst(count)
        }
        return lines
    }

    private static func instruction(_ commands: ArraySlice<[String]>) -> String {
        if commands.allSatisfy({ $0.allSatisfy(isPlainWord) }) {
            return "RUN " + commands.map { wrapped($0, "    ") }.joined(separator: " \\\n && ")
        }
        let script = commands.map { $0.map(shellWord).joined(separator: " ") }.joined(separator: "\n")
        return "RUN " + JSONOutput.array(["/bin/sh", "-ec", script].map { .string($0) }).line
    }

    /// `target` is a directory where there are several sources, or one that is a directory.
    static func copy(_ sources: [String], to target: String, owner: UInt32, group: UInt32) -> String {
        let flag = owner == 0 && group == 0 ? [] : ["--chown=\(owner):\(group)"]
        let words = sources + [target]
        if words.allSatisfy(isPlainWord) { return wrapped(["COPY"] + flag + words, "    ") }
        let escaped = sources.map { word(pattern($0)) } + [word(target)]
        return
            (["COPY"] + flag + [
                "[" + escaped.map { JSONOutput.array([.string($0)]).line.dropFirst().dropLast() }.joined(separator: ", ") + "]"
            ])
            .joined(separator: " ")
    }

    private static func wrapped(_ words: [String], _ indent: String) -> String {
        var (text, width) = ("", 0)
        for word in words {
            if width > 0 && width + word.utf8.count > longestLine {
                text += " \\\n\(indent)"
                width = 0
            } else if width > 0 {
                text += " "
            }
            text += word
            width += word.utf8.count + 1
        }
        return text
    }

    /// Docker takes quotes away and puts variables in, in JSON too.
    private static func word(_ text: String) -> String { escaped(text, #"\$'""#) { "\\" + $0 } }

    /// Go's filepath.Match.
    private static func pattern(_ text: String) -> String { escaped(text, #"*?[\"#) { $0 == "\\" ? #"[\\]"# : "[\($0)]" } }

    private static func escaped(_ text: String, _ characters: String, _ escape: (String) -> String) -> String {
        var result = ""
        for scalar in text.unicodeScalars { result += characters.unicodeScalars.contains(scalar) ? escape(String(scalar)) : String(scalar) }
        return result
    }
}
