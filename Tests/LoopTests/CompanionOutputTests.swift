import Basics
import Foundation
import TestSupport
import Testing

extension OnDisk {
    /// What the companion says to other programs, and as a plug-in of the Docker CLI.
    struct CompanionOutputTests {
        private func object(_ text: some StringProtocol) throws -> [String: Any] {
            try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        }

        @Test func `the plan as JSON: a new root, a copy, one that stays, and none`() async throws {
            try await Disk.withStore { disk, store in
                let configuration = "\(disk.folder)/docker-btrfs.json"
                let plan = { (words: String) async throws in
                    let line = disk.line(keeping: words)
                    _ = try disk.bootCommand(line)
                    let outcome = try await run([
                        Repository.companion, "plan", "--format", "json", "--cmdline", line.text, "--config", configuration,
                    ])
                    return (try object(outcome.output), outcome.status)
                }
                let id = try #require(store.images["sample_image:latest"]).id
                let new = try await plan("")
                #expect(new.1 == 0 && new.0["verdict"] as? String == "new" && new.0["root"] as? Int == 1)
                #expect(new.0["image"] as? String == "sample_image:latest" && new.0["id"] as? String == id)
                let steps = try await disk.plan(disk.line(keeping: "")).split(separator: "\n").map(String.init)
                #expect(new.0["steps"] as? [String] == steps && !steps.isEmpty && new.0["notes"] as? [String] == [])

                for _ in 1...2 { try await disk.bootWell(disk.line(keeping: "docker_mode=persist docker_image=sample_image:latest")) }
                let stay = try await plan("docker_mode=persist")
                #expect(stay.0["verdict"] as? String == "stay" && stay.0["root"] as? Int == 1 && stay.0["id"] as? String == id)
                try await disk.bootWell(disk.line(keeping: ""))
                let copy = try await plan("docker_root=previous")
                #expect(copy.0["verdict"] as? String == "copy" && copy.0["root"] as? Int == 3)
                #expect(copy.0["notes"] as? [String] == ["going on with root 1 ('sample_image:latest'), as it was left (docker_root=)"])

                let refused = try await plan("docker_image=nope")
                #expect(refused.1 == 1 && refused.0["verdict"] as? String == "refused" && refused.0["image"] as? String == "nope")
                #expect((refused.0["notes"] as? [String])?.first == "could not find image 'nope:latest' in /docker (docker, btrfs driver)")
                // What was asked for may not be known.
                let line = "quiet"
                let unknown = try await TestSupport.run([Repository.companion, "plan", "--format", "json", "--cmdline", line])
                #expect(unknown.status == 1 && unknown.errors == "")
                #expect(try object(unknown.output)["verdict"] as? String == "refused" && object(unknown.output)["image"] is NSNull)
                #expect(refused.0["id"] is NSNull && refused.0["root"] is NSNull && refused.0["steps"] as? [String] == [])
            }
        }

        @Test func `an answer that could not be written is an error, and a closed output is nobody's`() async throws {
            try await Disk.withStore { disk, store in
                let images = "'\(Repository.companion)' images --data-root docker"
                for format in ["text", "json"] {
                    let told = try await disk.look("! \(images) --format \(format) 2>&1 > /dev/full; \(images) --format \(format) >&-")
                    #expect(
                        told == """
                            Error: could not write all that was to be said to the standard output
                            hint: what was to be done is done

                            """)
                }
            }
        }

        @Test func `without /proc it says what is missing`() async throws {
            let script = #"mount -t tmpfs none /proc; "$1" check-initramfs /nowhere"#
            let outcome = try await run(["unshare", "--mount", "bash", "-c", script, "bash", Repository.companion])
            let errors = "Error: could not look at '/proc/self': No such file or directory\nhint: mount -t proc proc /proc\n"
            #expect(outcome == Outcome(status: 1, output: "", errors: errors))
        }

        @Test func `an engine's configuration that cannot be read is told beside the images of others`() async throws {
            try await Disk.withStore { disk, store in
                let told = try await disk.change(
                    """
                    cp -a /etc ../etc; mkdir -p ../etc/docker ../etc/containerd
                    echo '{' > ../etc/docker/daemon.json; echo "root = '$PWD/docker'" > ../etc/containerd/config.toml
                    mount --bind ../etc /etc; '\(Repository.companion)' images 2>&1
                    """)
                #expect(told.contains("sample_image:latest"), "\(told)")
                #expect(told.contains("note: could not read '/etc/docker/daemon.json': it is not JSON: "), "\(told)")
            }
        }

        @Test func `the images as JSON, one a line, and in colours on a terminal alone`() async throws {
            try await Disk.withStore { disk, store in
                let text = try await disk.look("'\(Repository.companion)' images --data-root docker --format json")
                let images = try text.split(separator: "\n").map { try object($0) }
                let listed = try #require(images.first { ($0["names"] as? [String])?.contains("sample_image:latest") == true })
                #expect(listed["id"] as? String == store.images["sample_image:latest"]?.id && listed["store"] as? String == "docker-btrfs")
                #expect(listed["size"] is Int && listed["created"] is Int)
                for image in images { #expect((image["bootable"] as? Bool == true) == (image["reason"] is NSNull)) }
                #expect(images.contains { ($0["reason"] as? String)?.contains("it has no init") == true })

                let list = "'\(Repository.companion)' images --data-root docker"
                let shown = { (variables: String) async throws in
                    try await disk.look("\(variables) script --quiet --return --command \"\(list)\" /dev/null")
                }
                let (colour, plain) = (try await shown("NO_COLOR= TERM=xterm"), try await disk.look(list))
                #expect(colour.contains("\u{1B}[31mno init\u{1B}[0m"), "\(colour)")
                for text in [plain, try await shown("TERM=xterm NO_COLOR=1")] {
                    #expect(!text.contains("\u{1B}") && text.contains("no init"))
                }
            }
        }

        /// The client from Docker's own package; no daemon is asked.
        @Test func `the Docker CLI runs it as its plug-in, as make install links it`() async throws {
            try await output(of: [Repository.path("Tests/Lab/tools")])
            let script = """
                folder=$(mktemp -d --suffix .docker-btrfs-tests); trap 'rm -rf "$folder"' EXIT
                (umask 077; make --silent -C "$2" install DESTDIR="$folder/system" > /dev/null)
                find "$folder/system" -type d ! -perm 755 -o -type f ! -perm -444
                link=$folder/system/usr/libexec/docker/cli-plugins/docker-btrfs
                [[ $(realpath "$link") == "$folder/system/usr/bin/docker-btrfs" ]]
                mkdir "$folder/config"; ln -s "$folder/system/usr/libexec/docker/cli-plugins" "$folder/config/cli-plugins"
                export COLUMNS=200 DOCKER_CONFIG=$folder/config DOCKER_HOST=
                "$1" help btrfs | head -n 1
                "$1" btrfs status --help | head -n 1
                "$1" --log-level=error btrfs --version
                "$1" -H ssh://there btrfs status 2>&1 || true
                "$1" context create far --docker host=ssh://root@there > /dev/null
                "$1" context use far > /dev/null 2>&1
                "$1" btrfs status 2>&1 || true
                "$1" --context default btrfs --version
                """
            let client = Repository.path(".build/lab/tools/usr/bin/docker")
            let told = try await output(of: [
                "bash", "-euo", "pipefail", "-c", script, "bash", client, Repository.folder.path,
            ])
            #expect(
                told == """
                    OVERVIEW: Boot this machine from Docker images on btrfs.
                    OVERVIEW: Show what is booted, what the next boot takes, and what there is to go back to.
                    docker-btrfs \(version)
                    Error: could not use the host 'ssh://there': images are booted from this machine's own disk
                    hint: run it on the machine itself; 'docker --context default btrfs …', or DOCKER_CONTEXT=default, takes this machine's engine
                    Error: could not use the context 'far': images are booted from this machine's own disk
                    hint: run it on the machine itself; 'docker --context default btrfs …', or DOCKER_CONTEXT=default, takes this machine's engine
                    docker-btrfs \(version)

                    """)
        }
    }
}
