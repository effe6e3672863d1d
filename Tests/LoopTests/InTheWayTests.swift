import TestSupport
import Testing

extension OnDisk {
    /// What stands where the boot needs a place, or is locked: it is cleared or put aside, said, and the new root is booted.
    struct InTheWayTests {
        private static let moved = "was in the way, and is not what docker-btrfs makes: it is called"

        @Test(arguments: [
            ("mkdir R/new; touch R/new/file", "'/R/new' \(moved) 'new.1' now"),
            ("touch R/new", "'/R/new' \(moved) 'new.1' now"),
            ("touch R/new; chattr +i R/new", "'/R/new' \(moved) 'new.1' now"),
            ("mkdir R/new; chattr +i R/new", "'/R/new' \(moved) 'new.1' now"),
            ("ln -s /etc R/new", "'/R/new' \(moved) 'new.1' now"),
            ("mkfifo R/new", "'/R/new' \(moved) 'new.1' now"),
            ("btrfs subvolume create R/new; chattr +i R/new", nil),
            ("btrfs subvolume create R/new; mkdir R/new/a; btrfs subvolume create R/new/a/b; chattr +i R/new/a", nil),
            ("btrfs subvolume create R/new; btrfs property set -ts R/new ro true", nil),
            (
                "btrfs subvolume create R/new; btrfs subvolume set-default R/new",
                "could not delete the subvolume '/R/new': Operation not permitted, ignoring"
            ),
            ("mv R H/away; touch R; chattr +i R", "'/R' \(moved) 'docker_rwlayer.1' now"),
            ("mv R H/away; ln -s nowhere R", "'/R' \(moved) 'docker_rwlayer.1' now"),
            ("mv R H/away; ln -s docker_rwlayer R", "'/R' \(moved) 'docker_rwlayer.1' now"),
            ("mv H/roots away; ln -s roots H/roots", "'/H/roots' \(moved) 'roots.1' now"),
            ("mv H/layers H/away; ln -s layers H/layers", "'/H/layers' \(moved) 'layers.1' now"),
            ("mv H/templates H/away; ln -s templates H/templates", "'/H/templates' \(moved) 'templates.1' now"),
            ("mv H away; ln -s .docker-btrfs H", "'/H' \(moved) '.docker-btrfs.1' now"),
            ("chattr +i H H/roots R", "'/R' was immutable or append-only, and is no more"),
            ("chattr +a R", "'/R' was immutable or append-only, and is no more"),
            ("btrfs property set -ts N ro true", "'/N' was read-only, and is no more"),
            ("chattr +i N", "'/N' was immutable or append-only, and is no more"),
            ("chattr +a N; btrfs property set -ts N ro true", "'/N' was read-only and immutable or append-only, and is no more"),
            ("mkdir N/a; btrfs subvolume create N/a/b; btrfs property set -ts N/a/b ro true; chattr +i N/a N", nil),
        ])
        func `a root that is locked, or anything where the new one is built`(making: String, note: String?) async throws {
            try await expectNewRoot(making, note)
        }

        @Test(arguments: [
            ("rm H/record; mkdir -p H/record/x", "'/H/record' \(moved) 'record.1' now"),
            ("rm H/record; mkfifo H/record", "could not read '/H/record': it is not a regular file: counting of boots starts anew"),
            ("rm H/record; ln -s record H/record", nil), ("chattr +i H/record", "'/H/record' \(moved) 'record.1' now"),
            ("mkdir -p H/record.new/x", "'/H/record.new' \(moved) 'record.new.1' now"), ("ln -s ../victim H/record.new", nil),
            ("mkfifo H/record.new", nil), ("touch H/record.new; chattr +i H/record.new", "'/H/record.new' \(moved) 'record.new.1' now"),
        ])
        func `the record of boots, and what it is written to`(making: String, note: String?) async throws {
            try await expectNewRoot(making, note)
        }

        @Test func `an image whose top directory is immutable is booted, and what follows it too`() async throws {
            try await Disk.withStore { disk, store in
                let layer = "docker/btrfs/subvolumes/\(try #require(store.images["sample_image:v2"]).cacheID)"
                try await disk.bootWell(disk.line(keeping: ""))
                try await disk.change("chattr +i \(layer)")
                for tag in ["v2", "v2", "latest", "v2"] {
                    let outcome = try await disk.boot(disk.line(keeping: "", tag: tag))
                    #expect(outcome.status == 0 && !outcome.told.contains("instead"), "\(outcome)")
                    #expect(try await disk.look("cat docker_rwlayer/etc/version") == (tag == "v2" ? "2\n" : "1\n"))
                }
                #expect(try await disk.look("lsattr -d \(layer)").prefix(20).contains("i"))
            }
        }

        @Test(arguments: [
            ("+i", "subvol=docker_rwlayer", "/"), ("+a", "subvol=docker_rwlayer", "/"), ("+i", "subvol=folder/root", "/folder"),
        ])
        func `a directory that is not ours is not opened, and it is said how that is done`(flag: String, subvolume: String, place: String)
            async throws
        {
            try await Disk.withStore { disk, _ in
                var line = disk.line(keeping: "")
                line.flags = "rootflags=\(subvolume)"
                try await disk.bootWell(line)
                try await disk.change("chattr \(flag) .\(place)")
                let outcome = try await disk.boot(line)
                try await disk.change("chattr -i -a .\(place)")
                let words = "the directory '\(place)' is immutable or append-only"
                #expect(outcome.status == 0)
                #expect(outcome.told.contains(": \(words); booting root 1 ('sample_image:latest') instead"), "\(outcome.told)")
                #expect(outcome.told.contains("\(words)\nhint: \(openUp(place))\n"), "\(outcome.told)")
                try await disk.bootWell(line)
            }
        }

        @Test func `nor is it on a first boot`() async throws {
            try await Disk.withStore { disk, _ in
                try await disk.change("chattr +i .")
                let outcome = try await disk.boot(disk.line(keeping: ""))
                try await disk.change("chattr -i .")
                let words = "the directory '/' is immutable or append-only\nhint: \(openUp("/"))\n"
                #expect(outcome.status == 1)
                let expected = "could not create the directory '/.docker-btrfs' with mode 0700: \(words)"
                #expect(outcome.told.hasSuffix(expected), "\(outcome.told)")
            }
        }

        private func openUp(_ place: String) -> String {
            "mount the filesystem with subvolid=5, and take that off its directory '\(place)' with 'chattr -i -a'"
        }

        /// A boot after `making` makes a new root; the one after that meets nothing of it any more.
        private func expectNewRoot(_ making: String, _ note: String?) async throws {
            try await Disk.withStore { disk, _ in
                let line = disk.line(keeping: "")
                for _ in 1...2 { try await disk.bootWell(line) }
                try await disk.change(making.filledIn)
                for number in 3...4 {
                    let outcome = try await run(["timeout", "30"] + disk.bootCommand(line))
                    #expect(outcome.status == 0 && !outcome.told.contains("instead"), "\(outcome)")
                    let lines = outcome.told.split(separator: "\n").map { String($0) }
                    if number == 3, let note { #expect(lines.contains(note.filledIn), "\(outcome.told)") }
                    if number == 4 { #expect(!lines.contains { $0.contains("in the way") || $0.contains("no more") }, "\(outcome.told)") }
                    let mark = try await disk.look("getfattr --only-values --name user.docker-btrfs.root docker_rwlayer")
                    #expect(mark.contains("\nnumber \(number)\n"))
                    #expect(try await disk.look("cat docker_rwlayer/etc/{version,motd}") == "1\nfrom the top layer\n")
                    let record = try await disk.look("stat --format %F H/record; tail --lines 1 H/record | cut -c 1-11".filledIn)
                    #expect(record == "regular file\nsum sha256:\n")
                }
            }
        }
    }
}

extension String {
    /// `H` is the directory of what is kept, `R` that of the roots, `N` the root.
    fileprivate var filledIn: String {
        replacing(/\bH\b/, with: ".docker-btrfs").replacing(/\bR\b/, with: ".docker-btrfs/roots/docker_rwlayer")
            .replacing(/\bN\b/, with: "docker_rwlayer")
    }
}
