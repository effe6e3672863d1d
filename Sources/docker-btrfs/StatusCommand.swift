import ArgumentParser
import Basics
import Boot
import Deployments
import Glibc

struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show what is booted, what the next boot takes, and what there is to go back to.",
        discussion: """
            With --format json one object: version; booted (reference, id, root, made, good, kernel) or null; deployments, the next one \
            first, which is what the menu boots when nobody chooses, each with reference, id, kernel, made (seconds since 1970), booted, \
            next, once, good, tries, failed_before (tries that count no more, for it was asked for once more) and damage; update (time, \
            name, image, deployed, failure), what came of the last deploy --pull, or null, also where that failed and another name was \
            deployed after it; notes.
            """
    )

    @Option(help: "text, or json for other programs.")
    var format = OutputFormat.text

    @OptionGroup var place: SitePlace

    func run() async throws {
        let inventory = try await Inventory(of: place.site())
        switch format {
        case .json: print(inventory.json.text, terminator: "")
        case .text:
            print(inventory.text)
            if let update = inventory.update { print("\n  \(update.text(now: inventory.now))") }
            if !inventory.notes.isEmpty { print("") }
            for note in inventory.notes { print("  \(Colours.current.paint(note, .yellow))") }
        }
    }
}

/// `2 days ago`, for seconds since 1970.
func age(of time: Int, now: Int) -> String {
    // The time may be any number: whoever works in a root can change what it says of itself.
    let (past, overflows) = now.subtractingReportingOverflow(time)
    let seconds = overflows ? 0 : max(0, past)
    let units = [(86400 * 7, "week"), (86400, "day"), (3600, "hour"), (60, "minute")]
    for (size, name) in units where seconds >= size {
        return "\(counted(seconds / size, name)) ago"
    }
    return "just now"
}

extension Inventory {
    fileprivate var text: String {
        var rows: [[String]] = []
        var colours: [Colour?] = []
        if let booted {
            colours.append(booted.isGood ? .green : .yellow)
            let good = booted.isGood ? "good" : "not known to be good"
            rows.append([
                "● booted", booted.reference, short(booted.imageID), "kernel \(booted.release ?? "?")",
                "root \(booted.number), \(age(of: booted.made, now: now)), \(good)",
            ])
        }
        let hasOnce = items.contains(where: \.isNextOnce)
        for item in items.filter(\.isNextOnce) + items.filter({ !$0.isNextOnce }) {
            // The next boot, when it is the same again, needs no second line that says the same.
            colours.append(item.damage != nil ? .red : item.hasFailed ? .yellow : item.isGood ? .green : nil)
            let word = item.isNextOnce ? "  once" : item.isNext ? "  next" : item.isChosen ? "  chosen" : "  before"
            let turn = item.isNextOnce ? ", the next boot alone" : item.isNext && hasOnce ? ", after that" : ""
            let state = (item.damage ?? item.knownBoots) + turn
            rows.append([
                word, item.deployment.reference.description, short(item.deployment.imageID.description),
                "kernel \(item.deployment.release)",
                "\(item.isNext ? "deployed " : "")\(age(of: item.deployment.made, now: now)), \(state)",
            ])
        }
        if rows.isEmpty { return "nothing was deployed yet: docker-btrfs deploy IMAGE" }
        return table(rows) { row, column in column == 4 ? colours[row] : nil }
    }

    private func short(_ id: String) -> String { String(id.dropFirst("sha256:".count).prefix(12)) }

    fileprivate var json: JSONOutput {
        .object([
            ("version", .string(version)),
            (
                "booted",
                booted.map { booted in
                    .object([
                        ("reference", .string(booted.reference)), ("id", .string(booted.imageID)), ("root", .integer(booted.number)),
                        ("made", .integer(booted.made)), ("good", .boolean(booted.isGood)),
                        ("kernel", .text(booted.release)),
                    ])
                } ?? .null
            ),
            ("deployments", .array(items.map(\.json))), ("update", update?.json ?? .null), ("notes", .array(notes.map { .string($0) })),
        ])
    }
}

extension Update {
    fileprivate func text(now: Int) -> String {
        let when = age(of: time, now: now)
        let pull = "could not pull '\(name)': "
        if let failure, failure.hasPrefix(pull) { return "could not pull \(name) \(when): \(failure.dropFirst(pull.count))" }
        let result = failure.map { "failed: \($0)" } ?? deployed.map { "deployed image \($0.prefix(12))" } ?? "nothing new"
        return "pulled \(name) \(when): \(result)"
    }
}

extension Inventory.Item {
    fileprivate var hasFailed: Bool { tries > 0 || !isGood && failedBefore > 0 }

    fileprivate var knownBoots: String {
        let count = tries == 1 ? "the last boot was not" : "the last \(tries) boots were not"
        if isGood { return tries > 0 ? "good before, \(count)" : "good" }
        let all = tries + failedBefore
        if all == 0 { return "not booted yet" }
        return "\(all) \(all == 1 ? "try" : "tries"), none good" + (tries == 0 ? ", to be tried anew" : "")
    }

    fileprivate var json: JSONOutput {
        .object([
            ("reference", .string(deployment.reference.description)), ("id", .string(deployment.imageID.description)),
            ("kernel", .string(deployment.release)), ("made", .integer(deployment.made)), ("booted", .boolean(isBooted)),
            ("next", .boolean(isNext)), ("once", .boolean(isNextOnce)), ("good", .boolean(isGood)), ("tries", .integer(tries)),
            ("failed_before", .integer(failedBefore)), ("damage", .text(damage)),
        ])
    }
}
