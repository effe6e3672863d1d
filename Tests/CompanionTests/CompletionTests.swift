import ArgumentParser
import Foundation
import TestSupport
import Testing

@testable import docker_btrfs

/// What bash is told, which takes names of images apart where they have a ':'.
struct CompletionTests {
    /// Stands in for the program: four images that begin with the last word.
    private static let program = """
        #!/bin/bash
        for name in desktop:latest desktop:next other:one tools; do [[ $name != "${@: -1}"* ]] || echo "$name"; done
        """

    /// COMP_WORDS as bash makes them, and what it gets.
    private static let script = """
        source "$1/completion"; PATH=$1:$PATH
        compopt() { true; }
        COMP_LINE=$2; COMP_POINT=${#2}
        read -ra COMP_WORDS <<< "${2//:/ : }"; [[ $2 != *[[:blank:]] ]] || COMP_WORDS+=('')
        COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); current=${COMP_WORDS[COMP_CWORD]}; [[ $current != : ]] || current=
        __docker-btrfs_names docker-btrfs "$current" "${COMP_WORDS[COMP_CWORD - 1]}"
        echo "${COMPREPLY[@]}"
        """

    /// bash expands the words that it chooses from.
    @Test func `a name in which a shell would find something to run is not completed`() {
        let names = ["x$(touch${IFS}/tmp/x)", "`id`", "a b", "a;b", "a\"b", "a'b", "a\\b", "~x", "*", "{a,b}", "a\nb", "ä"]
        let plain = ["desktop:latest", "reg.lan:5000/team/x-1_y", "debian@sha256:00ff", "7"]
        #expect(CompletedNames.harmless(names + plain) == plain)
    }

    @Test(
        arguments: [
            ("deploy desk", "desktop:latest desktop:next"), ("deploy desktop:", "latest next"), ("deploy desktop:l", "latest"),
            ("deploy to", "tools"), ("check other:", "one"), ("deploy desktop:latest --onc", "--once"), ("rollback desktop:n", "next"),
            ("depl", "deploy"), ("deploy desktop:latest", "latest"), ("deploy none:", ""),
        ])
    func `bash completes the names of images`(typed: String, expected: String) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let program = folder.appending(path: "docker-btrfs")
        try Data(Self.program.utf8).write(to: program)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: program.path)
        let own = try String(contentsOfFile: Repository.path("install/package/completion.bash"), encoding: .utf8)
        try Data((DockerBtrfs.completionScript(for: .bash) + own).utf8).write(to: folder.appending(path: "completion"))
        #expect(
            try await output(of: ["bash", "-c", Self.script, "bash", folder.path, "docker-btrfs \(typed)"]) == expected + "\n")
    }
}
