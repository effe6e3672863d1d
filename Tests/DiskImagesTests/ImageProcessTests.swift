import Basics
import Foundation
import TestSupport
import Testing

@testable import DiskImages

/// What a container would run, as a service.
struct ImageProcessTests {
    private func process(_ config: String, _ files: [String: String] = ["etc/passwd": "web:x:33:34::/srv:/bin/sh\n"]) throws -> ImageProcess
    {
        var process: ImageProcess?
        try withTree(files) { process = try ImageProcess(Array("{\"config\": {\(config)}}".utf8), of: "web", in: $0) }
        return try #require(process)
    }

    @Test func `what a container would run becomes a script, whatever is in its words`() async throws {
        let process = try process(
            #""Env": ["A=it's $HOME `id`", "B=", "C=a=b\nc", "1.bad=x", "-i=y", "=z", "UID=1000", "PATH=/p"], "Entrypoint": ["/run it"], "Cmd": ["--x", "$(id)"], "WorkingDir": "/w w", "User": "web""#
        )
        #expect(process.user == ImageProcess.User(user: 33, group: 34, isKnown: true))
        #expect(
            process.script(for: "/bin/sh") == """
                #!/bin/sh
                # Written by docker-btrfs: the image's ENV, WORKDIR, ENTRYPOINT and CMD.
                cd '/w w' || exit
                pipe=/dev/shm/application.$$
                if ! (: >> /proc/self/fd/1) 2> /dev/null && mkfifo -m 600 "$pipe"; then
                    (trap '' TERM; cat < "$pipe" &)
                    exec > "$pipe" 2>&1
                    rm "$pipe"
                fi
                export A='it'\\''s $HOME `id`'
                export B=''
                export C='a=b
                c'
                export HOME=/srv
                exec env -- 1.bad=x -i=y UID=1000 PATH=/p '/run it' --x '$(id)' < /dev/null

                """)
    }

    /// What is in /proc/PID/cmdline everybody can read, if only for a moment.
    @Test(arguments: ["dash", "bash"])
    func `no variable is in the words of a command`(_ shell: String) async throws {
        let process = try process(
            #""Env": ["PSQL_TOKEN=hunter2", "LD_X=1", "UID=5", "FUNCNAME=f"], "Cmd": ["/usr/bin/printenv", "PSQL_TOKEN", "LD_X", "UID", "FUNCNAME"]"#
        )
        let script = process.script(for: "/bin/sh")
        #expect(script.split(separator: "\n").filter { $0.hasPrefix("exec env") }.allSatisfy { !$0.contains("hunter2") })
        #expect(try await output(of: [shell, "-c", script]) == "hunter2\n1\n5\nf\n")
    }

    /// Init's own, and what the kernel was told.
    @Test(arguments: ["/bin/sh", "/bin/bash"])
    func `of the variables that an init has, none is the service's`(_ shell: String) async throws {
        let process = try process(#""Env": ["A=secret"], "Cmd": ["/usr/bin/env"], "User": "web""#)
        let file = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: file) }
        try Data(process.script(for: shell, isAlone: true).utf8).write(to: file)
        let words = ["env", "USER=root", "HOME=/root", "TERM=linux", "SHELL=/bin/sh", "quiet=1", shell, file.path()]
        let found = try await output(of: words).split(separator: "\n").filter { line in
            // The shell's own.
            !["PWD=", "OLDPWD=", "SHLVL=", "_="].contains { line.hasPrefix($0) }
        }
        #expect(
            found.sorted() == ["A=secret", "HOME=/srv", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"])
    }

    @Test func `a list of people may be as large as where one is entered`() throws {
        let more = String(repeating: "x", count: 2 << 20)
        #expect(
            try process(#""Cmd": ["/a"], "User": "web""#, ["etc/passwd": "\(more):x:1:1\nweb:x:33:34::/srv:/bin/sh\n"]).user?.user == 33)
        let failure = #expect(throws: Failure.self) { try process(#""Cmd": ["/a"]"#, ["etc/passwd": more + more + more]) }
        #expect(failure?.message.hasPrefix("could not make a service of 'web': could not read '") == true)
        #expect(failure?.message.hasSuffix("/etc/passwd': it is larger than 4194304 bytes") == true)
    }

    @Test func `a program with '=' in its name is none of env's variables`() throws {
        let process = try process(#""Env": ["PATH=/p"], "Entrypoint": ["/opt/a=b", "x y"]"#)
        let words = #"-c 'exec "$0" "$@"' /opt/a=b 'x y' < /dev/null"#
        #expect(process.script(for: "/bin/sh").contains("\nexec env -- PATH=/p /bin/sh \(words)\n"))
        #expect(process.script(for: "/b/busybox sh", busybox: "/b/busybox ").contains("PATH=/p /b/busybox sh \(words)\n"))
    }

    @Test(arguments: ["dash", "bash"])
    func `shells run that script, with a quote that has an accent and a variable of their own`(_ shell: String) async throws {
        let process = try process(
            #""Env": ["A='\u0301$(echo no)'\u0301", "1.b=\r\n", "-i=y", "UID=1000"], "Cmd": ["/usr/bin/printenv", "A", "1.b", "UID", "HOME"]"#
        )
        let text = try await output(of: [shell, "-c", process.script(for: "/bin/sh")])
        #expect(text == "'\u{301}$(echo no)'\u{301}\n\r\n\n1000\n/root\n")
    }

    @Test func `a shell that is the service reads nothing`() async throws {
        let script = try process(#""Cmd": ["/bin/sh"]"#).script(for: "/bin/sh")
        #expect(try await output(of: ["/bin/sh", "-c", "echo 'echo a command' | sh -c \"$1\"", "sh", script]) == "")
    }

    /// As the journal has it: a socket.
    private static let socket = """
        use Socket;
        socketpair(my $ours, my $theirs, AF_UNIX, SOCK_STREAM, PF_UNSPEC) or die;
        unless (fork) { open STDOUT, ">&", $theirs; open STDERR, ">&", $theirs; close $ours; exec @ARGV }
        close $theirs; print while <$ours>; wait; print "status ", $? >> 8, "\\n";
        """

    @Test(arguments: ["dash", "bash"])
    func `a service opens its output by name, and ends by a signal with its own status`(_ shell: String) async throws {
        let program = #"trap 'echo ends > /dev/stderr; exit 7' TERM; echo begins > /dev/stdout; kill -TERM $$; sleep 9"#
        let script = try process(#""Cmd": ["/bin/bash", "-c", "\#(program)"]"#).script(for: "/bin/sh")
        let command = ["perl", "-e", Self.socket, shell, "-c", script]
        #expect(try await output(of: command) == "begins\nends\nstatus 7\n")
    }

    @Test func `lines of people end by a byte`() throws {
        let files = ["etc/passwd": "root:x:0:0::/root:/bin/sh\r\nweb:x:33:34::/srv:/bin/sh\r\n", "etc/group": "a:x:5:\r\npeople:x:50:\r\n"]
        let user = try process("\"Cmd\": [\"/a\"], \"User\": \"web:people\"", files).user
        #expect(user == ImageProcess.User(user: 33, group: 50, isKnown: true))
    }

    @Test func `who runs it is a name or a number, with a group or without`() throws {
        func user(_ text: String) throws -> ImageProcess.User? {
            let people =
                "large:x:4294967295:34::/:/bin/sh\nof-large:x:35:4294967295::/:/bin/sh\nof-none:x:36:::/:/bin/sh\nmember:x:37:50::/:/bin/sh\n"
            let files = [
                "etc/passwd": "root:x:0:0::/root:/bin/sh\nweb:x:33:34::/srv:/bin/sh\n" + people,
                "etc/group": "people:x:50:a,member\nothers:x:51:member\nnone:x:52:members\nlarge:x:4294967295:member\n",
            ]
            return try process("\"Cmd\": [\"/a\"], \"User\": \"\(text)\"", files).user
        }
        #expect(try user("") == nil && user("root") == nil && user("0:0") == nil)
        #expect(try user("33") == ImageProcess.User(user: 33, group: 34, isKnown: true))
        #expect(try user("web:people") == ImageProcess.User(user: 33, group: 50, isKnown: true))
        #expect(try user(":50") == ImageProcess.User(user: 0, group: 50, isKnown: true))
        #expect(try user("web:") == ImageProcess.User(user: 33, group: 34, isKnown: true))
        #expect(try user("member") == ImageProcess.User(user: 37, group: 50, isKnown: true, others: [51]))
        #expect(try user("37") == user("member") && user("member:50")?.others == [])
        #expect(try user("7:8") == ImageProcess.User(user: 7, group: 8, isKnown: false))
        #expect(try user("of-large:people") == ImageProcess.User(user: 35, group: 50, isKnown: true))
        let (what, hint) = ("could not make a service of 'web': its USER", "numbers go from 0 to 4294967294")
        for name in ["nobody", "large", "4294967295", "4294967296", "-1"] {
            let reason = "is '\(name)', and its etc/passwd has none of that name"
            #expect(throws: Failure("\(what) \(reason)", hint: hint)) { try user(name) }
        }
        for name in ["nobody", "large", "4294967295"] {
            let reason = "has the group '\(name)', and its etc/group none of that name"
            #expect(throws: Failure("\(what) \(reason)", hint: hint)) { try user("web:\(name)") }
        }
        for name in ["of-large", "of-none"] {
            let reason = "is '\(name)', whose group in its etc/passwd is no number"
            #expect(throws: Failure("\(what) \(reason)", hint: hint)) { try user(name) }
        }
        #expect(
            throws: Failure(
                "could not make a service of 'web': it has neither ENTRYPOINT nor CMD", hint: "say in the Dockerfile what it runs")
        ) {
            try process("\"Entrypoint\": null")
        }
    }
}
