import ArgumentParser
import DiskImages

struct GrowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "grow",
        abstract: "Let the btrfs have all of a disk that was made larger.",
        discussion: """
            The partition of the btrfs, the last one of a GPT, is made to end where the disk does, and the btrfs with it, while both are in \
            use. Disks of 'image' do so at each boot. Where there is no more room, nothing is written.
            """
    )

    @Argument(help: "Where the btrfs is mounted.", completion: .directory)
    var directory = "/"

    @Flag(help: "Print what would be done, one line each, and change nothing.")
    var dryRun = false

    func run() throws {
        let growth = try Growth(of: directory)
        if growth.lines.isEmpty { return show("the btrfs has all of its disk") }
        if dryRun { growth.lines.forEach(show) } else { try growth.perform(say: show) }
    }
}
