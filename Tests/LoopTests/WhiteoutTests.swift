import TestSupport
import Testing

extension OnDisk {
    /// Whiteouts in the top layer, as in the layers of the OCI image specification.
    struct WhiteoutTests {
        /// Boots with a top layer of its own over an image with more files, both made by scripts.
        private func boot(layer: String, image: String, _ body: (Disk, Outcome) async throws -> Void) async throws {
            try await Disk.withStore { disk, store in
                let place = "docker/btrfs/subvolumes/\(try #require(store.images["sample_image:latest"]).cacheID)"
                try await disk.change("mkdir other; (cd other; \(layer)); cd \(place); \(image)")
                try await body(disk, try await disk.boot(disk.line("toplayer_path=other")))
            }
        }

        @Test func `a whiteout removes what has its name, of any kind, and is not copied`() async throws {
            let image = """
                mkdir -p srv/a/b/c; echo x > srv/a/b/c/file; ln -s /victims srv/a/b/link; echo x > srv/file; mkfifo srv/fifo
                mkdir srv/target; echo x > srv/target/file; ln -s target srv/link; ln -s nowhere srv/dangling
                echo x > srv/-rf; echo x > srv/.wh
                """
            let layer =
                "mkdir srv; touch srv/.wh.{a,file,fifo,link,dangling,-rf,absent}; mkdir srv/new; touch srv/new/.wh.file srv/new/file"
            try await boot(layer: layer, image: image) { disk, outcome in
                #expect(outcome.status == 0)
                let found = try await disk.look("cd docker_rwlayer; find srv | sort; cat $OLDPWD/victims/file")
                #expect(found == "srv\nsrv/.wh\nsrv/kept\nsrv/new\nsrv/new/file\nsrv/target\nsrv/target/file\nthe victim\n")
            }
        }

        @Test func `a name beside its own whiteout is the layer's`() async throws {
            let layer = "mkdir -p srv/a srv/link; touch srv/.wh.{a,link,file}; echo new | tee srv/a/new srv/link/new > srv/file"
            let image = "mkdir srv/{a,target}; chmod 711 srv/a; touch srv/a/old; ln -s target srv/link; mkdir srv/file"
            try await boot(layer: layer, image: image) { disk, outcome in
                #expect(outcome.status == 0)
                #expect(!outcome.told.contains("replaced"))
                let found = try await disk.look("cd docker_rwlayer/srv; find a file link target -printf '%p %y %m\\n' | sort")
                #expect(
                    found == """
                        a d 755
                        a/new f 644
                        file f 644
                        link d 755
                        link/new f 644
                        target d 755

                        """)
            }
        }

        @Test func `an opaque directory loses what the image has in it, and nothing of the layer`() async throws {
            let image = "chmod 711 srv; mkdir -p srv/a/b; touch srv/a/b/file srv/file; ln -s /victims srv/link; touch -d @5 srv"
            let layer = """
                mkdir -p srv/a lib/x; touch srv/.wh..wh..opq srv/.wh..wh.other srv/a/new srv/file2 srv/.wh.file
                touch lib/x/.wh..wh..opq lib/x/y
                """
            try await boot(layer: layer, image: image) { disk, outcome in
                #expect(outcome.status == 0)
                let look = "cd docker_rwlayer; find srv | sort; stat -c '%a %Y' srv; ls -A lib/ lib/x; cat $OLDPWD/victims/file"
                let found = try await disk.look(look)
                #expect(found == "srv\nsrv/a\nsrv/a/new\nsrv/file2\n711 5\nlib/:\nmodules\nos-release\nx\n\nlib/x:\ny\nthe victim\n")
            }
        }

        /// Where the image has a symlink, two directories of the layer are one. Names come in the order in which they were made.
        @Test(arguments: ["mkdir -p usr/share; mkdir share", "mkdir share; mkdir -p usr/share"])
        func `what the layer hides goes before anything of it comes, by whichever way`(order: String) async throws {
            let image =
                "mkdir usr/share; echo old | tee usr/share/foo usr/share/bar > usr/share/baz; ln -s usr/share share; ln -s share again"
            let layer = """
                \(order)
                echo new > usr/share/foo; touch share/.wh.foo share/.wh.bar; mkdir again; touch again/.wh..wh..opq
                """
            try await boot(layer: layer, image: image) { disk, outcome in
                #expect(outcome.status == 0, "\(outcome.told)")
                let found = try await disk.look("cd docker_rwlayer/share; tail -n +1 *")
                #expect(found == "new\n")
            }
        }

        @Test(arguments: [".wh.", ".wh..", ".wh..."])
        func `a whiteout of nothing, of the directory itself or of the one above is an error`(name: String) async throws {
            for image in ["mkdir srv/there", "true"] {
                try await boot(layer: "mkdir -p srv/there; touch srv/there/\(name)", image: image) { disk, outcome in
                    #expect(outcome.told.hasSuffix("'/srv/there/\(name)': a whiteout must name something in its directory\n"))
                    #expect(outcome.status == 1)
                }
            }
        }

        @Test func `the layer's rules are not copied, but from its top only`() async throws {
            let layer = "echo '{}' > .docker-btrfs.json; mkdir srv; cp .docker-btrfs.json srv"
            try await boot(layer: layer, image: "true") { disk, outcome in
                #expect(outcome.status == 0)
                let found = try await disk.look("cd docker_rwlayer; find . -name '.docker-btrfs*'")
                #expect(found == "./srv/.docker-btrfs.json\n")
            }
        }
    }
}
