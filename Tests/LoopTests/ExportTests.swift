import Foundation
import TestSupport
import Testing

extension OnDisk {
    /// A project that is given to others, and one that came from them.
    struct ExportTests {
        @Test func `an export is loaded by Docker, and received by btrfs, as it was`() async throws {
            try await Enterable.with { machine in
                let companion = "'\(Repository.companion)'"
                let (image, stream) = ("\(machine.disk.folder)/image.tar", "\(machine.disk.folder)/stream")
                let listing = SmallImage.listing + "\nown() { listing | grep -v -e '^# file: \\.$' -e '^user.docker-btrfs.'; }"
                let script = """
                    \(listing)
                    \(machine.command("--project work tools")) -- sh -c 'echo 1 > /srv/1; ln /srv/1 /srv/2; ln -s /nowhere /srv/3; rm /etc/motd; mkdir /srv/sub'
                    cd .docker-btrfs/roots/.*work/1; setfattr -n user.note -v 'a note' srv/1; setcap cap_net_raw+ep bin/busybox; mkfifo srv/fifo
                    chown 7:8 srv/1; chmod 6711 srv/1; touch -h -d @1600000000.5 srv/3; btrfs -q subvolume create srv/sub/nested
                    truncate -s 9M srv/sparse; long=srv/sub; for part in {1..9}; do long+=/$(printf 'x%.0s' {1..60}); done; mkdir -p "$long"; echo > "$long/in"
                    echo odd > srv/$'new\nline'; cd - > /dev/null
                    \(companion) export work -o '\(image)' --top-level . 2>&1; ! \(companion) export work -o '\(image)' --top-level . 2>&1
                    \(companion) export work -o '\(stream)' --format btrfs --top-level . 2> /dev/null; stat -c %a '\(image)' '\(stream)'
                    \(machine.command("--project large tools")) -- sh -c 'head -c 209715200 /dev/urandom > /srv/large'
                    mkdir out; (cd out; for format in docker btrfs; do
                            \(companion) export large -o out --format $format --top-level .. 2> /dev/null & exporting=$!
                            for wait in {1..500}; do [ -z "$(find . -type f -size +0)" ] || break; sleep 0.01; done
                            find . -name out; kill -TERM $exporting; wait $exporting || echo "status $?"; ls -A
                        done)
                    mkdir received; btrfs receive -q -f '\(stream)' received; rmdir .docker-btrfs/roots/.*work/1/srv/sub/nested
                    rmdir received/*/srv/sub/nested 2> /dev/null || true
                    (cd .docker-btrfs/roots/.*work/1; own | grep -vE '^./srv/sub d|nested') > here; (cd received/*; own | grep -vE '^./srv/sub d|nested') > there
                    diff here there; find .docker-btrfs/enter -mindepth 1; grep -v '^. d ' here > '\(machine.disk.folder)/here'
                    """
                let told = try await machine.disk.change(script)
                #expect(
                    told == """
                        wrote 'work:latest' to '\(image)'
                        note: '/srv/sub/nested' is a subvolume of its own, and is left out
                        Error: could not make the file '\(image)': File exists
                        hint: name another one, or remove that
                        wrote a stream for btrfs receive to '\(stream)'
                        600
                        600
                        status 143
                        status 143

                        """, "\(told)")
                try await Disk.with(["mkfs.btrfs", "-q"], size: "1G") { other in
                    try await other.detach()
                    let load = """
                        \(listing)
                        docker load --quiet --input "$1"; docker run --rm --network none work cat /srv/1
                        cd "$TOP"/btrfs/btrfs/subvolumes/; for layer in *; do [ ! -e "$layer/srv/1" ] || (cd "$layer"; own); done |
                            grep -vE '^. d |^./srv/sub d|nested' > "$2/there"
                        """
                    let lab = Repository.path("Tests/Lab/with-store")
                    let loaded = try await output(
                        of: [lab, other.file, "--docker=btrfs", "bash", "-euo", "pipefail", "-c", load, "bash", image, machine.disk.folder])
                    #expect(loaded.hasSuffix("Loaded image: work:latest\n1\n"), "\(loaded)")
                }
                let difference = try await run(["diff", "\(machine.disk.folder)/here", "\(machine.disk.folder)/there"])
                #expect(difference.status == 0, "\(difference.output)")
            }
        }

        @Test func `an export is locked as a network filesystem wants it, and where that has no locks nothing is left`() async throws {
            try await Enterable.with { machine in
                // As a network filesystem has locks (fs/nfs/file.c of the kernel), or has none.
                let locks = """
                    #include <errno.h>
                    #include <fcntl.h>
                    #include <stdio.h>
                    #include <stdlib.h>
                    #include <string.h>
                    #include <sys/syscall.h>
                    #include <unistd.h>
                    int flock(int file, int operation) {
                        char link[64], path[4096] = {0};
                        snprintf(link, sizeof link, "/proc/self/fd/%d", file);
                        int isDraft = readlink(link, path, sizeof path - 1) > 0 && strstr(path, "/out/.docker-btrfs-export-") != NULL;
                        int error = !isDraft ? 0 : getenv("NO_LOCKS") ? ENOLCK : (fcntl(file, F_GETFL) & O_ACCMODE) == O_RDONLY ? EBADF : 0;
                        return error ? (errno = error, -1) : (int)syscall(SYS_flock, file, operation);
                    }
                    """
                let library = "\(machine.disk.folder)/locks.so"
                let export = "LD_PRELOAD='\(library)' '\(Repository.companion)' export work --top-level ."
                let script = """
                    clang -shared -fPIC -o '\(library)' -x c - <<'END'
                    \(locks)
                    END
                    \(machine.command("--project work tools -- true")); mkdir out
                    touch out/.docker-btrfs-export-XXXXXX; chmod 600 out/.docker-btrfs-export-XXXXXX
                    \(export) -o out/file 2>&1 || true; NO_LOCKS=1 \(export) -o out/other 2>&1 || true; ls -A out
                    """
                let told = try await machine.disk.change(script)
                #expect(
                    told == """
                        wrote 'work:latest' to 'out/file'
                        Error: could not lock the file 'out/other': No locks available
                        file

                        """, "\(told)")
            }
        }

        @Test func `what no program could read back is not written, and where it is that is told`() async throws {
            try await Enterable.with { machine in
                let told = try await machine.disk.change(
                    """
                    \(machine.command("--project work tools -- true"))
                    (cd .docker-btrfs/roots/.*work/1/srv; perl -e 'for (1..20000) { mkdir "d"; chdir "d" or die $! }')
                    for format in docker btrfs; do ! '\(Repository.companion)' export work -o out --format $format --top-level . 2>&1; done
                    [ ! -e out ]; [ -z "$(find . -maxdepth 1 -name '.docker-btrfs-export-*')" ]
                    """)
                let lines = told.split(separator: "\n")
                let error = "Error: could not write 'out': it has a path of more than 4095 bytes, which nothing could read back: "
                #expect(lines.count { $0.hasPrefix(error + "'/srv/d/d/d/") } == 2 && lines.count == 4, "\(told)")
            }
        }

        @Test func `a project whose name no image can have is exported as a stream, or under another name`() async throws {
            try await Enterable.with { machine in
                let export = "'\(Repository.companion)' export work- --top-level ."
                let script = """
                    \(machine.command("--project work- tools -- true"))
                    \(export) -o image 2>&1 || true; \(export) -o image --tag work; \(export) -o stream --format btrfs
                    """
                let told = try await machine.disk.change(script)
                #expect(
                    told == """
                        Error: could not call the image 'work-' as the project: images cannot have that name
                        hint: --tag NAME names it
                        wrote 'work:latest' to 'image'
                        wrote a stream for btrfs receive to 'stream'

                        """, "\(told)")
            }
        }

        @Test func `a stream writes nothing outside of what it makes`() async throws {
            try await Enterable.with { machine in
                let (victim, stream) = ("\(machine.disk.folder)/victim", "\(machine.disk.folder)/stream")
                try Data("mine".utf8).write(to: URL(filePath: victim))
                try Data(SendStream.writing(to: victim)).write(to: URL(filePath: stream))
                let told = try await machine.disk.change("! '\(Repository.companion)' import '\(stream)' bad --top-level . 2>&1")
                #expect(told.hasPrefix("Error: could not import '\(stream)': "), "\(told)")
                #expect(try Data(contentsOf: URL(filePath: victim)) == Data("mine".utf8))
                let others = try await machine.disk.change(
                    "for file in /tmp /dev/null /nowhere; do ! '\(Repository.companion)' import $file bad --top-level . 2>&1; done")
                #expect(
                    others == """
                        Error: could not import '/tmp': it is no regular file
                        hint: write what export writes to one
                        Error: could not import '/dev/null': it is no regular file
                        hint: write what export writes to one
                        Error: could not open '/nowhere': No such file or directory

                        """, "\(others)")
            }
        }

        @Test func `what was exported is imported as a project that can be entered, compared and repaired`() async throws {
            try await Enterable.with { machine in
                let companion = "'\(Repository.companion)'"
                let enter = machine.command("--project")
                let listing = SmallImage.listing + "\nown() { listing | grep -v -e '^# file: \\.$' -e '^user.docker-btrfs.'; }"
                let script = """
                    \(listing)
                    \(enter) work tools -- sh -c 'echo 1 > /srv/1; ln /srv/1 /srv/2; ln -s /nowhere /srv/3; rm /etc/motd'
                    cd .docker-btrfs/roots/.*work/1; setfattr -n user.note -v 'a note' srv/1; setcap cap_net_raw+ep bin/busybox; chown 7:8 srv/1
                    chmod 6711 srv/1; touch -h -d @1600000000.5 srv/3; truncate -s 9M srv/sparse; echo odd > srv/$'new\nline'; own > ../here; cd - > /dev/null
                    mkdir out; for format in docker btrfs; do \(companion) export work -o out/$format --format $format --top-level . > /dev/null 2>&1; done
                    for format in docker btrfs; do
                        \(companion) import out/$format of-$format --top-level .
                        (cd .docker-btrfs/roots/.*of-$format/1; own) | diff .docker-btrfs/roots/.*work/here - && echo same
                        \(enter) of-$format -- sh -c 'cat /srv/1; rm /srv/2; echo new > /srv/3new'
                        \(companion) diff of-$format --top-level .; \(companion) repair of-$format --top-level .
                    done
                    \(companion) root ls --top-level . | grep -o '^of-docker *[^ ]*'
                    ! \(companion) import out/docker of-btrfs --top-level . 2>&1; printf x | dd of=out/docker conv=notrunc bs=1 seek=9000 2> /dev/null
                    ! \(companion) import out/docker other --top-level . 2>&1; ! \(companion) import /etc/passwd other --top-level . 2>&1
                    head -c 5000000 out/btrfs > out/part; ! \(companion) import out/part other --top-level . 2> /dev/null
                    ls -A .docker-btrfs/roots; \(companion) root rm of-docker of-btrfs work --top-level . > /dev/null
                    \(enter) large tools -- sh -c 'head -c 209715200 /dev/urandom > /srv/large'
                    \(companion) export large -o out/large --top-level . & exporting=$!
                    for wait in {1..500}; do [ -z "$(find out -name '.docker*' -size +0)" ] || break; sleep 0.01; done; kill -KILL "$exporting"
                    wait "$exporting" 2> /dev/null || echo "status $?"; ls -A out | grep -c '^.docker-btrfs-export-'
                    \(companion) export large -o out/large --top-level . > /dev/null; ls -A out
                    """
                let told = try await machine.disk.change(script)
                func part(_ format: String) -> String {
                    """
                    made the project 'of-\(format)' of 'out/\(format)'
                    same
                    1
                    D /srv/2
                    A /srv/3new
                    put back '/srv/2'
                    project 'of-\(format)' has 1 path again as it was made

                    """
                }
                #expect(told.hasPrefix(part("docker") + part("btrfs")), "\(told)")
                #expect(
                    told.dropFirst((part("docker") + part("btrfs")).count) == """
                        of-docker  work:latest
                        Error: could not import 'out/docker': there is a project 'of-btrfs' already
                        hint: give another name, or root rm of-btrfs
                        Error: could not import 'out/docker': its content is not what it says
                        hint: export it again
                        Error: could not import '/etc/passwd': it is not what docker-btrfs export writes
                        hint: an image goes to the store by docker load or podman load, and is entered from there
                        .docker-btrfs%2Fprojects%2Fof-btrfs
                        .docker-btrfs%2Fprojects%2Fof-docker
                        .docker-btrfs%2Fprojects%2Fwork
                        status 137
                        1
                        btrfs
                        docker
                        large
                        part

                        """, "\(told)")
            }
        }

        @Test func `who waits for another process is told so`() async throws {
            try await Enterable.with { machine in
                let companion = "'\(Repository.companion)'"
                let told = try await machine.disk.change(
                    """
                    \(machine.command("--project work tools -- true"))
                    for words in 'export work -o out' 'import out late'; do
                        exec {lock}< .; flock "$lock"; : > said
                        \(companion) $words --top-level . 2> said > /dev/null {lock}<&- & process=$!
                        until [ -s said ] || ! kill -0 $process; do sleep 0.1; done
                        exec {lock}<&-; wait $process; grep -c '^note: waiting for ' said
                    done
                    """)
                #expect(told == "1\n1\n", "\(told)")
            }
        }

        @Test func `nothing is left of a stream without a subvolume, and what was imported twice shares all`() async throws {
            try await Enterable.with { machine in
                let companion = "'\(Repository.companion)'"
                try Data(SendStream.withoutSubvolume).write(to: URL(filePath: machine.disk.folder + "/stream"))
                try Data(SendStream.linking(to: "/others")).write(to: URL(filePath: machine.disk.folder + "/link"))
                let script = """
                    btrfs -q subvolume create others
                    for file in stream link; do ! \(companion) import '\(machine.disk.folder)/'$file taken --top-level . 2> /dev/null; done
                    ls -A .docker-btrfs/roots
                    \(machine.command("--project work tools")) -- sh -c 'head -c 70000000 /dev/urandom > /large; echo a > /listed'
                    setfacl -m u:1:r .docker-btrfs/roots/.*work/1/listed
                    \(companion) export work -o out --top-level . > /dev/null
                    tar -xOf out layer.tar | grep -a -c user:daemon || true
                    for name in first second; do
                        \(companion) import out $name --top-level .; \(companion) diff $name --top-level .
                        getfacl --numeric --omit-header .docker-btrfs/roots/.*$name/1/listed | grep user:1
                    done
                    head -c 1000000 out > cut; ! \(companion) import cut other --top-level . 2>&1
                    """
                let told = try await machine.disk.change(script)
                #expect(
                    told == """
                        0
                        made the project 'first' of 'out'
                        user:1:r--
                        made the project 'second' of 'out'
                        user:1:r--
                        Error: could not import 'cut': it is cut off
                        hint: copy it again, or export it again

                        """)
            }
        }

        @Test func `a project of a stranger gets nothing of this machine by what it says of itself`() async throws {
            try await Enterable.with { machine in
                let companion = "'\(Repository.companion)'"
                let told = try await machine.disk.change(
                    """
                    \(machine.command("--project work tools -- true")); \(companion) export work -o out --top-level . > /dev/null
                    mkdir -p boot_docker/srv; echo secret > boot_docker/srv/key; sleep 1; \(companion) import out guest --top-level . > /dev/null
                    root=.docker-btrfs/roots/.docker-btrfs%2Fprojects%2Fguest/1
                    mark=$(getfattr --only-values --name user.docker-btrfs.root $root)
                    setfattr --name user.docker-btrfs.root --value "$mark"$'\nover /boot_docker\n' $root
                    \(companion) repair guest --top-level .; ls $root/srv | grep key || true
                    rm ${root%/1}/made; ! \(companion) repair guest --top-level . 2>&1; \(companion) root rm guest --top-level . | tail -1
                    ls -A .docker-btrfs/roots
                    """)
                #expect(
                    told == """
                        project 'guest' lost nothing
                        Error: could not compare project 'guest': only its mark says what it was made of, which whoever is in it can write
                        hint: docker-btrfs enter --project OTHER makes one that has it written down; what is to stay is copied there
                        removed project 'guest'
                        .docker-btrfs%2Fprojects%2Fwork

                        """, "\(told)")
            }
        }

        @Test(arguments: ["docker", "btrfs"])
        func `what an import left that was killed is shown, and removed by the project's name`(format: String) async throws {
            try await Enterable.with { machine in
                let companion = "'\(Repository.companion)'"
                let script = """
                    \(machine.command("--project work tools")) -- sh -c 'head -c 104857600 /dev/urandom > /srv/large'
                    \(companion) export work -o out --format \(format) --top-level . > /dev/null; ls -d /tmp/docker-btrfs.*/top > before 2> /dev/null || true
                    \(companion) import out gone --top-level . & importing=$!
                    for wait in {1..2000}; do
                        [ -z "$(ls -d .docker-btrfs/roots/.*gone/{new,received/*} 2> /dev/null)" ] || break; sleep 0.005
                    done
                    kill -STOP "$importing"; ! \(companion) root rm gone --top-level . 2>&1
                    kill -KILL "$importing"; wait "$importing" 2> /dev/null || echo "status $?"
                    \(companion) root ls --top-level . 2>&1 | grep gone; \(companion) root rm gone --top-level . | tail -1
                    ls -A .docker-btrfs/roots; ! \(companion) root rm gone --top-level . 2>&1
                    \(companion) import out gone --top-level .; (ls -d /tmp/docker-btrfs.*/top 2> /dev/null || true) | diff before -
                    """
                let told = try await machine.disk.change(script)
                #expect(
                    told == """
                        Error: could not remove project 'gone': somebody makes it
                        hint: end what runs there
                        status 137
                        note: the project 'gone' is not whole: it is being made, a run that was killed left it, or it lost its mark; root rm removes it
                        removed what there was of project 'gone'
                        .docker-btrfs%2Fprojects%2Fwork
                        Error: could not find a root or a project 'gone'
                        hint: docker-btrfs root ls shows which there are
                        made the project 'gone' of 'out'

                        """, "\(told)")
            }
        }
    }
}

/// What `btrfs send` writes, of hands that are not its own (fs/btrfs/send.h of the kernel, version 1).
private enum SendStream {
    /// A subvolume with a symlink to a file outside, and a write through it.
    static func writing(to path: String) -> [UInt8] {
        let (name, own) = (attribute(15, Array("new".utf8)), attribute(15, Array("link".utf8)))
        let subvolume = command(1, name + attribute(1, Array(1...16)) + attribute(2, number(7, 8)))
        let link = command(8, own + attribute(3, number(257, 8)) + attribute(17, Array(path.utf8)))
        let write = command(15, own + attribute(18, number(0, 8)) + attribute(19, Array("taken".utf8)))
        return Array("btrfs-stream\0".utf8) + number(1, 4) + subvolume + link + write + command(21, [])
    }

    /// A directory beside all subvolumes.
    static var withoutSubvolume: [UInt8] {
        Array("btrfs-stream\0".utf8) + number(1, 4)
            + command(4, attribute(15, Array("plain".utf8)) + attribute(3, number(257, 8))) + command(21, [])
    }

    /// A symlink beside all subvolumes.
    static func linking(to path: String) -> [UInt8] {
        let link = command(8, attribute(15, Array("x".utf8)) + attribute(3, number(257, 8)) + attribute(17, Array(path.utf8)))
        return Array("btrfs-stream\0".utf8) + number(1, 4) + link + command(21, [])
    }

    private static func attribute(_ type: UInt64, _ content: [UInt8]) -> [UInt8] {
        number(type, 2) + number(UInt64(content.count), 2) + content
    }

    private static func command(_ type: UInt64, _ content: [UInt8]) -> [UInt8] {
        let head = number(UInt64(content.count), 4) + number(type, 2)
        return head + number(UInt64(sum(head + [0, 0, 0, 0] + content)), 4) + content
    }

    private static func number(_ value: UInt64, _ size: Int) -> [UInt8] {
        (0..<size).map { UInt8(truncatingIfNeeded: value >> (8 * UInt64($0))) }
    }

    /// CRC-32C that begins with 0 and ends as it is.
    private static func sum(_ bytes: [UInt8]) -> UInt32 {
        var sum: UInt32 = 0
        for byte in bytes {
            sum ^= UInt32(byte)
            for _ in 0..<8 { sum = sum >> 1 ^ (sum & 1 == 0 ? 0 : 0x82f6_3b78) }
        }
        return sum
    }
}
