import ArgumentParser
import Basics
import Foundation
import TestSupport
import Testing

@testable import docker_btrfs

struct RehearsalOptionsTests {
    @Test func `where the screen cannot be written is said before anything is booted`() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        let file = folder.appending(path: "screen.png").path
        for command in [["rehearse"], ["deploy", "--rehearse"]] {
            let error = #expect(throws: (any Error).self) { try DockerBtrfs.parseAsRoot(command + ["--screenshot", file]) }
            let reason = "--screenshot: could not write to the directory '\(folder.path)': No such file or directory"
            #expect(error.map { DockerBtrfs.message(for: $0) } == reason)
        }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        #expect(try RehearseCommand.parse(["--screenshot", file]).choices.screenshot == file)
    }

    @Test func `what could not be rehearsed is no bad boot`() async throws {
        let words = ["rehearse", "--top-level", "/nowhere", "--format", "json"]
        let outcome = try await run([Repository.ordinaryCompanion] + words)
        #expect(outcome.status == 2 && outcome.errors.hasPrefix("Error: could not "), "\(outcome)")
        #expect(outcome.output.hasPrefix(#"{"image": null, "id": null, "verdict": null, "reason": "could not "#), "\(outcome)")
        #expect(outcome.output.hasSuffix("\", \"seconds\": 0, \"console\": []}\n"), "\(outcome)")
    }

    @Test func `and other programs are told too what to do then`() {
        let line = RehearsalEnd.json(of: Failure("could not do it", hint: "do another thing"), image: "x")
        #expect(line.contains(#""verdict": null, "reason": "could not do it; do another thing", "#))
    }

    @Test(arguments: [
        ["--rehearsal-firmware", "uefi"], ["--rehearsal-time", "9"], ["--rehearsal-memory", "99"], ["--rehearsal-folder", "/tmp"],
        ["--grub", "/tmp"], ["--screenshot", "/tmp/no-such-screen.png"],
    ])
    func `deploy takes nothing that is said of a rehearsal without one`(option: [String]) {
        let error = #expect(throws: (any Error).self) { try DockerBtrfs.parseAsRoot(["deploy"] + option) }
        #expect(error.map { DockerBtrfs.message(for: $0) } == "\(option[0]) goes with --rehearse")
        #expect(throws: Never.self) { try DockerBtrfs.parseAsRoot(["deploy", "--rehearse"] + option) }
    }
}
