import Foundation
import Planning
import Testing

private let rewriting = "DOCKER_BTRFS_REWRITE_GOLDEN"

/// Compares what a plan prints with `Golden/<name>.plan`.
func expectGolden(_ plan: Plan, _ name: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Golden")
    let file = folder.appending(path: "\(name).plan")
    if ProcessInfo.processInfo.environment[rewriting] != nil {
        try Data(withNames(plan.description).utf8).write(to: file)
        Issue.record("wrote \(file.path): look at what git diff says, then run without \(rewriting)", sourceLocation: sourceLocation)
    }
    let found = withNames(plan.description)
    let golden = try String(contentsOf: file, encoding: .utf8)
    #expect(
        found == golden,
        "if this plan is what is wanted, \(rewriting)=1 swift test --filter BootTests writes it to \(file.path)",
        sourceLocation: sourceLocation
    )
}
