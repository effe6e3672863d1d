import Foundation
import TestSupport
import Testing

extension OnDisk {
    /// Roots that are kept under names: what several share, how one survives a loss, and how it is given to others.
    struct ProjectTests {
        @Test func `ten projects share nearly all, and do not see one another`() async throws {
            try await Enterable.with { machine in
                let companion = "'\(Repository.companion)'"
                let script = """
                    for name in {a..j}; do
                        \(machine.command("--project $name tools")) -- sh -c "ls /srv; echo $name > /srv/$name; mkdir /srv/of-$name"
                    done
                    for name in {a..j}; do \(machine.command("--project $name")) -- sh -c 'cat /srv/?; exit 3' || [ $? = 3 ]; done
                    btrfs filesystem du --raw --summarize .docker-btrfs/roots/.docker-btrfs%2Fprojects%2F*/1 | awk 'NR > 1 { own += $2; all += $1 } END { print (own * 100 < all) }'
                    \(companion) root ls --top-level . | grep -cE ' tools:latest +just now +[1-9] kB$'
                    ! \(machine.command("--project a other -- true")) 2>&1 | tail -2
                    ! \(companion) root rm z --top-level . 2>&1
                    root=$(echo .docker-btrfs/roots/.*%2Fj/1)
                    \(machine.command("--project j")) -- sh -c 'touch /in; until [ -e /out ]; do sleep 0.1; done' & entered=$!
                    until [ -e "$root/in" ]; do kill -0 "$entered"; sleep 0.1; done
                    ! \(companion) root rm j --top-level . 2>&1; touch "$root/out"; wait
                    \(companion) root rm {a..j} --top-level . > /dev/null
                    ls .docker-btrfs/roots; \(machine.command("--project a tools -- ls /srv"))
                    """
                let told = try await machine.disk.change(script)
                #expect(
                    told == String(repeating: "nodes\n", count: 10) + "abcdefghij".map { "\($0)\n" }.joined() + """
                        1
                        10
                        Error: could not enter the project 'a' as 'other': it was made of 'tools:latest'
                        hint: leave the image out, or give another name
                        Error: could not find a root or a project 'z'
                        hint: docker-btrfs root ls shows which there are
                        Error: could not remove project 'j': somebody is in it
                        hint: end what runs there
                        nodes

                        """, "\(told)")
            }
        }

        @Test func `of two who make a project of different images at once, one is refused`() async throws {
            try await Enterable.with { machine in
                // Both have seen that there is no such project when one may make it.
                let script = """
                    exec {lock}< .; flock "$lock"; statuses=
                    for image in tools second; do \(machine.command("--project work $image -- true")) > $image 2>&1 {lock}<&- & made+=" $!"; done
                    sleep 4; exec {lock}<&-
                    for process in $made; do status=0; wait $process || status=$?; statuses+=$status; done
                    echo $((statuses)); cat tools second | grep '^Error'
                    """
                let told = try await machine.disk.change(script)
                let refused = [("tools", "second"), ("second", "tools")].map { asked, made in
                    "1\nError: could not enter the project 'work' as '\(asked)': it was made of '\(made):latest'\n"
                }
                #expect(refused.contains(told.replacing("10\n", with: "1\n")), "\(told)")
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
                        note: the project 'gone' is not whole: it is being made, or a run that was killed left it; root rm removes it
                        removed what there was of project 'gone'
                        .docker-btrfs%2Fprojects%2Fwork
                        Error: could not find a root or a project 'gone'
                        hint: docker-btrfs root ls shows which there are
                        made the project 'gone' of 'out'

                        """, "\(told)")
            }
        }

        @Test func `a libc that is gone is found, and comes back with all that a project lost`() async throws {
            try await Enterable.with { machine in
                let companion = "'\(Repository.companion)'"
                let enter = machine.command("--project work tools --")
                let script = """
                    layer=$(echo btrfs/btrfs/subvolumes/*)
                    (cd "$layer"; chattr +d etc/motd; setfattr -n user.note -v yes bin/su; mkdir -p srv/deep/er; echo 1 > srv/deep/er/1; ln srv/deep/er/1 srv/deep/2)
                    \(enter) sh -c 'echo mine > /srv/mine; echo more >> /bin/su; chown 7 /srv/deep; mv /srv/deep/er /srv/moved
                        rm -r /srv/nodes /bin/su /srv/deep; ln -s /nowhere /srv/deep; rm /lib/*/libc.so.6 || rm /lib*/libc.so.6'
                    \(enter) true 2> /dev/null || echo "status $?"
                    \(companion) diff work --top-level . | grep -E 'libc|deep|su$|mine'
                    \(companion) repair work --top-level . > /dev/null
                    \(enter) cat /srv/mine
                    \(companion) repair work /srv/deep --top-level .
                    listing() { find bin lib* srv -printf '%p %y %m %U:%G %T@ %s %n %l\\n' | grep -vE ' d |srv/(mine|moved)' | sort
                        getfattr -R --no-dereference --dump -m- bin lib* srv 2> /dev/null | grep -v '^$'; }
                    (cd "$layer"; listing) > image; (cd .docker-btrfs/roots/.*work/1; listing) > root
                    diff image root && btrfs filesystem du --raw --summarize .docker-btrfs/roots/.*work/1/lib | awk 'NR > 1 { print $2 }'
                    ! \(companion) repair work /bin --top-level . 2>&1; \(companion) repair work --top-level .
                    \(enter) sh -c 'rm /etc/motd; mkdir /etc/motd; echo own > /etc/motd/own'
                    ! \(companion) repair work /etc/motd --top-level . 2>&1; ! \(companion) repair work --changed --top-level . 2> /dev/null
                    \(enter) sh -c 'cat /etc/motd/own; rm /etc/motd/own'; \(companion) repair work /etc/motd --top-level .
                    """
                let told = try await machine.disk.change(script)
                #expect(told.hasPrefix("status 127\n"), "\(told)")
                #expect(told.contains("C /srv/deep (type)\n") && told.contains("D /bin/su\n") && told.contains("/libc.so.6\n"), "\(told)")
                #expect(
                    told.hasSuffix(
                        """
                        mine
                        put back '/srv/deep'
                        put back '/srv/deep/2'
                        put back '/srv/deep/er'
                        put back '/srv/deep/er/1'
                        project 'work' has 4 paths again as they were made
                        0
                        Error: could not repair '/bin': nothing of it was lost or changed
                        hint: docker-btrfs diff shows what was
                        project 'work' lost nothing
                        Error: could not repair '/etc/motd': a directory is there now, with 'own' in it
                        hint: move it away before
                        own
                        put back '/etc/motd'
                        project 'work' has 1 path again as it was made

                        """), "\(told)")
            }
        }

        @Test func `what was renamed comes back to its path, whatever has its name now`() async throws {
            try await Enterable.with { machine in
                let companion = "'\(Repository.companion)'"
                let repair = { (words: String) in "\(companion) repair work \(words) --top-level ." }
                let script = """
                    layer=$(echo btrfs/btrfs/subvolumes/*); mkdir -p "$layer"/srv/{app,old/in}
                    for number in {1..4}; do echo $number > "$layer/srv/app/$number"; echo $number > "$layer/srv/old/in/$number"; done
                    \(machine.command("--project work tools --")) sh -c 'cd /srv
                        mv /etc/passwd /etc/passwd.orig; echo mine > /etc/passwd; mv app/2 app/3
                        mv old new; echo more >> new/in/2; mkdir -p old/in; echo own > old/in/2; echo own > old/own'
                    \(repair("/etc/passwd --dry-run")); \(repair("2>&1")); \(repair("--changed 2>&1")); \(repair("--changed 2>&1"))
                    cd .docker-btrfs/roots/.*work/1; for folder in srv/app srv/old; do diff -r "$OLDPWD/$layer/$folder" $folder || true; done
                    cmp "$OLDPWD/$layer/etc/passwd" etc/passwd; cat srv/new/in/2; cd - > /dev/null
                    \(machine.command("--project work --")) sh -c 'rm -r /srv/app'
                    \(repair("/srv/app/4")); \(repair("/srv/app/5 2>&1 || true"))
                    \(machine.command("--project work --")) sh -c 'rm -r /srv/app; echo > /srv/app'; \(repair("/srv/app/4 2>&1 || true"))
                    """
                let told = try await machine.disk.change(script)
                #expect(
                    told == """
                        put back '/etc/passwd'
                        put back '/srv/app/2'
                        put back '/srv/old/in/1'
                        put back '/srv/old/in/3'
                        put back '/srv/old/in/4'
                        project 'work' has 4 paths again as they were made
                        note: 3 paths were changed and stay so: '/etc/passwd', '/srv/app/3', '/srv/old/in/2'; --changed, or a path, puts back what was changed too
                        put back '/etc/passwd'
                        put back '/srv/app/3'
                        put back '/srv/old/in/2'
                        project 'work' has 3 paths again as they were made
                        project 'work' lost nothing
                        Only in srv/old: own
                        2
                        more
                        put back '/srv/app/4'
                        project 'work' has 1 path again as it was made
                        Error: could not repair '/srv/app/5': nothing of it was lost or changed
                        hint: docker-btrfs diff shows what was
                        Error: could not repair '/srv/app/4': '/srv/app' is no directory any more
                        hint: repair that

                        """, "\(told)")
            }
        }

        /// Its mark is an attribute that root in it can write.
        @Test(arguments: [
            "s|^chain .*|chain sha256:$(printf %064d 0)|; s|^layer .*|layer /others|", "$ a over /others",
            "s|^toplayer.*|&\\nover /others|",
        ])
        func `who is in a project does not choose what repair puts into it`(forging: String) async throws {
            try await Enterable.with { machine in
                let told = try await machine.disk.change(
                    """
                    btrfs -q subvolume create others; mkdir -p others/{bin,etc,srv}; cp "$(type -P busybox)" others/bin/sh
                    echo ID=others > others/etc/os-release; echo secret > others/srv/key
                    \(machine.command("--project work tools -- true")); root=.docker-btrfs/roots/.docker-btrfs%2Fprojects%2Fwork/1
                    mark=$(getfattr --only-values --name user.docker-btrfs.root $root | sed "\(forging)")
                    [[ $mark == *others* ]]; setfattr --name user.docker-btrfs.root --value "$mark" $root
                    '\(Repository.companion)' repair work --changed --top-level . 2>&1 || true
                    [[ ! -e $root/srv/key ]]; grep -rl secret $root || true
                    """)
                #expect(!told.contains("key"), "\(told)")
            }
        }

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
                        int isDraft = readlink(link, path, sizeof path - 1) > 0 && strstr(path, "/out/.docker-btrfs-") != NULL;
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
                    touch out/.docker-btrfs-XXXXXX; chmod 600 out/.docker-btrfs-XXXXXX
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
                    wait "$exporting" 2> /dev/null || echo "status $?"; ls -A out | grep -c '^.docker-btrfs-'
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
