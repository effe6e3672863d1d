import Foundation
import TestSupport
import Testing

extension Beside {
    /// What a command in a root has for its standard input, output and error: the caller's terminal, files and pipes.
    struct EnterStreamsTests {
        @Test func `a file that is only read is not written from inside`() async throws {
            try await Enterable.with { machine in
                let script = """
                    printf 'one\\ntwo\\n' > file
                    { read -r line; \(machine.command("tools -- sh -c 'echo in > /proc/self/fd/0 || echo no; cat' 2> /dev/null")); } < file
                    cat file
                    \(machine.command("tools -- cat")) 2>&1 < . || echo "status $?"
                    exec 3<> file; \(machine.command("tools -- sh -c 'echo asked > /proc/self/fd/0 || echo no' 2> /dev/null")) <&3; cat file
                    \(machine.command("tools -- sh -c 'echo asked > /proc/self/fd/0 || echo no; head -c 4 | wc -c' 2> /dev/null")) < \(machine.disk.device)
                    """
                let told = try await machine.disk.change(script)
                #expect(
                    told == """
                        no
                        two
                        one
                        two
                        Error: could not hand on the standard input: Is a directory
                        hint: hand it on by a pipe: cat FILE | docker-btrfs enter …
                        status 1
                        no
                        one
                        two
                        no
                        4

                        """, "\(told)")
            }
        }

        @Test(.timeLimit(.minutes(2))) func `a long paste stops nothing`() async throws {
            try await Enterable.with { machine in
                let terminal = try CallersTerminal()
                defer { terminal.close() }
                // A person who pastes does not read meanwhile: so nothing may be echoed.
                let command = machine.command("tools -- sh -c 'stty -echo; echo ready; sleep 1; echo lines $(wc -l)'")
                async let ended = machine.disk.change("timeout 60 setsid --ctty --wait \(command) <> \(terminal.path) >&0")
                try await terminal.shows("ready\r\n")
                try await terminal.types((1...5000).map { "a line that somebody pastes \($0)\n" }.joined() + "\u{4}")
                try await terminal.shows("lines 5000\r\n")
                _ = try await ended
            }
        }

        @Test func `a named pipe of the caller's keeps its mode and its owner, and hands on what comes`() async throws {
            try await Enterable.with { machine in
                let told = try await machine.disk.change(
                    """
                    mkfifo -m 600 in out; cat out > got & reader=$!; (sleep 0.5; echo word) > in & writer=$!
                    \(machine.command("tools -- sh -c 'busybox chmod 666 /proc/self/fd/0 /proc/self/fd/1; busybox chown 1 /proc/self/fd/0; cat'")) \
                        < in > out 2> /dev/null
                    wait $reader $writer; cat got; stat --format '%a %u' in out
                    """)
                #expect(told == "word\n600 0\n600 0\n")
            }
        }

        @Test func `a command without a terminal of its own is stopped with the program, and goes on with it`() async throws {
            try await Enterable.with { machine in
                let told = try await machine.disk.change(
                    """
                    \(machine.command("tools -- sh -c 'while :; do echo x; sleep 0.05; done'")) < /dev/null > out & process=$!
                    more() { local before=$(wc -l < out); sleep 0.6; [[ $(wc -l < out) -gt $((before + 1)) ]] && echo goes || echo stands; }
                    until [ -s out ]; do kill -0 $process; sleep 0.1; done
                    more; kill -TSTP $process; sleep 0.3; more; kill -CONT $process; sleep 0.3; more; kill -TERM $process; wait $process || echo $?
                    """)
                #expect(told == "goes\nstands\ngoes\n143\n")
            }
        }

        @Test func `the caller's terminal keeps its mode and its owner where the command has it`() async throws {
            try await Enterable.with { machine in
                let terminal = try CallersTerminal()
                defer { terminal.close() }
                let inner =
                    "busybox chmod 666 /proc/self/fd/0; busybox chown 1234 /proc/self/fd/0; read line; echo got $line; echo line >&2"
                let command = machine.command("tools -- sh -c '\(inner)'").replacing("'", with: "'\\''")
                let before = try await output(of: ["stat", "--format", "%a %u", terminal.path])
                async let told = machine.disk.change(
                    "timeout 60 setsid --ctty --wait bash -c '\(command) | cat > out' <> \(terminal.path) >&0 2>&0; cat out")
                try await terminal.types("word\n")
                try await terminal.shows("line\r\n")
                let got = try await told
                #expect(got == "got word\n")
                let after = try await output(of: ["stat", "--format", "%a %u", terminal.path])
                #expect(after == before)
            }
        }

        @Test func `a file that is written to gets what the command writes, and is not its to read, to empty or to change`() async throws {
            try await Enterable.with { machine in
                let enter = { (words: String) in machine.command("--bind $PWD/tries:/tries \(words)") }
                let script = #"""
                    cat > tries << 'END'
                    exec 3>&1 4>&2
                    for file in 3 4; do
                        busybox timeout 1 cat /proc/self/fd/$file > /tmp/read; grep -q before /tmp/read && echo "reads $file"
                        true > /proc/self/fd/$file
                        busybox chmod 4755 /proc/self/fd/$file; chown 1234 /proc/self/fd/$file; setfattr --name user.x /proc/self/fd/$file
                        setfattr --name security.capability --value 0x0100000200200000000000000000000000000000 /proc/self/fd/$file
                    done 2> /dev/null
                    for number in 1 2 3; do echo "out $number"; echo "error $number" >&2; done
                    END
                    fresh() { for file in log errors; do rm -f $file; echo before > $file; chmod 600 $file; done; }
                    look() { for file in log errors; do stat --format '%a %U' $file; getfattr --dump --match - $file; cat $file; done; }
                    """#
                let lines = """
                    \(script)
                    fresh; \(enter("tools -- sh /tries")) >> log 2>> errors; look
                    fresh; \(enter("tools -- sh /tries")) > log 2>&1; cat log
                    fresh; \(enter("--user some tools -- sh -c 'echo by name > /dev/stdout'")) >> log; cat log
                    timeout 60 \(enter("tools -- sh -c 'sleep 4713 & echo ends; exit 7'")) > log || echo "status $?"; cat log
                    \(enter("tools -- busybox seq 300000")) > log; cmp log <(seq 300000)
                    mkdir small; mount -t tmpfs -o size=64k small small
                    \(enter("tools -- sh -c 'busybox seq 300000; exit 0'")) 2>&1 > small/log || echo "status $?"; umount small
                    \(enter("tools -- sh /tries")) > /dev/null 2>&1; stat --format %a /dev/null; chmod 666 /dev/null
                    \(enter("tools -- ls -d /proc/self/fd/1/.")) 2>&1 1< . || echo "status $?"
                    """
                let told = try await machine.disk.change(lines)
                #expect(
                    told == """
                        600 root
                        before
                        out 1
                        out 2
                        out 3
                        600 root
                        before
                        error 1
                        error 2
                        error 3
                        out 1
                        error 1
                        out 2
                        error 2
                        out 3
                        error 3
                        before
                        by name
                        status 7
                        ends
                        Error: could not write the standard output: No space left on device
                        status 1
                        666
                        ls: /proc/self/fd/1/.: Not a directory
                        status 1

                        """, "\(told)")
            }
        }

        /// CVE-2019-5736, by the image's own loader of programs.
    }
}
