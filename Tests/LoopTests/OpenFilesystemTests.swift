import TestSupport
import Testing

extension OnDisk {
    /// What a boot of the machine itself leaves open for the mount of the root: one by /proc/cmdline, not by `--cmdline`.
    struct OpenFilesystemTests {
        /// Runs the program with its kernel command line in /proc/cmdline, and after it what is given.
        private func afterBoot(_ disk: Disk, _ script: String, _ more: String = "") async throws -> String {
            var command = try disk.bootCommand(disk.line(more))
            let line = command.remove(at: 2)
            command.remove(at: 1)
            let whole = """
                echo "$1" > "$2/cmdline"; mount --bind "$2/cmdline" /proc/cmdline
                kernel=/sys/fs/btrfs/$(blkid --probe --output value --match-tag UUID "$3"); device=$3; top=$2/top; shift 3
                # The program's output ends with the program, though its child goes on.
                "$@" --report "$top.json" 2>&1 | cat > "$top.log"
                wait_until() { for wait in {1..2000}; do ! "$@" || return 0; sleep 0.01; done; return 1; }
                ended() { ! pgrep -f -- "--report $top.json" > "$top.pids"; }
                # A process loses its name before it lets go of what it holds.
                unmount() { wait_until ended; umount "$top"; wait_until test ! -e "$kernel"; echo closed; }
                mkdir -p "$top"
                \(script)
                """
            return try await output(
                of: ["unshare", "--mount", "bash", "-euo", "pipefail", "-c", whole, "bash", line, disk.folder, disk.device] + command)
        }

        @Test func `the filesystem stays mounted until the root is`() async throws {
            try await Disk.withStore { disk, _ in
                let script = #"""
                    [[ -e $kernel ]] && echo open
                    ! grep "$device" /proc/mounts
                    mount -o subvol=docker_rwlayer,ro "$device" "$top"
                    cat "$top/etc/version"
                    ! touch "$top/file" 2> /dev/null && echo read-only
                    unmount
                    """#
                let told = try await afterBoot(disk, script)
                #expect(told == "open\n1\nread-only\nclosed\n")
            }
        }

        @Test func `a boot that changes nothing leaves it read-only, and the root can be written all the same`() async throws {
            try await Disk.withStore { disk, _ in
                let persist = "docker_mode=persist"
                try await disk.bootWell(disk.line(persist))
                let script = #"""
                    [[ -e $kernel ]] && echo open
                    mount -o subvol=docker_rwlayer,rw "$device" "$top"
                    touch "$top/file"
                    unmount
                    """#
                let told = try await afterBoot(disk, script, persist)
                #expect(told == "open\nclosed\n")
                #expect(try await disk.look("ls docker_rwlayer/file") == "docker_rwlayer/file\n")
            }
        }

        @Test func `the mount of another subvolume is not waited for by it`() async throws {
            try await Disk.withStore { disk, _ in
                let script = #"""
                    mount -o subvolid=5 "$device" "$top"
                    umount "$top"
                    [[ -e $kernel ]] && echo open
                    mount -o subvol=docker_rwlayer "$device" "$top"
                    unmount
                    """#
                let told = try await afterBoot(disk, script)
                #expect(told == "open\nclosed\n")
            }
        }
    }
}
