import Foundation
import TestSupport
import Testing

extension OnDisk {
    /// Any user of the booted system can make subvolumes and directories in a root, as many and as deep as he likes.
    struct NestedSubvolumesTests {
        private let roots = ".docker-btrfs/roots/docker_rwlayer"
        /// BTRFS_IOC_SUBVOL_CREATE: a program for each subvolume would take minutes.
        private static func making(_ count: Int) -> String {
            """
            mkdir docker_rwlayer/u; cd docker_rwlayer/u
            perl -e 'open(D, "<", "."); for (1..\(count)) { ioctl(D, 0x5000940e, pack("qZ4088", 0, "s$_")) or die "$!" }'
            """
        }

        @Test(arguments: [
            ("it has more than 1000 subvolumes in it", making(1200)),
            (
                "what is in its subvolumes is not known: ",
                "cd docker_rwlayer; for i in {1..20}; do n=$(printf %0250d 0); mkdir $n; cd ./$n; done; btrfs -q subvolume create s"
            ),
            (
                "it has more in its subvolumes than is looked at",
                "btrfs subvolume create docker_rwlayer/s; cd docker_rwlayer/s; seq 1 12000 | xargs mkdir"
            ),
            (
                "somebody put something into its subvolume '/s'",
                "btrfs subvolume create docker_rwlayer/s; cd docker_rwlayer/s; mkdir -p $(printf 'd/%.0s' {1..200})"
            ),
            ("somebody put something into its subvolume '/s'", "btrfs subvolume create docker_rwlayer/s; mkfifo docker_rwlayer/s/fifo"),
            (
                "somebody put something into its subvolume '/s', '/s/t', '/s/t/u'",
                "for s in s s/t s/t/u; do btrfs subvolume create docker_rwlayer/$s; done; touch docker_rwlayer/s/t/u/file"
            ),
        ])
        func `what is not looked at is taken for something that somebody put there`(reason: String, change: String) async throws {
            try await Disk.withStore { disk, _ in
                try await disk.bootWell(disk.line(keeping: ""))
                try await disk.change(change)
                try await disk.bootWell(disk.line(keeping: ""))
                let outcome = try await disk.boot(disk.line(keeping: ""))
                #expect(outcome.status == 0)
                #expect(
                    outcome.told.contains("root 1 ('sample_image:latest') at '/\(roots)/1' is not deleted: \(reason)"), "\(outcome.told)")
                #expect(try await disk.look("ls \(roots)") == "1\n2\n")
            }
        }

        @Test func `a place of one that cannot be changed costs no machine its good root`() async throws {
            try await Disk.withStore { disk, _ in
                try await disk.bootWell(disk.line(keeping: ""))
                try await disk.markGood()
                try await disk.change("cd docker_rwlayer/srv; mkdir lock; btrfs -q subvolume create lock/s; chattr +i lock")
                for _ in 1...3 { try await disk.bootWell(disk.line(keeping: "", tag: "v2")) }
                let outcome = try await disk.boot(disk.line(keeping: "", tag: "v2"))
                #expect(outcome.told.contains("; booting root 1 ('sample_image:latest') instead; "), "\(outcome.told)")
                #expect(outcome.told.contains("/srv/lock/s' an ordinary directory: Operation not permitted, ignoring\n"), "\(outcome.told)")
                #expect(try await disk.look("cat docker_rwlayer/etc/version; ls docker_rwlayer/srv/lock") == "1\ns\n")
            }
        }

        @Test func `empty ones hold nothing up`() async throws {
            try await Disk.withStore { disk, _ in
                try await disk.bootWell(disk.line(keeping: ""))
                try await disk.change(Self.making(300))
                for _ in 1...2 { try await disk.bootWell(disk.line(keeping: "")) }
                #expect(try await disk.look("ls \(roots)") == "2\n")
            }
        }

        @Test func `however many there are, a boot takes no longer and no more memory`() async throws {
            try await Disk.withStore { disk, _ in
                try await disk.bootWell(disk.line(keeping: ""))
                // Each takes a node of 16 KiB and more.
                try await output(of: ["truncate", "--size=3G", disk.file])
                try await output(of: ["losetup", "--set-capacity", disk.device])
                try await disk.change(
                    """
                    btrfs filesystem resize max .
                    \(Self.making(40_000))
                    mkdir s1/d; cd s1/d; seq 1 20000 | xargs mkdir
                    """)
                // The second time, they are in a root that is only kept.
                for _ in 1...2 {
                    // KiB, and seconds of a processor.
                    let limited = ["bash", "-c", #"ulimit -v 16384 -t 10; exec "$@""#, "bash"]
                    let outcome = try await run(limited + disk.bootCommand(disk.line(keeping: "")))
                    #expect(outcome.status == 0, "\(outcome.told)")
                }
            }
        }
    }
}
