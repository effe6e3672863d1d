import TestSupport
import Testing

extension Beside {
    struct EnterBootTests {
        @Test func `no file of the machine counts because a root calls itself so`() async throws {
            try await Enterable.with { machine in
                let told = try await machine.disk.change(
                    """
                    mkdir stand-in; printf '#!/bin/sh\\nprintf "%%s\\\\n" "$@"\\n' > stand-in/systemd-nspawn; chmod 755 stand-in/systemd-nspawn
                    \(machine.command("--project p tools -- sh -c 'echo trusted > /etc/hostname'"))
                    PATH=$PWD/stand-in:$PATH \(machine.command("--project p --boot")) 2>&1
                    \(machine.command("--project p -- sh -c 'echo -x..y > /etc/hostname'"))
                    PATH=$PWD/stand-in:$PATH \(machine.command("--project p --boot")) 2>&1 | grep hostname
                    """)
                let words = told.split(separator: "\n")
                #expect(told.contains("note: without a terminal nobody can log in there: "), "\(told)")
                #expect(
                    words.contains("--hostname=trusted") && words.contains("--hostname=enter") && words.contains("--settings=no"), "\(told)"
                )
            }
        }

        @Test func `a directory behind --boot is no image, and that is said`() async throws {
            try await Enterable.with { machine in
                let told = try await machine.disk.change(
                    "mkdir there; ! \(machine.command("--boot /boot")) 2>&1; ! \(machine.command("--boot there")) 2>&1")
                let hint = "hint: --boot boots the init of what is entered, and takes no directory"
                #expect(told.split(separator: "\n").count { $0.hasPrefix(hint) } == 2, "\(told)")
            }
        }

        @Test func `without the machine's program no root is made, nor a project`() async throws {
            try await Enterable.with { machine in
                try await machine.enter("tools -- true")
                let before = try await machine.left()
                let told = try await machine.disk.change(
                    """
                    while read -r -d : folder; do
                        if [[ -e $folder/systemd-nspawn ]]; then mount --bind /dev/null "$folder/systemd-nspawn"; fi
                    done <<< "$PATH:/usr/local/sbin:/usr/sbin:/sbin:"
                    ! \(machine.command("--project q tools --boot")) 2>&1
                    """)
                #expect(
                    told == """
                        Error: could not boot the root: there is no program 'systemd-nspawn'
                        hint: apt-get install systemd-container

                        """)
                #expect(try await machine.left() == before)
            }
        }

        @Test func `root that may not mount, as in a container, is told so`() async throws {
            try await Enterable.with { machine in
                let hint = "hint: this is root without the right to mount, as in a container: run it on the machine itself\n"
                for command in [machine.command("tools -- true"), "'\(Repository.companion)' plan --top-level ."] {
                    let told = try await machine.disk.change("! setpriv --bounding-set -sys_admin \(command) 2>&1")
                    #expect(told.hasPrefix("Error: could not ") && told.hasSuffix(": Operation not permitted\n" + hint), "\(told)")
                }
            }
        }

        /// systemd-nspawn leaves root inside its CAP_SYS_ADMIN.
        @Test func `what acts on all of the btrfs is refused to what boots a root`() async throws {
            try await Enterable.with { machine in
                let told = try await machine.disk.change(
                    """
                    mkdir stand-in; printf '#!/bin/sh\\nexec %s 7:0 harmless\\n' '\(machine.disk.folder)/escapes' > stand-in/systemd-nspawn
                    chmod 755 stand-in/systemd-nspawn; PATH=$PWD/stand-in:$PATH
                    \(machine.command("tools --boot")) | grep -e tree_search -e by_number -e mount_tmpfs
                    """)
                #expect(told == "mount_tmpfs REACHED\ntree_search refused\nsubvolume_by_number refused\n")
            }
        }

        @Test func `what a boot started ends where the program is killed, and several are booted at once`() async throws {
            try await Enterable.with { machine in
                let told = try await machine.disk.change(
                    """
                    mkdir stand-in; seconds=$((RANDOM + 100000))
                    printf '#!/bin/sh\nsetsid sleep %s &\necho "$SYSTEMD_NSPAWN_LOCK" "$@"; sleep %s\n' $seconds $seconds > stand-in/systemd-nspawn
                    chmod 755 stand-in/systemd-nspawn; PATH=$PWD/stand-in:$PATH
                    for name in tools second; do
                        \(machine.command("--boot $name")) > "told-$name" 2>&1 & processes+=($!)
                        until grep -q -- --machine "told-$name"; do kill -0 $!; sleep 0.1; done
                    done
                    cat told-* | grep -o '^0 .*' | grep -o 'machine=[^ ]*' | sort -u | wc -l
                    kill -KILL "${processes[@]}"; wait || true
                    for wait in {1..50}; do pgrep -f "sleep $seconds" > /dev/null || break; sleep 0.1; done
                    pgrep -f "sleep $seconds" || \(machine.command("tools -- true")); ls -A .docker-btrfs/enter
                    """)
                #expect(told == "2\n", "\(told)")
            }
        }
    }
}
