import TestSupport
import Testing

extension OnDisk {
    /// What a root has of the machine's own files, and what it keeps of the image's.
    struct TopLayerTests {
        /// Prints all that a copy could lose: types, modes, owners, nanoseconds, names of one file, targets of links, attributes.
        private func inventory(_ folder: String) -> String {
            """
            (cd \(folder); find . -printf '%p %y %m %U:%G %s %T@ %A@ %n %l\\n' | sort
            getfattr --recursive --no-dereference --absolute-names --dump --match=- . | sort
            stat --format '%n %t %T' device; find . -type f -print0 | sort -z | xargs -0 sha256sum)
            """
        }

        @Test func `what the image has not is copied whole`() async throws {
            try await Disk.withStore { disk, _ in
                let original = try await disk.look(inventory("boot_docker/new"))
                for attribute in ["security.capability=", "user.note=", "trusted.note=", "system.posix_acl_default="] {
                    #expect(original.contains(attribute), "the top layer must have \(attribute) for this test to mean something")
                }
                try await disk.bootWell()
                #expect(try await disk.look(inventory("docker_rwlayer/new")) == original)
            }
        }

        @Test func `two names of one file stay that, also in different folders, and holes stay holes`() async throws {
            try await Disk.withStore { disk, _ in
                try await disk.bootWell()
                #expect(
                    try await disk.look(
                        """
                        cd docker_rwlayer
                        stat --format %i new/one new/deep/one-more etc/one-elsewhere | sort --unique | wc --lines
                        stat --format '%s bytes' new/sparse
                        (($(stat --format %b new/sparse) <= 16)) && echo sparse
                        """) == "1\n16777216 bytes\nsparse\n")
            }
        }

        @Test(
            arguments: [
                ("mkdir -p usr/sbin; touch usr/sbin/.wh.init sbin/.wh.init", "it has no init"), ("touch .wh..wh..opq", "it has no init"),
                ("touch .wh.usr .wh.sbin .wh.lib", "it has no init"),
            ])
        func `an init that the top layer takes away is none`(change: String, reason: String) async throws {
            try await Disk.withStore { disk, _ in
                try await disk.change("cd boot_docker; mkdir -p sbin; \(change)")
                let outcome = try await disk.boot()
                #expect(outcome.status != 0 && outcome.told.contains(reason), "\(outcome.told)")
                #expect(try await disk.look("ls -d docker_rwlayer 2> /dev/null || true") == "")
            }
        }

        @Test func `what an image calls as a layer's rules are called is no rule`() async throws {
            try await Disk.withStore { disk, store in
                let layer = try #require(store.images["sample_image:latest"]).cacheID
                try await disk.change("echo '{' > docker/btrfs/subvolumes/\(layer)/.docker-btrfs.json")
                try await disk.bootWell()
            }
        }

        @Test func `a whiteout that the layer leaves out takes nothing away`() async throws {
            try await Disk.withStore { disk, _ in
                try await disk.change(
                    """
                    cd boot_docker; mkdir -p sbin usr/sbin; touch .wh..wh..opq sbin/.wh.init usr/sbin/.wh.init
                    echo '{"ignore": ["/.wh.*", "/sbin/.wh.*", "/usr/sbin/.wh.*"]}' > .docker-btrfs.json
                    """)
                try await disk.bootWell()
            }
        }

        @Test func `what is none of the machine's files is left out, and does not make another root`() async throws {
            try await Disk.withStore { disk, _ in
                let names = "lost+found .Trash-0/files .git .snapshots/1 home/ann/.git srv/drafts srv/kept/drafts"
                try await disk.change("cd boot_docker; for name in \(names); do mkdir -p $name; echo x > $name/x; done")
                try await disk.bootWell()
                let found = "cd docker_rwlayer; for name in \(names); do [ ! -e $name/x ] || echo $name; done"
                #expect(try await disk.look(found) == "home/ann/.git\nsrv/drafts\nsrv/kept/drafts\n")
                let template = "ls .docker-btrfs/templates"
                let before = try await disk.look(template)
                try await disk.change("echo y > boot_docker/.git/y")
                try await disk.bootWell()
                #expect(try await disk.look(template) == before)

                try await disk.change(#"echo '{"ignore": ["/srv/dra*"]}' > boot_docker/.docker-btrfs.json"#)
                try await disk.bootWell()
                #expect(try await disk.look(found) == "lost+found\n.Trash-0/files\n.git\n.snapshots/1\nhome/ann/.git\nsrv/kept/drafts\n")
            }
        }

        @Test func `its files win, also those that begin with a dot, and the rest is the image's`() async throws {
            try await Disk.withStore { disk, _ in
                try await disk.bootWell()
                #expect(
                    try await disk.look("cd docker_rwlayer; head .config .hidden/.file etc/motd etc/issue etc/version srv/kept/file") == """
                        ==> .config <==
                        a dot-file

                        ==> .hidden/.file <==
                        a dot-file

                        ==> etc/motd <==
                        from the top layer

                        ==> etc/issue <==
                        from the image

                        ==> etc/version <==
                        1

                        ==> srv/kept/file <==
                        from the top layer

                        """)
            }
        }

        @Test func `the image's directories keep their owners and modes, its files their setuid`() async throws {
            try await Disk.withStore { disk, _ in
                let command = "stat --format '%n %a %u:%g' . etc srv srv/kept usr/lib usr/bin/su"
                try await disk.bootWell()
                #expect(
                    try await disk.look("cd docker_rwlayer; \(command)") == """
                        . 755 0:0
                        etc 755 0:0
                        srv 755 0:0
                        srv/kept 2750 1000:1000
                        usr/lib 755 0:0
                        usr/bin/su 4755 0:0

                        """)
            }
        }
    }
}
