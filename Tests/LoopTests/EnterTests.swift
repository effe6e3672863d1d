import Foundation
import TestSupport
import Testing

extension Beside {
    /// `docker-btrfs enter`: a root that is entered, what it sees and what it leaves.
    struct EnterTests {
        /// What is looked for among all processes sleeps a time of its own.
        private static let seconds = 1_000_000 + Int(getpid())

        @Test func `a command has the top layer, processes and mounts of its own, no network, and leaves nothing`() async throws {
            try await Enterable.with { machine in
                let before = try await machine.imageListing()
                let script = """
                    cat /etc/motd; hostname; echo $$; ls /proc | grep -c '^[0-9]*$'; grep -c . /proc/net/dev
                    cat /proc/mounts | cut -d ' ' -f 2 | sort | tr '\\n' ' '; id -u; pwd; echo x > /etc/new; rm /bin/escapes; mkdir /sub
                    echo y > /tmp/y; echo z > /run/z; btrfs subvolume create /sub/nested; touch /sub/nested/in; cat /proc/self/oom_score
                    """
                let told = try await machine.enter("tools -- sh -ec '\(script.replacing("'", with: #"'\''"#))'")
                let lines = told.split(separator: "\n").map(String.init)
                #expect(lines[0...1] == ["top", "desk"])
                #expect(lines[2] == "2", "1 reaps")
                #expect(try #require(Int(lines[3])) <= 4)
                #expect(lines[4] == "3", "the loopback alone")
                let places = "/ /dev /dev/pts /dev/shm /proc"
                #expect(lines[5].hasPrefix(places) && lines[5].hasSuffix(" /tmp 0") && lines[5].contains("/run /sys /sys/"), "\(lines[5])")
                #expect(!lines[5].contains("docker"))
                #expect(lines[6] == "/root")
                #expect(try await machine.imageListing() == before)
                #expect(try await machine.left().split(separator: "\n").count == 1, "the image alone")
            }
        }

        @Test func `its status, its files, its user and what it may not run are the command's`() async throws {
            try await Enterable.with { machine in
                let enter = machine.command
                let script = """
                    status() { local found=0; "$@" > out 2> err < in || found=$?; echo "$found"; }
                    printf 'in\\n' > in
                    status \(enter("tools -- sh -c 'exit 7'"))
                    status \(enter("tools -- sh -c 'kill -9 $$'"))
                    status \(enter("tools -- nothing")); cat err
                    status \(enter("nothing -- true")); grep -c "^Error: could not find image 'nothing:latest' in /btrfs (docker, btrfs driver); this system has '/btrfs' at '$PWD/btrfs'$" err
                    status \(enter("--user nobody tools -- true")); cat err
                    status \(enter("--user some tools -- sh -c 'cat; id; touch /x || echo no; pwd; echo error >&2'")); cat out err
                    status \(enter("--user 77:root tools -- id")); cat out
                    mkdir shown; echo s > shown/it
                    umask 077
                    status \(enter("--bind $PWD/shown:/run/a/b --bind $PWD/in:/new/file tools -- sh -c 'cat /run/a/b/it /new/file; echo w > /run/a/b/w; stat -c %a /new'"))
                    umask 022; cat out shown/w
                    status \(enter("--read-only tools -- sh -c 'touch /tmp/x && echo tmp; touch /x'")); cat out
                    status \(enter("--network host tools -- sh -c 'wc -l < /proc/net/dev'")); cmp out <(wc -l < /proc/net/dev)
                    """
                let told = try await machine.disk.change(script)
                #expect(
                    told == """
                        7
                        137
                        127
                        Error: could not run 'nothing' in the root: No such file or directory
                        1
                        1
                        1
                        Error: could not find the user 'nobody' in '/etc/passwd' of the root
                        hint: a number needs no entry there, and the people that setup took are added at boot
                        0
                        in
                        uid=1234(some) gid=1235(some) groups=1235(some),1236(more)
                        no
                        /home/some
                        touch: /x: Permission denied
                        error
                        0
                        uid=77 gid=0(root) groups=0(root)
                        0
                        s
                        in
                        755
                        w
                        1
                        tmp
                        0

                        """, "\(told)")
                #expect(try await machine.left().split(separator: "\n").count == 1)
            }
        }

        @Test func `nothing that is tried from inside reaches the machine`() async throws {
            try await Enterable.with { machine in
                let numbers = try await output(of: ["lsblk", "--noheadings", "--nodeps", "--output", "MAJ:MIN", machine.disk.device])
                let disk = numbers.trimmingCharacters(in: .whitespacesAndNewlines)
                let told = try await machine.enter("tools -- escapes \(disk)").split(separator: "\n")
                #expect(told.count >= 55)
                #expect(told.filter { !$0.hasSuffix(" refused") } == [])
                // Run on the machine itself, where they must reach what they look for.
                let outside = ["unshare", "--mount", "--propagation", "private", "\(machine.disk.folder)/escapes", disk, "harmless"]
                let reached = try await output(of: outside).split(separator: "\n").filter { $0.hasSuffix(" REACHED") }
                #expect(reached.count >= 25, "\(reached)")
            }
        }

        /// CVE-2024-21626: paths of the image's that lead through what the program has open.
        @Test func `a home or a command in what the program has open is not the machine's`() async throws {
            try await Enterable.with { machine in
                let script = """
                    printf '#!/bin/sh\\necho out\\n' > outside; chmod 755 outside
                    passwd=$(echo btrfs/btrfs/subvolumes/*/etc/passwd)
                    for number in {3..20}; do
                        sed -i "s,^root:.*,root:x:0:0::/proc/self/fd/$number:/bin/sh," "$passwd"
                        \(machine.command("tools -- sh -c pwd"))
                        \(machine.command("tools -- /proc/self/fd/$number/outside 2> /dev/null")) || true
                    done | sort | uniq -c
                    \(machine.command("tools -- sh -c 'ls /proc/$$/fd; true'"))
                    """
                let told = try await machine.disk.change(script)
                #expect(told == "     18 /\n0\n1\n2\n", "\(told)")
            }
        }

        @Test func `an image that is entered by the machine's program as its own shell does not change its file`() async throws {
            try await Enterable.with { machine in
                let library = "\(machine.disk.folder)/library"
                try await output(of: ["clang", "-shared", "-fPIC", "-DLIBRARY", "-o", library, Repository.path("Tests/Lab/escapes.c")])
                // One that may be hurt.
                let script = """
                    program='\(machine.disk.folder)/program'; cp '\(Repository.companion)' "$program"
                    file() { stat -c '%a %U %Y %Z' "$program"; getcap "$program" 2> /dev/null; }
                    cd btrfs/btrfs/subvolumes/*; ldd "$program" | grep -o '/[^ ]*' | while read -r of; do mkdir -p ".${of%/*}"; cp "$of" ".$of"; done
                    cp '\(library)' lib/library; echo /lib/library > etc/ld.so.preload
                    printf '#!/proc/self/exe\\n' > bin/turned; chmod 755 bin/turned; cd ../../../..
                    before=$(file); "$program" enter --top-level . tools -- /bin/turned; [ "$(file)" = "$before" ] || file
                    """
                let told = try await machine.disk.change(script)
                let names = ["mode", "owner", "attribute", "times"]
                #expect(told == names.map { "program_\($0) refused\n" }.joined(), "\(told)")
            }
        }

        @Test func `ten at once do not see one another, and of 200 that are killed the next one leaves nothing`() async throws {
            try await Enterable.with { machine in
                let before = try await machine.imageListing()
                let enter = machine.command("tools -- sh -c")
                let script = """
                    one() { \(enter) 'ls /made* 2>&1 | grep -c made1; touch /made1; sleep 1'; }
                    for number in {1..10}; do one & done 2> /dev/null; wait
                    """
                // What the pattern stands for where there is none.
                let told = try await machine.disk.change(script)
                #expect(told == String(repeating: "0\n", count: 10))
                let kills = """
                    one() {
                        \(enter) 'mkdir /sub; btrfs subvolume create /sub/nested; touch /sub/nested/in; exec sleep \(Self.seconds)1' &> /dev/null & local process=$!
                        sleep "0.$((RANDOM % 4))$((RANDOM % 10))"; kill -9 "$process"; wait "$process" || true
                    }
                    for round in {1..50}; do one & one & one & one & wait; done 2> /dev/null
                    ls .docker-btrfs/enter | wc -l
                    for left in {1..50}; do pgrep -x -f 'sleep \(Self.seconds)1' > pids || break; sleep 0.1; done; cat pids
                    """
                let left = try await machine.disk.change(kills)
                #expect(try #require(Int(left.trimmingCharacters(in: .newlines))) >= 1, "nothing was left to be deleted")
                try await machine.enter("tools -- true")
                #expect(try await machine.left().split(separator: "\n").count == 1)
                #expect(try await machine.imageListing() == before)
            }
        }

        @Test func `one that is killed before its process 1 is to be killed with it leaves none`() async throws {
            try await Enterable.with { machine in
                // That waits before its first prctl, which says so.
                let trace = "\(machine.disk.folder)/trace"
                let script = """
                    strace -f -qq -o '\(trace)' -e trace=clone,prctl -e inject=prctl:delay_enter=2000000:when=1 \
                        \(machine.command("tools -- sleep \(Self.seconds)2")) & tracer=$!
                    for ((waited = 0; waited < 600; waited++)); do ! grep -qs CLONE_NEWPID '\(trace)' || break; sleep 0.05; done
                    sleep 0.5; kill -KILL $(pgrep -P "$tracer" | head -1)
                    for ((waited = 0; waited < 100; waited++)); do kill -0 "$tracer" 2> /dev/null || break; sleep 0.1; done
                    grep -c PR_SET_PDEATHSIG '\(trace)'; pgrep -x -f 'sleep \(Self.seconds)2' > pids || true; wc -l < pids
                    for left in $(< pids); do kill -KILL "$left"; done; wait "$tracer" || true
                    """
                let told = try await machine.disk.change(script)
                #expect(told == "1\n0\n")
            }
        }

        @Test func `what an image calls its own directories leads nowhere`() async throws {
            try await Enterable.with { machine in
                let layer = "btrfs/btrfs/subvolumes/*"
                for (change, reason) in [
                    ("rmdir dev; ln -s /etc dev", "at '/dev': what the image has there is a symlink"),
                    (
                        "rmdir proc; ln -s sys proc",
                        "at '/proc': it shows the processes of here, and no others: what the image has there is a symlink"
                    ),
                    ("rm -r run; echo > run", "at '/run': Invalid argument"),
                    ("mkdir -p tmp; rmdir tmp; ln -s /proc/1/root tmp", "at '/tmp': what the image has there is a symlink"),
                ] {
                    let script = """
                        cd \(layer); mkdir -p proc dev run; \(change); cd ../../../..
                        ! \(machine.command("tools -- true")) 2>&1; (cd \(layer); rm -rf dev proc run tmp; mkdir dev proc run tmp)
                        """
                    let told = try await machine.disk.change(script)
                    #expect(told.contains("could not mount a fresh") && told.contains(reason), "\(told)")
                }
                // These are only read, and where they lead there is nothing.
                let script = """
                    echo victim > victim; cd \(layer)/etc; rm passwd group; ln -s ../../../../../victim passwd; mkfifo group
                    cd ../../../../..; rm boot_docker/etc/hostname; (cd \(layer)/etc; ln -s /proc/sys/kernel/hostname hostname)
                    timeout 10 \(machine.command("tools -- sh -c 'hostname; id -u'")) 2>&1 || echo "status $?"
                    rm \(layer)/etc/group; timeout 10 \(machine.command("tools -- sh -c 'hostname; id -u'"))
                    """
                let told = try await machine.disk.change(script)
                #expect(told.hasSuffix("enter\n0\n"), "\(told)")
                #expect(told.contains("etc/group': it is not a regular file"), "\(told)")
                #expect(try await machine.left().split(separator: "\n").count == 1)
            }
        }

        @Test func `a btrfs that is mounted read-only stays so, whatever looks into it or copies from it`() async throws {
            try await Enterable.with { machine in
                let companion = "'\(Repository.companion)'"
                let state = "btrfs inspect-internal dump-super \(machine.disk.device) | grep '^generation'"
                let told = try await machine.disk.change(
                    """
                    \(machine.command("--project work tools -- true")); \(companion) export work -o ../work.tar --top-level . > /dev/null
                    # A mount of its own that is read-only, as services have them, is in nobody's way.
                    mkdir ../view; mount --bind . ../view; mount -o remount,bind,ro ../view
                    \(companion) diff work; \(companion) diff work --top-level .; umount ../view
                    sync; mount -o remount,ro .; before=$(\(state))
                    for place in '--top-level .' ''; do
                        for words in 'diff work @' 'repair work @' 'export work -o ../other.tar @' 'import ../work.tar other @' \\
                            'root rm work @' 'enter @ tools -- true' 'enter @ --project work -- true'; do
                            ! \(companion) ${words/@/$place} 2>&1
                        done
                    done
                    findmnt --noheadings --output FS-OPTIONS . | cut -d , -f 1; [[ $(\(state)) == "$before" ]] && echo same
                    """)
                let sentence = "could not write to '\(machine.disk.device)': it is mounted read-only at '\(machine.disk.folder)/top'\n"
                #expect(told.components(separatedBy: sentence).count == 15 && told.hasSuffix("\nro\nsame\n"), "\(told)")
            }
        }

        @Test func `a copy of a kept root is entered, and the root stays as it was left`() async throws {
            try await Enterable.with { machine in
                var line = machine.disk.line("docker_image=tools docker_keep=2")
                (line.policy, line.dockerPath) = ("", "btrfs")
                try await machine.disk.bootWell(line)
                try await machine.disk.change("echo yesterday > docker_rwlayer/srv/work")
                try await machine.disk.bootWell(line)
                let before = try await machine.disk.look(
                    "cat .docker-btrfs/record; find docker_rwlayer .docker-btrfs/roots -printf '%p %T@ %C@\\n'")
                #expect(try await machine.enter("--root 1 -- sh -c 'cat /srv/work; echo more > /srv/work'") == "yesterday\n")
                #expect(try await machine.enter("--root 2 -- sh -c 'ls /srv; cat /etc/motd'") == "nodes\ntop\n")
                #expect(try await machine.enter("tools -- ls /srv") == "nodes\n")
                let told = try await machine.disk.change(
                    "! \(machine.command("--root 9 -- true")) 2>&1; ! \(machine.command("-- true")) 2>&1")
                #expect(
                    told == """
                        Error: could not find root 9
                        hint: there are roots 1, 2
                        Error: could not tell what the next boot is: nothing was deployed
                        hint: name an image, or deploy one

                        """, "\(told)")
                let after = try await machine.disk.look(
                    "cat .docker-btrfs/record; find docker_rwlayer .docker-btrfs/roots -printf '%p %T@ %C@\\n'")
                #expect(after == before, "no boot is counted, and no root is touched")
            }
        }

        @Test func `an image of overlay2 is merged once, and entered again as a snapshot`() async throws {
            try await Enterable.with(driver: "overlay2") { machine in
                let layer = "overlay2/overlay2/*/diff"
                let before = try await machine.disk.look("\(SmallImage.listing); cd \(layer); listing")
                let first = try await machine.disk.change(machine.command("--explain tools -- sh -c 'cat /etc/motd; echo x > /x' 2>&1"))
                #expect(first.contains("\nmerge 1 layer to '/.docker-btrfs/layers/") && first.contains("\ntop\n"), "\(first)")
                let second = try await machine.disk.change(machine.command("--explain tools -- ls /x 2>&1 || true"))
                #expect(!second.contains("merge") && second.contains("ls: /x: No such file or directory"), "\(second)")
                #expect(try await machine.left().split(separator: "\n").count == 1, "the layer, which is held")
                #expect(try await machine.disk.look("\(SmallImage.listing); cd \(layer); listing") == before)
            }
        }
    }
}
