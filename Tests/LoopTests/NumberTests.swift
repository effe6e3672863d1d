import Foundation
import TestSupport
import Testing

extension OnDisk {
    /// Numbers on the disk that no sane program writes: anyone who can write there can, a user of the booted system too.
    struct NumberTests {
        private let roots = ".docker-btrfs/roots/docker_rwlayer"

        @Test(arguments: [
            "install -d -o 1000 docker_rwlayer/home/u; btrfs subvolume create docker_rwlayer/home/u/s; mkdir docker_rwlayer/home/u/s/d; touch -d DATE docker_rwlayer/home/u/s/d",
            "touch -d DATE boot_docker/etc/motd", "touch -d DATE boot_docker", "touch -hd DATE docker_rwlayer docker_rwlayer/etc",
            "touch -d DATE .docker-btrfs/record", "touch -d DATE docker/image/btrfs/repositories.json",
        ])
        func `a file may be from any time`(change: String) async throws {
            try await Disk.withStore { disk, _ in
                try await disk.bootWell(disk.line(keeping: ""))
                for date in ["2300-01-01", "1600-01-01", "9999-12-31"] {
                    try await disk.change(change.replacing("DATE", with: date))
                    #expect(try await disk.boot(disk.line(keeping: "")).status == 0)
                }
                #expect(try await disk.look("getfattr --only-values -n user.docker-btrfs.root docker_rwlayer").contains("\nnumber 4\n"))
            }
        }

        @Test(arguments: ["2147483647", "1000000001", "99999999999999999999999"])
        func `a number that is too high to be that of a root is told, and there is a next one all the same`(number: String) async throws {
            try await Disk.withStore { disk, _ in
                try await disk.bootWell(disk.line(keeping: ""))
                try await disk.change("mkdir \(roots)/\(number)")
                for next in 2...3 {
                    let outcome = try await disk.boot(disk.line(keeping: ""))
                    #expect(outcome.status == 0)
                    #expect(
                        outcome.told.contains(
                            "'/\(roots)/\(number)' has a number that is too high to be that of a root; it is left alone\n"))
                    #expect(try await self.number(on: disk) == "\(next)")
                }
            }
        }

        @Test(arguments: ["2147483647", "2147483648", "9223372036854775807", "99999999999999999999999"])
        func `so is one in a mark, and that root is kept as the newest`(number: String) async throws {
            try await Disk.withStore { disk, _ in
                for _ in 1...3 { try await disk.bootWell(disk.line(keeping: "")) }
                try await disk.change(
                    """
                    value=$(getfattr --only-values -n user.docker-btrfs.root docker_rwlayer | sed 's/^number .*/number \(number)/'; echo x)
                    setfattr -n user.docker-btrfs.root -v "${value%x}" docker_rwlayer; touch docker_rwlayer/forged
                    """)
                let outcome = try await disk.boot(disk.line(keeping: ""))
                #expect(outcome.status == 0)
                #expect(outcome.told.contains(", which is too high to count; it is taken for root 3\n"))
                #expect(try await self.number(on: disk) == "4")
                #expect(try await disk.look("ls \(roots); ls \(roots)/3/forged") == "3\n\(roots)/3/forged\n")
                #expect(try await disk.boot(disk.line(keeping: "")).status == 0)
            }
        }

        @Test func `numbers that come back with a root that was renamed are no trouble`() async throws {
            try await Disk.withStore { disk, _ in
                let line = disk.line(keeping: "docker_keep=3")
                for _ in 1...2 { try await disk.bootWell(line) }
                try await disk.change("mv docker_rwlayer old")
                for _ in 1...2 { try await disk.bootWell(line) }
                try await disk.change("mv docker_rwlayer other; mv old docker_rwlayer; touch docker_rwlayer/old")
                for _ in 1...2 {
                    let outcome = try await disk.boot(line)
                    #expect(outcome.status == 0)
                    #expect(!outcome.told.contains("could not"))
                }
                #expect(try await disk.look("ls -d \(roots)/*/old | wc --lines; ls \(roots) | wc --lines") == "1\n3\n")
            }
        }

        @Test func `a mark is read however long it is, and none is written that is too long`() async throws {
            try await Disk.withStore { disk, _ in
                let place = (1...6).map { _ in String(repeating: "0", count: 230) }.joined(separator: "/")
                try await disk.change("mkdir -p \(place)/common \(place)/machine/{desk,id}; echo mine > \(place)/machine/id/file")
                let line = disk.line(keeping: "toplayer_path=\(place) systemd.hostname=desk systemd.machine_id=id")
                for _ in 1...2 {
                    let outcome = try await disk.boot(line)
                    #expect(outcome.status == 0)
                    #expect(!outcome.told.contains("could not"))
                }
                #expect(try await disk.look("cat docker_rwlayer/file") == "mine\n")
                // As version 0.1.0 wrote one.
                try await disk.change(
                    """
                    value=$(getfattr --only-values -n user.docker-btrfs.root docker_rwlayer; for i in {1..8}; do printf 'over /%01000d\\n' $i; done; echo x)
                    setfattr -n user.docker-btrfs.root -v "${value%x}" docker_rwlayer
                    """)
                try await disk.bootWell(disk.line(keeping: ""))
                #expect(try await disk.look("ls \(roots)") == "2\n")
            }
        }

        private func number(on disk: Disk) async throws -> String {
            try await disk.look("getfattr --only-values -n user.docker-btrfs.root docker_rwlayer | sed -n 's/^number //p'")
                .trimmingCharacters(in: .newlines)
        }
    }
}
