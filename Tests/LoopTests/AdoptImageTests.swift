import Foundation
import TestSupport
import Testing

extension Beside {
    /// `docker-btrfs adopt --image`: its lines, built by a real engine, make an image whose root is what the changed one was.
    struct AdoptImageTests {
        /// A Debian, with a repository of packages of our own in it. `tool` needs `library`, and recommends `extra`.
        private static let image = """
            make_package() {
                local name=$1 version=$2 tree=$context/tree; shift 2
                mkdir -p "$tree/DEBIAN" "$tree/usr/share/$name"
                printf '%s\\n' "Package: $name" "Version: $version" "Architecture: all" "Maintainer: Nobody <nobody@example.org>" \\
                    "Description: $name" " More of it." "$@" > "$tree/DEBIAN/control"
                echo "$name $version" > "$tree/usr/share/$name/file"
                [[ $name != tool ]] || {
                    mkdir -p "$tree/etc/tool" "$tree/lib/tool"
                    echo own > "$tree/lib/tool/own"
                    for file in 'a file' other; do echo came > "$tree/etc/tool/$file"; echo "/etc/tool/$file"; done > "$tree/DEBIAN/conffiles"
                    printf '%s\\n' '#!/bin/sh' 'ln -sfn /lib/tool/own /etc/tool.link' 'echo tool:x:300:300::/:/bin/false >> /etc/passwd' \\
                        > "$tree/DEBIAN/postinst"
                    chmod 755 "$tree/DEBIAN/postinst"
                }
                (cd "$tree"; find usr lib -type f -exec md5sum {} + > DEBIAN/md5sums) 2> /dev/null || true
                mkdir -p "$context/packages"
                dpkg-deb --root-owner-group --build "$tree" "$context/packages" > /dev/null
                rm -r "$tree"
            }
            context=$SCRATCH/context; mkdir "$context"
            make_package gone 1
            make_package grown 1
            mv "$context/packages" "$context/first"
            make_package grown 2
            make_package library 1
            make_package extra 1 'Depends: inner (>= 1) | nothing'
            make_package inner 1
            make_package tool 1 'Depends: library (>= 1), grown (>= 2)' 'Recommends: extra'
            for file in "$context"/packages/*.deb; do
                dpkg-deb --field "$file"
                printf '%s\\n' "Filename: ./${file##*/}" "Size: $(stat --format %s "$file")" "SHA256: $(sha256sum "$file" | cut -d ' ' -f 1)" ''
            done > "$context/Packages"
            mv "$context/Packages" "$context/packages"
            "$HERE/base"
            ln "$LAB/base.tar" "$context" || cp "$LAB/base.tar" "$context"
            cat > "$context/Dockerfile" <<'END'
            FROM scratch
            ADD base.tar /
            COPY packages /srv/packages
            COPY first /srv/first
            RUN rm -rf /etc/apt/sources.list.d && echo 'deb file:/srv/nowhere ./' > /etc/apt/sources.list && install -d -m 2755 /srv/image/group \\
             && dpkg --install /srv/first/*.deb && apt-mark auto grown \\
             && mkdir -p /usr/lib/modules/6.1 /srv/image/deleted && touch /usr/lib/modules/6.1/modules.dep && echo MZ > /boot/vmlinuz-6.1 \\
             && echo kernel/fs/btrfs/btrfs.ko > /usr/lib/modules/6.1/modules.builtin && ln -sf ../bin/true /usr/sbin/init \\
             && mkdir -p /srv/image/app/in && echo old | tee /srv/image/app/mode /srv/image/app/content /srv/image/app/gone /srv/image/app/in/same \\
             && mkdir -p /srv/image/place/sub /srv/image/place/link /srv/image/anew && echo old | tee /srv/image/place/sub/f /srv/image/place/file \\
             && ln -s file /srv/image/place/to && touch /srv/image/place/link/f /srv/image/anew/a /srv/image/anew/b \\
             && echo old > /srv/image/list && chmod 640 /srv/image/list \\
             && echo old | tee /srv/image/deleted/file /srv/image/changed /srv/image/typed /srv/image/mode
            END
            build sample_image "$context"
            """

        private static let changes = """
            export DEBIAN_FRONTEND=noninteractive
            mkdir docker_rwlayer/etc/apt/sources.list.d
            echo 'deb [trusted=yes] file:/srv/packages ./' > docker_rwlayer/etc/apt/sources.list.d/own.list
            rm docker_rwlayer/etc/apt/sources.list; ln -s sources.list.d/own.list docker_rwlayer/etc/apt/sources.list
            chmod g-s docker_rwlayer/srv/image/group
            mount --bind /dev docker_rwlayer/dev; mount -t proc none docker_rwlayer/proc
            inside() { chroot docker_rwlayer env PATH=/usr/sbin:/usr/bin "$@"; }
            inside dpkg --add-architecture arm64
            inside apt-get -q update
            inside apt-get -q install --yes --install-recommends tool
            inside apt-get -q purge --yes gone
            umount docker_rwlayer/dev docker_rwlayer/proc
            cd docker_rwlayer
            echo mine > 'etc/tool/a file'; echo mine > etc/motd; echo mine > usr/share/library/file; rm usr/share/inner/file
            rm -r srv/image/deleted; echo more >> srv/image/changed; rm srv/image/typed; mkdir srv/image/typed; echo in > srv/image/typed/in
            chmod 711 srv/image; chmod 4600 srv/image/mode; mkdir -p srv/new/inner/empty; echo 1 > srv/new/one; echo 2 > srv/new/inner/two
            ln -s ../one srv/new/inner/link; chmod 2750 srv/new/inner; chmod 4755 srv/new/one; chown -R 5:6 srv/new/inner
            mkdir -p srv/whole/deep; echo w > srv/whole/deep/w; ln -s w srv/whole/deep/l; chown -hR 7:8 srv/whole
            echo 1 > usr/bin/own; chown 5 usr/bin/own; chmod 4755 usr/bin/own; ln -s own usr/bin/own.link; chown -h 5 usr/bin/own.link
            rm -r srv/image/place/sub srv/image/place/link; mv srv/image/place/file srv/image/place/sub; mv srv/image/place/to srv/image/place/link
            mv srv/image/anew srv/image/away; mkdir srv/image/anew; echo new > srv/image/anew/a
            mkdir -p etc/systemd/system/a.wants; ln -s /usr/share/library/file etc/systemd/system/a.wants/mine.service
            mkdir srv/mixed; echo 1 > srv/mixed/one; echo 2 > srv/mixed/two; chown 5 srv/mixed/two; mv usr/share/doc/dpkg usr/share/doc/moved
            mv srv/image/app srv/renamed; chmod 700 srv/renamed/mode; echo more >> srv/renamed/content; chmod 711 srv/renamed/in; rm srv/renamed/gone
            for name in 'a b' 'q"u' "q'u" '$HOME' '${x:-y}' '[a]*?' 'back\\slash' $'new\\nline' '#c' '<<END' 'ü' '--chown=9' '`id`' 'end\\'; do
                mkdir -p "srv/names/$name"; echo "$name" > "srv/names/$name/$name"; echo "$name" > "srv/image/$name"
                echo "$name" > "srv/image/$name of another"; chown 9 "srv/image/$name of another"; ln -s -- "$name" "srv/image/$name.link"
            done
            """

        /// What no Dockerfile has.
        private static let others = """
            mkfifo srv/fifo; touch $'srv/bad\\xff'; setfattr -n user.note -v yes usr/bin/ls
            mkdir srv/odd; touch srv/odd/fine; ln -s $'to\\xff' srv/odd/link; setfattr -n user.note -v yes srv/odd/fine
            setfattr -n user.note -v yes srv/image/changed; chmod 640 usr/bin/cat; setfattr -n user.note -v yes usr/bin/cat
            setfacl -m user:7:rw srv/image/list
            """

        private static let listing = """
            listing() {
                find . -path ./var -prune -o -printf '%p %y %m %U:%G %l\\n' | LC_ALL=C sort
                find srv etc usr opt boot -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
                chroot . dpkg-query --show --showformat '${Package} ${Version} ${Status}\\n'
                chroot . dpkg --print-foreign-architectures
                chroot . apt-mark showmanual | sed 's/^/manual /'
            }
            """

        @Test func `what was changed and installed is in the image that its lines build`() async throws {
            try await Disk.with(["mkfs.btrfs", "-q"], size: "2G") { disk in
                let engine = { (script: String) in
                    try await output(of: [Repository.path("Tests/Lab/with-engine"), disk.file, "docker-overlay2", script])
                }
                try await disk.change("mkdir -p boot_docker/etc; echo top > boot_docker/etc/motd")
                try await disk.detach()
                _ = try await engine(Self.image)
                let first = try await disk.attached()
                try await Deployable.with(first, dataRoot: "docker") { machine in
                    try await first.bootWell(first.line(keeping: "docker_keep=3"))
                    try await expectNothingToAdopt(on: machine)
                    try await first.change(Self.changes + "\n" + Self.others)
                    try await expectLines(on: machine)
                    try await expectContextInRoot(on: machine)
                    try await expectIgnoredFilesTold(on: machine)
                    #expect(try await machine.fails("adopt /etc --context .").contains("'--context' is for '--image'"))

                    try await first.detach()
                    let build = """
                        context=$SCRATCH/context; mkdir "$context"
                        cd "$TOP"
                        { echo FROM sample_image; \(machine.command("adopt --image")) --context "$context"; } > "$context/Dockerfile"
                        [[ $(stat --format %a "$context/root") = 700 && -e $context/root/srv/new/one ]]
                        [[ -z $(find "$context/root" -type f -perm /6000) && -z $(getcap -r "$context/root") ]]
                        build sample_image "$context"
                        """
                    _ = try await engine(build)
                    let second = try await disk.attached()
                    try await second.bootWell(second.line(keeping: "docker_keep=3"))
                    try await expectSameRoots(on: second)
                }
            }
        }

        private func expectNothingToAdopt(on machine: Deployable) async throws {
            let unchanged = try await machine.disk.change("\(machine.command("adopt --image /etc")) 2>&1 || true")
            #expect(unchanged.contains("could not adopt '/etc': nothing was changed there"), "\(unchanged)")
            let all = try await machine.disk.change("\(machine.command("adopt --image")) 2>&1")
            #expect(all.hasPrefix("note: nothing was changed in root 1 ") && all.split(separator: "\n").count == 1, "\(all)")
        }

        private func expectLines(on machine: Deployable) async throws {
            let told = try await machine.disk.change("\(machine.command("adopt --image")) 2>&1")
            for note in [
                "'/etc/motd' is left out: the top layer has it, and lies over the image",
                "'/srv/fifo' is left out: COPY has no devices, fifos or sockets",
                "'/usr/bin/ls' is left out: COPY has no extended attributes, ACLs or flags",
                "the attributes of '/srv/odd/fine' are left out: COPY has no extended attributes, ACLs or flags",
                "the attributes of '/srv/image/changed' are left out: COPY has no extended attributes, ACLs or flags",
                "the attributes of '/usr/bin/cat' are left out: COPY has no extended attributes, ACLs or flags",
                "'/srv/odd/link' is left out: it leads to a name that is not UTF-8, and a Dockerfile has only those",
                "'/srv/bad\u{FFFD}' is left out: a Dockerfile has only names in UTF-8",
                "the files are to be in 'root' of the build's context: --context DIR puts them there",
            ] {
                #expect(told.contains("note: \(note)\n"), "\(told)")
            }
            let packages = """
                RUN dpkg --add-architecture arm64 \\
                 && apt-get update \\
                 && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends extra tool \\
                 && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends --only-upgrade grown \\
                 && DEBIAN_FRONTEND=noninteractive apt-get purge --yes gone

                """
            #expect(told.contains(packages))
            #expect(!told.contains(/(chmod|chown).*image.list/), "the mask of an ACL gives the group nothing: \(told)")
            #expect(told.contains("rm -rf /usr/share/inner/file"), "\(told)")
            #expect(told.contains("\nCOPY [\"root/etc/tool/a file\", \"/etc/tool/a file\"]\n"))
            // What belongs to packages, or was made by their scripts.
            #expect(!told.contains(/(COPY|RUN).*(tool\/other|tool.link|\/passwd|share\/extra|lib\/dpkg)/), "\(told)")
            #expect(
                try await machine.run("adopt --image /usr/share/extra /srv/new/one 2>/dev/null")
                    == """
                    RUN apt-get update \\
                     && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends extra
                    COPY root/srv/new/one /srv/new/one
                    RUN chmod 4755 /srv/new/one

                    """)
        }

        private func expectContextInRoot(on machine: Deployable) async throws {
            // Where the Dockerfile lies in the root itself, neither it nor what was adopted before gets into the image.
            let inRoot = try await machine.disk.change(
                """
                place=docker_rwlayer/root/desk; mkdir -p "$place/root" "$place/other"; touch "$place/Dockerfile" docker_rwlayer/root/note
                \(machine.command("adopt --image /root")) --context "$place"; cat "$place/root/root/note"
                \(machine.command("adopt --image /root")) --context "$place" 2>&1 || true
                rm -r "$place" docker_rwlayer/root/note
                """)
            // Nor does what was put there before get into another image.
            #expect(inRoot.hasPrefix("COPY root/root/note /root/note\n"))
            #expect(inRoot.contains("desk/root': it is not empty, and the image would get what is in it"), "\(inRoot)")
        }

        private func expectIgnoredFilesTold(on machine: Deployable) async throws {
            let ignored = try await machine.disk.change(
                """
                folder='\(machine.disk.folder)/ignoring'; mkdir "$folder"; echo '*' > "$folder/.dockerignore"
                adopt() { \(machine.command("adopt --image --dry-run")) --context "$folder" /srv/mixed 2>&1 | grep -o '[A-Za-z.]*dockerignore.*' || true; }
                adopt; echo '!root/**' >> "$folder/.dockerignore"; adopt; echo '*.log' > "$folder/Dockerfile.dockerignore"; adopt
                """)
            #expect(
                ignored == """
                    .dockerignore' may keep files out of the build: add '!root/**' as its last line
                    Dockerfile.dockerignore' may keep files out of the build: add '!root/**' as its last line

                    """, "\(ignored)")
        }

        private func expectSameRoots(on disk: Disk) async throws {
            let compared = """
                \(Self.listing)
                diff <(cd .docker-btrfs/roots/docker_rwlayer/1; listing) <(cd docker_rwlayer; listing) | LC_ALL=C grep -a '^[<>]' || true
                """
            let differences = try await disk.look(compared).split(separator: "\n").filter { !$0.hasSuffix("etc/motd") }
            // A package that was only recommended must be named in the Dockerfile, and then counts as one that a person chose.
            #expect(
                differences.joined(separator: "\n") == """
                    < ./srv/bad\u{FFFD} f 644 0:0\u{20}
                    < ./srv/fifo p 644 0:0\u{20}
                    < ./srv/image/list f 660 0:0\u{20}
                    > ./srv/image/list f 640 0:0\u{20}
                    < ./srv/odd/link l 777 0:0 to\u{FFFD}
                    < e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  srv/bad\u{FFFD}
                    > manual extra
                    """)
        }
    }
}
