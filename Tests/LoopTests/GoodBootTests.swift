import TestSupport
import Testing

extension OnDisk {
    /// Counting a boot as good, in the booted system: it knows neither the kernel command line nor the configuration.
    struct GoodBootTests {
        @Test(arguments: ["docker_rwlayer", "roots/my desktop"])
        func `the root that runs is marked, and the record says so under its name`(name: String) async throws {
            try await Disk.withStore { disk, store in
                var line = disk.line(keeping: "")
                line.flags = #"rootflags="subvol=\#(name)""#
                try await disk.bootWell(line)
                let id = try #require(store.images["sample_image:latest"]).id
                #expect(try await disk.look("grep --count '^tried \(id) .* 1 new ' .docker-btrfs/record") == "1\n")
                let outcome = try await disk.markingGood(name)
                #expect(outcome.told == "root 1 of 'sample_image:latest' booted well\n")
                #expect(try await disk.look("grep --count '^tried \(id) .* 0 good ' .docker-btrfs/record") == "1\n")
                let mark = try await disk.look("getfattr --only-values --name user.docker-btrfs.good '\(name)'")
                #expect(!mark.isEmpty)
            }
        }

        @Test func `a root of somebody else is not marked`() async throws {
            try await Disk.withStore { disk, _ in
                try await disk.change("btrfs subvolume create mine; mkdir mine/dev mine/proc mine/tmp")
                let before = try await disk.files()
                #expect(
                    try await disk.markingGood("mine")
                        == .failed("could not mark this boot as good: the root was not made by docker-btrfs"))
                #expect(try await disk.files() == before)
            }
        }
    }
}
