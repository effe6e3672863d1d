import TestSupport
import Testing

extension Beside {
    /// `docker-btrfs grow`, on disks whose partition table sfdisk made.
    struct GrowTests {
        /// A disk of 400 MiB, whose partition `$1` has a btrfs that is mounted at `root` while the disk becomes twice as large. There is no
        /// partition scan for loop devices in each kernel: it is told.
        private static let disk = """
            cd "$(mktemp -d)"; folder=$PWD
            trap 'umount --quiet root || true; partx --delete "$device" || true; losetup --detach "$device"; cd /; rm -r "$folder"' EXIT
            truncate --size 400M disk
            device=$(losetup --show --find --partscan --sector-size "$sector" disk)
            printf '%s\\n' 'label: gpt' 'size=160MiB' 'size=200MiB' | sfdisk --quiet --no-reread --no-tell-kernel "$device"
            partx --delete "$device" 2> error || true
            partx --add --sector-size "$sector" "$device"
            mkfs.btrfs --quiet "${device}p$1" > mkfs
            mkdir root; mount "${device}p$1" root
            echo content > root/file
            truncate --size 800M disk; losetup --set-capacity "$device"
            grow() { '\(Repository.companion)' grow root "$@" 2>&1 | sed "s,$device,DEVICE,g"; }

            """

        private func run(partition: Int, sector: Int, _ script: String) async throws -> String {
            let whole = "sector=\(sector); set -- \(partition)\n\(Self.disk)\n\(script)"
            return try await output(of: ["unshare", "--mount", "--propagation", "private", "bash", "-euo", "pipefail", "-c", whole])
        }

        @Test(arguments: [512, 4096])
        func `partition and btrfs get all of a disk that became larger, while they are in use`(sector: Int) async throws {
            let told = try await run(
                partition: 2, sector: sector,
                """
                sum() { head --bytes 1M disk | sha256sum; tail --bytes 1M disk | sha256sum; }
                before=$(sum); grow --dry-run; [[ $(sum) == "$before" ]] && echo same
                grow; grow
                sfdisk --verify "$device" | grep '^No errors detected.$'
                echo $(($(cat "/sys/class/block/${device##*/}p2/size") >> 11)) $(($(stat --file-system --format '%S * %b' root) >> 20))
                umount root; mount "${device}p2" root; cat root/file
                """)
            let lines = """
                enlarge partition 2 of 'DEVICE' to 638 MiB
                enlarge the btrfs on 'DEVICEp2' to 638 MiB

                """
            #expect(told == "\(lines)same\n\(lines)the btrfs has all of its disk\nNo errors detected.\n638 638\ncontent\n")
        }

        @Test func `a table that is not what the kernel knows is not written`() async throws {
            let told = try await run(
                partition: 2, sector: 512,
                """
                printf '%s\\n' 'label: gpt' 'size=150MiB' 'size=200MiB' |
                    sfdisk --quiet --force --no-reread --no-tell-kernel --wipe never --wipe-partitions never "$device" &> told
                sum() { head --bytes 1M disk | sha256sum; tail --bytes 1M disk | sha256sum; }
                before=$(sum); grow || true; [[ $(sum) == "$before" ]] && echo same
                """)
            #expect(
                told == """
                    Error: could not enlarge the partition 'DEVICEp2': 'DEVICE' has another partition table than the kernel read
                    same

                    """)
        }

        @Test func `what is not the last partition stays as it is, and so does a table that is damaged`() async throws {
            let told = try await run(
                partition: 1, sector: 512,
                """
                grow || true
                partx --delete --nr 2 "$device"; sfdisk --quiet --no-reread --no-tell-kernel --delete "$device" 2
                printf x | dd of="$device" bs=1 seek=1100 conv=notrunc status=none
                grow || true
                """)
            #expect(
                told == """
                    Error: could not enlarge the partition 'DEVICEp1': another partition is behind it
                    Error: could not enlarge the partition 'DEVICEp1': its partition table is damaged

                    """)
        }
    }
}
