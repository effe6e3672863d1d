import ArgumentParser
import Basics
import Deployments
import Glibc
import LayerContent

struct CheckCommand: ParsableCommand, TakesName {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Tell whether an image can boot this machine, and the line that mends it.",
        discussion: """
            It is looked at as it would be booted, with the top layer over it; so it is for a machine after 'setup'. The exit status \
            is 1 where it cannot boot, 2 where it could not be looked at. With --format json one object a line: weight (error or warning), \
            subject, text, remedy; with status 2 it is one of the subject image. --content reads all files of the image instead, in the store and where a deployment holds them, and compares them with the sizes \
            and checksums that the engine recorded: after a power cut some may be empty. With --format json one object a line for each file \
            that is not as it was: part, path, reason; where nothing is recorded, one without a path. The exit status is 1 for both; with \
            status 2 the one has no part either.
            """
    )
    static let completed = CompletedNames.images

    @Argument(help: "The image, as Docker names it.", completion: .names(completed))
    var image: String

    @Flag(help: "Whether its files are what the engine recorded, instead.")
    var content = false

    @Option(help: "text, or json for other programs.")
    var format = OutputFormat.text

    @OptionGroup var place: SitePlace

    func run() throws {
        do { if content { try checkContent() } else { try checkBoot() } } catch let failure as Failure {
            throw unjudged(failure, format == .json ? line(of: failure) : nil)
        }
    }

    private func checkBoot() throws {
        let (title, findings) = try place.site(loader: .ifFound).check(image)
        let errors = findings.filter { $0.weight == .error }.count
        switch format {
        case .json: for finding in findings { print(finding.line) }
        case .text:
            let warnings = findings.count - errors
            let how =
                errors > 0
                ? "cannot boot here"
                : warnings == 0 ? "can boot here" : "can boot here, with \(counted(warnings, "warning"))"
            let colours = Colours.current
            print("\(title) \(colours.paint(how, errors > 0 ? .red : warnings > 0 ? .yellow : .green))")
            for finding in findings { finding.show(indentation: "    ") }
        }
        if errors > 0 { throw ExitCode.failure }
    }

    /// As of what is wrong with an image that was looked at.
    private func line(of failure: Failure) -> String {
        let members: [(String, JSONOutput)] =
            content
            ? [("part", .null), ("path", .null), ("reason", .string(failure.note))]
            : [
                ("weight", .string(ImageFinding.Weight.error.rawValue)), ("subject", .string("image")),
                ("text", .string(failure.message)), ("remedy", .text(failure.hint)),
            ]
        return JSONOutput.object(members).line
    }

    private func checkContent() throws {
        let site = try place.site(loader: .ifFound)
        let content = try showingProgress { progress throws(Failure) in try site.checkContent(image, progress: progress) }
        if !content.isRecorded {
            let reason = "nothing could be compared: the store has no record of its files"
            switch format {
            case .json:
                print(JSONOutput.object([("part", .string("the store")), ("path", .null), ("reason", .string(reason))]).line)
            case .text: show("\(content.title): \(reason)")
            }
            throw ExitCode.failure
        }
        let remedy = content.remedy(on: site)
        switch format {
        case .json:
            for part in content.parts {
                for difference in part.differences { print(difference.line(of: part)) }
            }
        case .text:
            for part in content.parts {
                let count = part.differences.count
                let state = count == 0 ? "are as they were recorded" : "were looked at, and \(count) of them are not as they were recorded"
                show("\(content.title) in \(part.name): \(part.count.files) files \(state)")
                for difference in part.differences { show("    \(difference.path): \(difference.reason)") }
            }
            if let remedy { show("hint: \(remedy)") }
        }
        for layer in content.parts.flatMap(\.unrecorded) { tell(note: "nothing is recorded of the files of the layer '\(layer)'") }
        if remedy != nil { throw ExitCode.failure }
    }
}

extension ContentCheck.Difference {
    fileprivate func line(of part: ImageContent.Part) -> String {
        JSONOutput.object([("part", .string(part.name)), ("path", .string(path.description)), ("reason", .string(reason))]).line
    }
}

extension ImageFinding {
    fileprivate var line: String { json.line }

    /// It has text from outside, which never goes to a terminal as it is.
    func show(indentation: String = "") {
        let colour = weight == .error ? Colour.red : .yellow
        print("\(indentation)\(Colours.current.paint(weight.rawValue, colour)): \(display("\(subject): \(text)".utf8))")
        print("    hint: \(display(remedy.utf8))")
        fflush(nil)
    }

    var json: JSONOutput {
        .object([
            ("weight", .string(weight.rawValue)), ("subject", .string(subject.rawValue)), ("text", .string(text)),
            ("remedy", .string(remedy)),
        ])
    }
}
