import ArgumentParser
import Basics
import Deployments

struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Tell whether an image can boot this machine, and the line that mends it.",
        discussion: """
            It is looked at as it would be booted: with the top layer over it. The exit status is 1 where it cannot boot. With --format \
            json one object a line: weight (error or warning), subject, text, remedy.
            """
    )

    @Argument(help: "The image, as Docker names it.")
    var image: String

    @Option(help: "text, or json for other programs.")
    var format = OutputFormat.text

    @OptionGroup var place: SitePlace

    func run() throws {
        let (title, findings) = try place.site().check(image)
        let errors = findings.filter { $0.weight == .error }.count
        switch format {
        case .json: for finding in findings { print(finding.line) }
        case .text:
            let warnings = findings.count - errors
            let how =
                errors > 0
                ? "cannot boot here"
                : warnings == 0 ? "can boot here" : "can boot here, with \(warnings) warning\(warnings == 1 ? "" : "s")"
            print("\(title) \(how)")
            for finding in findings {
                print("    \(finding.weight.rawValue): \(finding.subject): \(finding.text)\n    hint: \(finding.remedy)")
            }
        }
        if errors > 0 { throw ExitCode.failure }
    }
}

extension ImageFinding {
    fileprivate var line: String {
        let object = JSONOutput.object([
            ("weight", .string(weight.rawValue)), ("subject", .string(subject)), ("text", .string(text)), ("remedy", .string(remedy)),
        ])
        return object.line
    }
}
