import TestSupport
import Testing

extension OnDisk {
    /// A store that was made to fill the memory or to take for ever, in place of one of which an image was booted.
    struct HostileStoreTests {
        /// Perl that prints the file of Docker's names, or of Podman's images.
        @Test(arguments: [
            (#"print "{\"Repositories\":{\"a\":{\"", "b" x 8e6, "\":1}}}""#, "docker"),
            (#"print "{\"Repositories\":{\"a\":{\"", "b" x 1e6, "\":1}}}""#, "docker"),
            (#"print "{\"Repositories\":{\"a\":{", join(",", map { "\"" . ("b" x 200000) . "$_\":1" } 1..9), "}}}""#, "docker"),
            (#"print "{\"Repositories\":{\"a\":{", join(",", map { "\"" . ("b" x 2000) . "$_\":1" } 1..900), "}}}""#, "docker"),
            (#"print "{\"Repositories\":{\"a\":{", join(",", map { "\"b$_\":\"" . ("0" x 64) . "\"" } 1..20000), "}}}""#, "docker"),
            (#"print "{\"Repositories\":{", join(",", map { "\"a$_\":{\"a$_:1\":{}}" } 1..11000), "}}""#, "docker"),
            (#"print "{\"Repositories\":{\"a\":[", "{}," x 600000, "1]}}""#, "docker"), (#"print "[" x 2e6"#, "docker"),
            (#"print "[{\"id\":[", join(",", map { "\"" . ("a" x 200000) . "\"" } 1..19), "]}]""#, "podman"),
            (#"print "[", join(",", map { sprintf "{\"id\":\"%064x\",\"names\":[\"a:$_\"]}", $_ } 1..36000), "]""#, "podman"),
        ])
        func `a boot from it takes no more than 16 MiB, and takes the layer that is held`(text: String, kind: String) async throws {
            try await Disk.withStore { disk, _ in
                try await disk.bootWell(disk.line(keeping: ""))
                var line = disk.line(keeping: "")
                if kind == "podman" {
                    line.dockerPath = "podman"
                    try await disk.change(
                        "mkdir -p podman/overlay-{images,layers}; perl -e '\(text)' > podman/overlay-images/images.json")
                } else {
                    try await disk.change("perl -e '\(text)' > docker/image/btrfs/repositories.json")
                }
                let limited = ["timeout", "60", "bash", "-c", #"ulimit -v 16384; exec "$@""#, "bash"]
                let outcome = try await run(limited + disk.bootCommand(line))
                #expect(outcome.status == 0, "\(outcome)")
                #expect(outcome.told.contains("; taking the layer that was held when it was booted\n"), "\(outcome.told.prefix(2000))")
                #expect(try await disk.look("cat docker_rwlayer/etc/version") == "1\n")
            }
        }
    }
}
