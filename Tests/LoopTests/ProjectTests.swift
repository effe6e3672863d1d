import TestSupport
import Testing

extension Beside {
    /// Roots that are kept under names: what several share, and how one survives a loss.
    struct ProjectTests {
        @Test func `one that lost its mark is shown, and removed by its name, however often that is said`() async throws {
            try await Enterable.with { machine in
                let companion = "'\(Repository.companion)'"
                let script = """
                    for name in p q; do \(machine.command("--project $name tools -- true")); done
                    \(machine.command("--project p -- setfattr -x user.docker-btrfs.root /"))
                    \(companion) root ls --top-level . 2>&1 | grep -c "note: the project 'p' is not whole: "
                    \(companion) root rm p q p q --top-level . | grep removed; ls -A .docker-btrfs/roots
                    """
                let told = try await machine.disk.change(script)
                #expect(told == "1\nremoved what there was of project 'p'\nremoved project 'q'\n")
            }
        }

        @Test func `whatever a project says of when it was made, roots are listed`() async throws {
            try await Enterable.with { machine in
                let told = try await machine.disk.change(
                    """
                    \(machine.command("--project work tools -- true")); root=.docker-btrfs/roots/.docker-btrfs%2Fprojects%2Fwork/1
                    mark=$(getfattr --only-values --name user.docker-btrfs.root $root | sed 's/^made .*/made -9223372036854775808/')
                    setfattr --name user.docker-btrfs.root --value "$mark"$'\n' $root; '\(Repository.companion)' root ls --top-level .
                    """)
                #expect(told.contains("work "), "\(told)")
            }
        }

        @Test func `repair takes off what locks a file or a directory, and gives a directory that again`() async throws {
            try await Enterable.with { machine in
                let companion = "'\(Repository.companion)'"
                let told = try await machine.disk.change(
                    """
                    \(machine.command("--project work tools -- sh -c 'rm /etc/os-release; echo other > /etc/hostname; echo other > /etc/motd'"))
                    root=.docker-btrfs/roots/.docker-btrfs%2Fprojects%2Fwork/1
                    chattr +i $root/etc/hostname; chattr +a $root/etc/motd; chattr +i $root/etc
                    \(companion) repair work --top-level .
                    ls $root/etc/os-release; lsattr -d $root/etc | cut -d ' ' -f 1
                    \(companion) repair work --changed --top-level .; \(companion) diff work --top-level .
                    """)
                #expect(told.contains("put back '/etc/os-release'\n") && told.contains("/etc/os-release\n----i"), "\(told)")
                #expect(told.hasSuffix("has 3 paths again as they were made\n"), "\(told)")
            }
        }

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

        @Test func `one that was made for a command that is refused is gone, and one that was there stays`() async throws {
            try await Enterable.with { machine in
                let told = try await machine.disk.change(
                    """
                    refused() {
                        ! \(machine.command("--project new --user nope $1")) 2>&1; ! \(machine.command("--project new --user 99999999999 $1")) 2>&1
                        ! \(machine.command("--project new --bind /nope $1")) 2>&1; ! \(machine.command("--project new --bind /etc:/bin/ls $1")) 2>&1
                        ls -A .docker-btrfs/roots
                    }
                    refused 'tools -- true' | grep -E '^(Error:|[.])' | sed "s/busybox': .*/busybox'/"; \(machine.command("--project new tools -- true")); refused '-- true' | tail -n 1
                    """)
                #expect(
                    told == """
                        Error: could not find the user 'nope' in '/etc/passwd' of the root
                        Error: could not use the number '99999999999'
                        Error: could not bind '/nope': No such file or directory
                        Error: could not show '/etc' of the machine at '/bin/busybox'
                        .docker-btrfs%2Fprojects%2Fnew

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
                    \(repair("/etc/passwd --dry-run")); \(repair("2>&1")); \(repair("--changed 2>&1")); \(repair("--changed --dry-run"))
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
            "s|^toplayer.*|&\\nover /others|", "s|^over .*|over /boot_docker/others|",
        ])
        func `who is in a project does not choose what repair puts into it`(forging: String) async throws {
            try await Enterable.with { machine in
                let told = try await machine.disk.change(
                    """
                    btrfs -q subvolume create others; mkdir -p others/{bin,etc,srv}; cp "$(type -P busybox)" others/bin/sh
                    echo ID=others > others/etc/os-release; echo secret > others/srv/key; cp -a others boot_docker/others
                    \(machine.command("--project work tools -- true")); root=.docker-btrfs/roots/.docker-btrfs%2Fprojects%2Fwork/1
                    mark=$(getfattr --only-values --name user.docker-btrfs.root $root | sed "\(forging)")
                    [[ $mark == *others* ]]; setfattr --name user.docker-btrfs.root --value "$mark"$'\n' $root
                    '\(Repository.companion)' repair work --changed --top-level . 2>&1 || true
                    [[ ! -e $root/srv/key ]]; grep -rl secret $root --exclude-dir others || true
                    """)
                #expect(!told.contains("key"), "\(told)")
            }
        }
    }
}
