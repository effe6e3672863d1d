import TestSupport
import Testing

/// A Debian that other engines than the lab's own left in their stores, as most people have them.
struct EngineTests {
    @Test(
        arguments: [
            ("docker-overlay2", "docker_path=docker"), ("docker-containerd-overlayfs", "docker_path=docker"),
            ("containerd-overlayfs", "docker_path=containerd docker_namespace=default"), ("podman-overlay", "docker_path=storage"),
        ])
    func `its layers are merged, and it boots with all of its services`(_ engine: String, _ path: String) async throws {
        try await Machine.with(\.disk, in: .userMode) { machine, _ in
            let told = try await Lab.change(machine.disk, engine: engine, Self.build)
            let id = try #require(told.split(separator: "\n").last?.split(separator: " ").last)
            let line = try "\(Lab.menuEntry()) \(path) docker_image=debian_guest"
            let answers = try await machine.answers(line, log: engine, to: Self.questions)
            #expect(answers.text == "of two layers\nno documents\n1\nrunning\n")
            #expect(answers.report?.imageId == String(id))
            #expect(answers.report?.notes == [])
            #expect(answers.console.told.contains { $0.contains("merge ") && $0.contains(" layers to '/.docker-btrfs/layers/") })
        }
    }

    /// Builds the lab's image once more, from the files that the lab's Docker has.
    private static let build = """
        context=$(mktemp -d -p "$SCRATCH"); trap 'rm -rf "$context"' EXIT
        layer=$('\(Repository.companion)' images --data-root "$TOP/docker" | awk '/sample_image/ { print $NF; exit }')
        tar --create --xattrs --xattrs-include='*' --directory "$layer" --file "$context/root.tar" .
        cat > "$context/Dockerfile" << 'END'
        FROM scratch
        ADD root.tar /
        RUN ["/bin/sh", "-ec", "rm -r /usr/share/doc && echo 'of two layers' > /etc/layers"]
        END
        build debian_guest "$context" > /dev/null
        list | grep debian_guest
        """

    private static let questions = """
        cat /etc/layers
        [ -e /usr/share/doc ] || echo 'no documents'
        cat /etc/image-version
        systemctl is-system-running
        """
}
