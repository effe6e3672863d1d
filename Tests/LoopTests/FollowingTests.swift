import Foundation
import TestSupport
import Testing

extension OnDisk {
    /// `deploy --pull`, with a real engine and a real registry.
    struct FollowingTests {
        @Test func `what a registry has anew is pulled, looked at and deployed, and nothing where it is gone`() async throws {
            try await Disk.with(["mkfs.btrfs", "-q"], size: "512M") { disk in
                let engine = { (script: String) in
                    try await output(of: [Repository.path("Tests/Lab/with-engine"), disk.file, "docker-overlay2", script])
                }
                try await disk.detach()
                _ = try await engine("true")
                try await Deployable.with(disk.attached(), dataRoot: "docker") { machine in
                    try await machine.disk.detach()
                    _ = try await engine(Self.script(machine))
                    let disk = try await disk.attached()
                    let told = try await disk.look("cat told").split(separator: "== ").reduce(into: [String: String]()) {
                        $0[String($1.prefix { $0 != "\n" })] = String($1)
                    }
                    try expectAllTold(told)
                    // What was deployed last is what is booted.
                    let id = try #require(
                        try await disk.look("ls -t .docker-btrfs/deployments | grep -v left").split(separator: "\n").first)
                    let line = "root=\(disk.device) rootflags=subvol=docker_rwlayer docker_deployed=sha256:\(id) rw"
                    try await output(of: [Repository.embeddedInit, "--cmdline", line])
                    #expect(
                        try await disk.look("cat docker_rwlayer/etc/version; ls .docker-btrfs/deployments | grep -c -v left") == "4\n5\n")
                }
            }
        }

        @Test func `a signal ends the engine's pull too, and that is told`() async throws {
            try await Deployable.with { machine in
                let bin = "\(machine.disk.folder)/bin"
                let told = try await machine.disk.change(
                    """
                    mkdir '\(bin)'
                    printf '%s\\n' '#!/bin/sh' "echo \\$\\$ > '\(bin)/pid'" 'exec sleep 600' > '\(bin)/docker'
                    chmod 755 '\(bin)/docker'
                    PATH='\(bin)':$PATH \(machine.command("deploy --pull registry.lan/desk")) > /dev/null 2> '\(bin)/said' & process=$!
                    until [ -s '\(bin)/pid' ]; do kill -0 $process; sleep 0.1; done
                    kill -TERM $process
                    status=0
                    wait $process || status=$?
                    if kill "$(cat '\(bin)/pid')" 2> /dev/null; then exit 1; fi
                    echo $status
                    cat '\(bin)/said'
                    \(machine.command("status"))
                    """)
                let reason = "signal 15 interrupted the work"
                #expect(told.hasPrefix("143\nError: could not pull 'registry.lan/desk:latest': \(reason)\n"), "\(told)")
                #expect(told.contains("\n  could not pull registry.lan/desk:latest just now: \(reason)\n"), "\(told)")
            }
        }

        /// Publishes one version after the other in a registry, follows each, and writes what is said to `told`.
        private static func script(_ machine: Deployable) -> String {
            """
            \(SmallImage.context)
            start_registry
            pid=$!
            printf '%s\\n' '#!/bin/sh' "exec chroot '$tree' docker \\"\\$@\\"" > "$SCRATCH/docker"
            chmod 755 "$SCRATCH/docker"
            PATH=$SCRATCH:$PATH
            cd "$TOP"
            # So that it is in the registry alone.
            publish() {
                build "$registry/desk" "$context"
                in_tree docker push --quiet "$registry/desk"
                in_tree docker rmi --force "$registry/desk"
            }
            follow() { echo "== $1"; (\(machine.command("deploy --pull")) "${@:2}" 2>&1); }
            {
                echo 0 > "$context/version"
                build mine "$context"
                (\(machine.command("deploy")) mine)
                echo 1 > "$context/version"
                publish
                follow first "$registry/desk"
                follow again
                echo 2 > "$context/version"
                publish
                follow planned --dry-run
                follow newer
                \(machine.command("rollback"))
                follow standing
                \(machine.command("rollback"))
                for version in 3 4; do echo "$version" > "$context/version"; publish; follow "pruned-$version" --prune; done
                # What was deployed by hand is gone back from too.
                echo 5 > "$context/version"
                publish
                in_tree docker pull --quiet "$registry/desk"
                (\(machine.command("deploy")) "$registry/desk")
                \(machine.command("rollback"))
                follow left
                printf 'FROM scratch\\nCOPY version /etc/version\\n' > "$context/Dockerfile"
                publish
                ! follow refused
                \(machine.command("status"))
                kill "$pid"
                follow gone
                \(machine.command("status"))
                ! follow unnamed desk
            } | tee told
            """
        }

        /// `told` has what was said of each step, by its name.
        private func expectAllTold(_ told: [String: String]) throws {
            let first = try #require(told["first"])
            #expect(first.contains(/\npull 127\.0\.0\.1:\d+\/desk:latest with docker\n/))
            #expect(first.contains(/: sha256:[0-9a-f]{64}, image [0-9a-f]{12}\n/) && first.contains("\nnext boot: 127.0.0.1:"))
            #expect(told["again"]?.contains(", nothing new\n") == true)
            #expect(told["planned"]?.contains("\npull 127.0.0.1:") == true && told["planned"]?.contains("next boot") == false)
            #expect(told["newer"]?.contains("; the way back is 127.0.0.1:") == true)
            #expect(told["standing"]?.contains("is not the next boot: 'docker-btrfs deploy 127.0.0.1:") == true)
            #expect(told["standing"]?.contains(", nothing new\n") == true)
            #expect(told["pruned-3"]?.contains("nothing is to be removed\n") == true, "\(told)")
            let pruned = try #require(told["pruned-4"])
            #expect(pruned.contains("\nremoved 127.0.0.1:") && !pruned.contains("\nremoved mine"), "\(pruned)")
            let left = try #require(told["left"])
            #expect(
                left.contains(", nothing new\nnote: image ") && left.contains(" is not the next boot: 'docker-btrfs deploy"),
                "\(left)")
            #expect(told["refused"]?.contains("mine:latest") == true, "what was deployed by hand stays")
            let refused = try #require(told["refused"])
            #expect(refused.contains("Error: could not deploy '127.0.0.1:") && refused.contains(": kernel: there is none\n"))
            #expect(refused.contains(": failed: could not deploy '127.0.0.1:"))
            let gone = try #require(told["gone"])
            #expect(gone.contains("note: could not pull '127.0.0.1:") && gone.contains("; it is as if there were nothing new\n"))
            #expect(gone.contains("\n  could not pull 127.0.0.1:"))
            #expect(told["unnamed"]?.contains("its name has no registry, and it may have been built here\nhint: ") == true)
        }
    }
}
