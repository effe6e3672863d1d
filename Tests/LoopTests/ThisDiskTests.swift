import Basics
import Deployments
import Foundation
import Linux
import TestSupport
import Testing

@testable import DiskImages

extension Beside {
    /// A disk that is captured while somebody writes to it, as `rehearse --this-disk` does.
    struct ThisDiskTests {
        /// So many rounds, of so many seconds: `make nightly` makes 20 of 60.
        private static let rounds = number("THIS_DISK_ROUNDS") ?? (isNightly ? 20 : 3)
        private static let seconds = number("THIS_DISK_SECONDS") ?? (isNightly ? 60 : 4)

        private static func number(_ name: String) -> Int? { ProcessInfo.processInfo.environment[name].flatMap { Int($0) } }

        /// Files that are held, and somebody who writes, deletes and snapshots until there is a file `stop`.
        private static let preparation = """
            btrfs subvolume create image > /dev/null
            for number in {1..40}; do
                mkdir image/$number
                for file in {1..40}; do head -c $((RANDOM % 9000)) /dev/urandom > image/$number/$file; done
                head -c 300000 /dev/urandom > image/$number/large
            done
            btrfs property set -ts image ro true
            mkdir churn
            """
        private static let churn = """
            for ((round = 0; ; round++)); do
                [ ! -e "$FOLDER/stop" ] || exit 0
                mkdir churn/$round
                for file in {1..150}; do echo $round > churn/$round/$file; done
                head -c 2000000 /dev/urandom > churn/$round/large
                btrfs subvolume snapshot image churn/$round/copy > /dev/null
                touch churn/$round/copy/*/*
                btrfs filesystem sync .
                if ((round >= 3)); then btrfs subvolume delete churn/$((round - 3))/copy > /dev/null; rm -r churn/$((round - 3)); fi
            done
            """
        private static let digests = "find image -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum"

        @Test func `a disk that is written to reads as it was at one moment, and one that is read as it is does not`() async throws {
            try await Disk.with(["mkfs.btrfs", "-q", "-m", "dup"], size: "1G") { disk in
                try await disk.change(Self.preparation)
                let before = try await disk.look(Self.digests)
                let script = disk.mounted("FOLDER='\(disk.folder)'; \(Self.churn)", options: "subvolid=5,commit=1")
                async let writer = run(script)
                var naive: [Int] = []
                var reports: [DiskCapture.Report] = []
                do {
                    let topLevel = try Directory.mounting(
                        MountRequest(device: disk.device, filesystemType: "btrfs", options: ["subvolid=5"]), label: "")
                    for round in 0..<Self.rounds {
                        try await Task.sleep(for: .seconds(2))
                        let (report, status) = try await capture(topLevel, disk, round, digests: before)
                        reports.append(report)
                        naive.append(status)
                    }
                } catch {
                    try Data().write(to: URL(filePath: "\(disk.folder)/stop"))
                    _ = try await writer
                    throw error
                }
                try Data().write(to: URL(filePath: "\(disk.folder)/stop"))
                let outcome = try await writer
                #expect(outcome.status == 0, "\(outcome.errors)")
                #expect(naive.contains { $0 != 0 }, "the negative control")
                #expect(reports.contains { $0.frozenBlocks < $0.blocks }, "most are read before the freeze")
                #expect(try await disk.look(Self.digests) == before)
                #expect(try await disk.look("btrfs subvolume list . | grep -c rehearsals || true") == "0\n")
                try await output(of: ["btrfs", "check", disk.device])
            }
        }

        /// Also what `btrfs check` says of a disk of which the superblock alone is of that moment.
        private func capture(
            _ topLevel: Directory, _ disk: Disk, _ round: Int, digests: String
        ) async throws -> (DiskCapture.Report, naive: Int) {
            let folder = try DiskFolder(in: disk.folder)
            let held = try HeldData(on: topLevel)
            let device = try DirectDevice(disk.device)
            let capture = DiskCapture(device: device, start: 0, overlay: try Overlay(folder.overlay, over: device))
            let report = try capture.perform(of: topLevel) { () throws(Failure) in _ = try held.hold(but: ["churn"], root: "image") }
            print("round \(round): \(report)")
            #expect(report.blocks > 0 && report.frozenMilliseconds < 1000)
            let superblock = try device.read(at: Superblock.places[0], Superblock.size)
            try await Task.sleep(for: .seconds(Self.seconds))
            let (raw, plain) = ("\(disk.folder)/captured.img", "\(disk.folder)/naive.img")
            try await output(of: ["qemu-img", "convert", "-T", "none", "-f", "qcow2", "-O", "raw", folder.overlay, raw])
            try await output(of: ["qemu-img", "check", "-q", folder.overlay])
            try await output(of: ["dd", "if=\(disk.device)", "of=\(plain)", "bs=1M", "iflag=direct", "conv=sparse", "status=none"])
            let after = try #require(try TreeReader { place, count throws(Failure) in try device.read(at: place, count) }).superblock
                .generation
            print("round \(round): \(after - report.generation) generations later")
            let file = try FileHandle(forWritingTo: URL(filePath: plain))
            try file.seek(toOffset: UInt64(Superblock.places[0]))
            try file.write(contentsOf: superblock)
            try file.close()
            try await output(of: ["btrfs", "check", raw])
            let control = try await run(["btrfs", "check", plain])
            // The kernel takes two filesystems with one UUID for one.
            try await output(of: ["btrfstune", "-f", "-u", raw])
            let copy = Disk(folder: disk.folder, file: raw, device: disk.device)
            let attached = try await copy.attached()
            let found = try await attached.look(Self.digests)
            try await attached.detach()
            #expect(found == digests)
            try held.end()
            for path in [raw, plain] { try FileManager.default.removeItem(atPath: path) }
            withExtendedLifetime(folder) {}
            return (report, control.status)
        }

        /// FIFREEZE and FITHAW of linux/fs.h.
        private static let (freeze, thaw): (UInt, UInt) = (0xc004_5877, 0xc004_5878)

        @Test func `a scrub is not waited for`() async throws {
            try await Disk.with(["mkfs.btrfs", "-q"], size: "400M") { disk in
                try await disk.change("head -c 100M /dev/urandom > file")
                let topLevel = try Directory.mounting(
                    MountRequest(device: disk.device, filesystemType: "btrfs", options: ["subvolid=5"]), label: "")
                try topLevel.makeWritable()
                let script = """
                    echo 1048576 > /sys/fs/btrfs/$(findmnt -n -o UUID -T .)/devinfo/1/scrub_speed_max
                    touch '\(disk.folder)/begun'; btrfs scrub start -B . > /dev/null || true
                    """
                async let scrub = run(disk.mounted(script))
                while access("\(disk.folder)/begun", F_OK) != 0 { try await Task.sleep(for: .milliseconds(100)) }
                try await Task.sleep(for: .seconds(2))
                let folder = try DiskFolder(in: disk.folder)
                let device = try DirectDevice(disk.device)
                let capture = DiskCapture(device: device, start: 0, overlay: try Overlay(folder.overlay, over: device))
                let failure = #expect(throws: Failure.self) { _ = try capture.perform(of: topLevel) {} }
                #expect(failure?.message.hasSuffix(": its 'scrub' is not over") == true)
                try await disk.change("btrfs scrub cancel . > /dev/null")
                _ = try await scrub
                withExtendedLifetime(folder) {}
            }
        }

        @Test func `a balance, a paused one too, and a second device are refused by their names`() async throws {
            try await Disk.with(["mkfs.btrfs", "-q"], size: "1G") { disk in
                try await disk.change("for file in {1..600}; do head -c 500000 /dev/urandom > $file; done")
                let topLevel = try Directory.mounting(
                    MountRequest(device: disk.device, filesystemType: "btrfs", options: ["subvolid=5"]), label: "")
                try topLevel.makeWritable()
                let capture = DiskCapture(device: try DirectDevice(disk.device), start: 0, overlay: nil)
                func reason() -> String? {
                    do throws(Failure) { try capture.checkQuiet(topLevel, capture.trees().superblock) } catch {
                        return error.message.split(separator: ": ").last.map(String.init)
                    }
                    return nil
                }
                #expect(reason() == nil)
                // One may be over before it is looked at, or before it is to pause.
                var running: String?
                for _ in 0..<20 where reason() == nil {
                    running = nil
                    async let balance = run(disk.mounted("btrfs balance start --full-balance . > /dev/null"))
                    for _ in 0..<200 where running == nil {
                        running = reason()
                        try await Task.sleep(for: .milliseconds(5))
                    }
                    try await disk.change("btrfs balance pause . || true")
                    _ = try await balance
                }
                #expect(running == "its 'balance' is not over")
                #expect(reason() == "its 'balance paused' is not over")
                try await disk.change("btrfs balance cancel .")
                #expect(reason() == nil)
                let second = "\(disk.folder)/second.img"
                try await disk.change(
                    """
                    truncate -s 1G '\(second)'; btrfs device add -K $(losetup --find --show '\(second)') . > /dev/null
                    btrfs filesystem sync .
                    """
                )
                #expect(reason() == "it is on 2 devices")
                // As long as it is mounted here it would stay attached.
                try await disk.change(
                    """
                    device=$(losetup --associated '\(second)' --noheadings --output NAME)
                    btrfs device remove "$device" .; losetup --detach "$device"
                    """
                )
            }
        }

        @Test func `the root is held in any case, and a subvolume with a swap file in use is not`() async throws {
            try await Disk.with(["mkfs.btrfs", "-q"], size: "400M") { disk in
                let script = """
                    mkdir -p btrfs/subvolumes io.containerd.snapshotter.v1.btrfs/active volumes
                    for name in root root/swap layers layers/1 btrfs/subvolumes/1 io.containerd.snapshotter.v1.btrfs/active/1 volumes/1; do btrfs subvolume create $name > /dev/null; done
                    btrfs filesystem mkswapfile -s 2m root/swap/file > /dev/null; swapon root/swap/file; trap 'swapoff root/swap/file' EXIT
                    touch '\(disk.folder)/begun'
                    for ((waited = 0; waited < 300; waited++)); do [ ! -e '\(disk.folder)/stop' ] || break; sleep 0.1; done
                    """
                async let swapping = run(disk.mounted(script))
                for _ in 0..<300 where access("\(disk.folder)/begun", F_OK) != 0 { try await Task.sleep(for: .milliseconds(100)) }
                let topLevel = try Directory.mounting(
                    MountRequest(device: disk.device, filesystemType: "btrfs", options: ["subvolid=5"]), label: "")
                func count(but layers: [Path], root: Path) throws(Failure) -> Int {
                    let held = try HeldData(on: topLevel)
                    do throws(Failure) {
                        let count = try held.hold(but: layers, root: root)
                        try held.end()
                        return count
                    } catch {
                        try held.end()
                        throw error
                    }
                }
                // The top level, the root, the folder of layers, and three others.
                #expect(try count(but: ["layers"], root: "root") == 6)
                #expect(try count(but: [], root: "root") == 7)
                // A store that is the whole filesystem: its layers are none of the data, and all else is.
                #expect(try count(but: HeldData.layers(ofStoreAt: .top), root: "root") == 5)
                let failure = #expect(throws: Failure.self) { try count(but: [], root: "root/swap") }
                #expect(failure?.message == "could not hold the data of '/root/swap': a swap file in it is in use")
                try Data().write(to: URL(filePath: "\(disk.folder)/stop"))
                let outcome = try await swapping
                #expect(outcome.status == 0, "\(outcome.errors)")
            }
        }

        @Test func `a freeze ends by itself`() async throws {
            try await Disk.with(["mkfs.btrfs", "-q"], size: "200M") { disk in
                let topLevel = try Directory.mounting(
                    MountRequest(device: disk.device, filesystemType: "btrfs", options: ["subvolid=5"]), label: "")
                try topLevel.makeWritable()
                let failure = #expect(throws: Failure.self) { try FrozenFilesystem.during(topLevel) { sleep(7) } }
                #expect(failure?.message == "could not keep '/' as it was for 5 seconds: reading took too long")
                try await disk.change("timeout 5 touch file")
                // What another program froze after that stays as it is.
                #expect(throws: Failure.self) {
                    try FrozenFilesystem.during(topLevel) {
                        sleep(6)
                        #expect(ioctl(topLevel.descriptor, Self.freeze, 0) == 0)
                    }
                }
                #expect(ioctl(topLevel.descriptor, Self.thaw, 0) == 0, "it was thawed with ours")
                let (_, took) = try FrozenFilesystem.during(topLevel) {}
                #expect(took < 1000)
                try await disk.change("timeout 5 touch file")
                // What began while all was written, a scrub, is seen before the freeze.
                var isQuiet = true
                #expect(throws: Failure("no")) {
                    let check = { () throws(Failure) in if !isQuiet { throw Failure("no") } }
                    let prepare = {
                        isQuiet = false
                        return true
                    }
                    _ = try FrozenFilesystem.during(topLevel, after: prepare, check: check) { Issue.record("frozen") }
                }
                try await disk.change("timeout 5 touch file")
            }
        }
    }
}

extension OnDisk {
    /// `rehearse --this-disk` on a machine's disk.
    struct ThisDiskEndTests {
        @Test func `a folder without room for the metadata is named, and nothing is left`() async throws {
            try await Deployable.with { machine in
                try await machine.run("deploy sample_image")
                let folder = "\(machine.disk.folder)/small"
                let told = try await machine.disk.change(
                    """
                    mkdir '\(folder)'; mount -t tmpfs -o size=256K small '\(folder)'
                    \(machine.command("rehearse --this-disk --rehearsal-folder '\(folder)'")) 2>&1 || echo "status $?"
                    ls -A '\(folder)'; btrfs subvolume list . | grep -c rehearsals || true; umount '\(folder)'
                    """)
                let words = "Error: could not rehearse: there is no room in '\(folder)' for what the virtual machine needs (could not write"
                #expect(told.contains("\(words) '\(folder)/"), "\(told)")
                #expect(told.contains("or take another place with --rehearsal-folder\n"), "\(told)")
                #expect(told.hasSuffix("\nstatus 2\n0\n"), "\(told)")
            }
        }

        @Test func `whoever is killed while a disk is frozen leaves it thawed, and the next run deletes the snapshots`() async throws {
            try await Deployable.with { machine in
                try await machine.run("deploy sample_image")
                let rehearse = machine.command("rehearse --this-disk --rehearsal-folder '\(machine.disk.folder)'")
                // Each read takes a while, and so the freeze.
                let trace = "\(machine.disk.folder)/trace"
                let slow = "strace -f -qq -o '\(trace)' -e trace=ioctl,pread64 -e inject=pread64:delay_enter=100000"
                let script = """
                    for round in {1..3}; do
                        \(slow) \(rehearse) > /dev/null & tracer=$!
                        for ((waited = 0; waited < 3000; waited++)); do
                            ! grep -qs 'FIFREEZE) *= 0' '\(trace)' || break
                            sleep 0.02
                        done
                        echo > new & writer=$!; sleep 0.1; kill -0 "$writer" || echo 'it was not frozen'
                        kill -KILL $(pgrep -P "$tracer" | head -1); begin=${EPOCHREALTIME/.}; wait "$writer"
                        echo "thawed in time: $((${EPOCHREALTIME/.} - begin < 2000000))"; wait "$tracer" || true; rm '\(trace)'
                    done
                    btrfs subvolume list . | grep -c 'rehearsals/[0-9]*/[0-9]*$'
                    timeout -s INT 3 \(rehearse) > /dev/null || true
                    btrfs subvolume list . | grep -c rehearsals || true; ls -A '\(machine.disk.folder)' | grep -c docker-btrfs-disk || true
                    """
                let told = try await machine.disk.change(script)
                let lines = told.split(separator: "\n")
                #expect(lines.prefix(3).allSatisfy { $0 == "thawed in time: 1" }, "\(told)")
                #expect(try #require(Int(lines.dropFirst(3).first ?? "")) >= 1, "nothing was left to be deleted")
                #expect(lines.suffix(2) == ["0", "0"], "\(told)")
            }
        }
    }
}
