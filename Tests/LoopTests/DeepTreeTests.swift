import TestSupport
import Testing

extension OnDisk {
    /// Paths that are longer than the kernel takes, and directories in directories.
    struct DeepTreeTests {
        /// A program that goes down `number` directories of `length` letters, making them, and runs `end` there.
        private func dig(_ place: String, _ number: Int, _ length: Int, _ end: String) -> String {
            """
            perl -e 'mkdir $ARGV[0]; chdir shift; for (1 .. \(number)) { my $name = "d" x \(length); mkdir $name; chdir $name or die $! } \(end)' \(place)
            """
        }

        /// A program that goes down as far as there are directories, and prints how many and what the end holds.
        private let sound = #"perl -e 'chdir shift; $n++ while chdir((glob "d*")[0] // "no"); system "echo $n; ls -i * | wc -l; cat *"'"#

        @Test func `a path may be longer than the kernel takes at once`() async throws {
            try await Disk.withStore { disk, _ in
                let file = #"open my $file, ">", "file" or die; print $file "deep\n"; link "file", "one-more" or die"#
                try await disk.change(dig("boot_docker/deep", 60, 200, file))
                try await disk.bootWell()
                #expect(try await disk.look("\(sound) docker_rwlayer/deep") == "60\n2\ndeep\ndeep\n")
            }
        }

        @Test func `a whole tree of such paths merges with the image's, and goes for a file`() async throws {
            try await Disk.withStore { disk, store in
                let place = "docker/btrfs/subvolumes/\(try #require(store.images["sample_image:latest"]).cacheID)"
                let write = { (name: String) in #"open my $file, ">", "\#(name)" or die; print $file "\#(name)\n""# }
                try await disk.change(
                    """
                    \(dig("boot_docker/srv", 60, 200, write("layer"))); \(dig("\(place)/srv", 60, 200, write("image")))
                    mkdir \(place)/gone; \(dig("\(place)/gone", 1000, 20, write("image"))); echo file > boot_docker/gone
                    """)
                let outcome = try await disk.boot()
                #expect(outcome.told.contains("the top layer's file '/gone' replaced a directory of the image\n"))
                #expect(try await disk.look("\(sound) docker_rwlayer/srv; cat docker_rwlayer/gone") == "60\n2\nimage\nlayer\nfile\n")
            }
        }

        @Test func `directories in one another take more open files than a process has at first, and too many are an error`() async throws {
            try await Disk.withStore { disk, _ in
                try await disk.change(dig("boot_docker/deep", 1450, 1, #"open my $file, ">", "file" or die; print $file "deep\n""#))
                try await output(of: ["prlimit", "--nofile=1024:8192", "--stack=4194304"] + disk.bootCommand(disk.line))
                #expect(try await disk.look("\(sound) docker_rwlayer/deep") == "1450\n1\ndeep\n")

                try await disk.change(dig("boot_docker/deep", 1600, 1, ""))
                let outcome = try await run(["prlimit", "--nofile=8192"] + disk.bootCommand(disk.line))
                #expect(outcome.status == 1)
                #expect(
                    outcome.told.hasSuffix(
                        """
                        /d/d': there are more than 1500 directories in one another
                        hint: take this tree out of the layer

                        """))
            }
        }

        @Test func `a symlink of the image at the end of such a path is an error`() async throws {
            try await Disk.withStore { disk, store in
                let place = "docker/btrfs/subvolumes/\(try #require(store.images["sample_image:latest"]).cacheID)"
                let more = #"mkdir "link" or die; open my $file, ">", "link/file" or die"#
                try await disk.change(
                    """
                    \(dig("boot_docker/srv", 60, 200, more)); \(dig("\(place)/srv", 60, 200, #"symlink "/etc", "link" or die"#))
                    """)
                let outcome = try await disk.boot()
                #expect(outcome.status == 1)
                #expect(outcome.told.hasSuffix("/link': File name too long\n"))
            }
        }
    }
}
