import Basics
import TestSupport
import Testing

extension Beside {
    /// Files of every kind in the top layer, compared with their copies by all that the kernel tells of them.
    struct AttributeTests {
        @Test func `what a root had not is in it as in the top layer, and as cp -a copies it`() async throws {
            try await Disk.withStore { disk, _ in
                try await disk.change(Corpus.script(Corpus.common + Corpus.ofBtrfs, in: "boot_docker/corpus"))
                try await disk.bootWell()
                try await disk.change("cp -a boot_docker/corpus reference; sync")
                let copy = try disk.inventory("docker_rwlayer/corpus")
                #expect(copy.files.count > 2000, "the corpus is there")
                try copy.expectSame(as: disk.inventory("boot_docker/corpus"))
                // cp keeps no inode flags.
                try copy.without("flags").expectSame(as: disk.inventory("reference").without("flags"))
                #expect(try await disk.look("lsattr docker_rwlayer/corpus/nocow").contains("C"))
                // A root stays writable.
                try await disk.change("cd docker_rwlayer/corpus; rm 'an immutable file' 'a file that only grows'")
            }
        }

        /// As soon as there is a policy, the kernel refuses to remove such an attribute.
        @Test func `a directory of the rules keeps its label of SELinux, or gets the layer's`() async throws {
            try await Disk.withStore { disk, store in
                let image = "docker/btrfs/subvolumes/\(try #require(store.images["sample_image:latest"]).cacheID)"
                try await disk.change(
                    """
                    echo '{ "directories": ["/srv", "/etc"] }' > boot_docker/.docker-btrfs.json; mkdir -p boot_docker/srv
                    setfattr -n security.selinux -v old \(image)/srv \(image)/etc; setfattr -n user.old -v x \(image)/srv
                    setfattr -n security.selinux -v new boot_docker/etc
                    """)
                let trace = ["strace", "--follow-forks", "--quiet=all", "--output", "\(disk.folder)/trace"]
                let refused = ["--trace", "fremovexattr", "--inject", "fremovexattr:error=EACCES:when=2+"]
                let outcome = try await run(trace + refused + disk.bootCommand(disk.line))
                #expect(outcome.status == 0, "\(outcome.told)")
                let found = "cd docker_rwlayer; getfattr --only-values -n security.selinux srv etc; getfattr srv"
                #expect(try await disk.look(found) == "oldnew")
            }
        }

        @Test func `so it is from another filesystem`() async throws {
            try await Disk.withStore { disk, _ in
                try await Disk.with(["mkfs.ext4", "-q", "-b", "4096", "-I", "1024"], size: "128M") { machine in
                    try await machine.change(Corpus.script(Corpus.common, in: "corpus"), options: "rw")
                    let line = disk.line.layered(from: machine)
                    try await disk.bootWell(line)
                    try await disk.change("mkdir m; mount -o ro \(machine.device) m; cp -a m/corpus reference; umount m; sync")
                    let copy = try disk.inventory("docker_rwlayer/corpus")
                    // A directory's size and names are the filesystem's own affair.
                    let original = try machine.inventory("corpus", type: "ext4").without("size", "names")
                    copy.without("size", "names").expectSame(as: original)
                    // cp fills what was preallocated with zeros.
                    let reference = try disk.inventory("reference").without("flags", "content")
                    copy.without("flags", "content").expectSame(as: reference)
                }
            }
        }

        /// What the image's directory hands down to files that are made in it, and to directories.
        @Test(arguments: [
            "true", "chown 77:88 .; chmod 2777 .; setfacl -m default:user:1234:rwx .", "chattr +C .",
            "btrfs property set . compression zstd", "chattr +m .", "setfacl -m default:group:9:rw .; chattr +C .; chmod 2700 .",
        ])
        func `nothing that a root had at their names, or in their directory, is left`(setup: String) async throws {
            try await Disk.withStore { disk, store in
                let layer = "docker/btrfs/subvolumes/\(try #require(store.images["sample_image:latest"]).cacheID)"
                try await disk.change(
                    """
                    \(Corpus.script(Corpus.common + Corpus.ofBtrfs, in: "boot_docker/corpus"))
                    \(Corpus.obstacles(to: "boot_docker/corpus", in: "\(layer)/corpus", turn: setup.count))
                    cd \(layer)/corpus; \(setup); touch -d @1000.000000001 .
                    """)
                try await disk.bootWell()
                let copy = try disk.inventory("docker_rwlayer/corpus")
                try copy.contents.expectSame(as: disk.inventory("boot_docker/corpus").contents)
                let (own, before) = (copy["/"], try disk.inventory(#require(Path("\(layer)/corpus")))["/"])
                #expect(own?.filter { $0.key != "size" } == before?.filter { $0.key != "size" }, "the image's directory keeps its own")
                #expect(try await disk.look("head victim victims/*") == "==> victim <==\nthe victim\n\n==> victims/file <==\nthe victim\n")
            }
        }

        @Test func `a kernel that has no attributes by directory and name gives the same`() async throws {
            try await Disk.withStore { disk, _ in
                try await disk.change(Corpus.script(Corpus.common + Corpus.ofBtrfs, in: "boot_docker/corpus"))
                try await output(of: Self.withoutNewCalls + disk.bootCommand(disk.line))
                let copy = try disk.inventory("docker_rwlayer/corpus")
                try copy.expectSame(as: disk.inventory("boot_docker/corpus"))
            }
        }

        @Test func `files without checksums, which share nothing with those that have some, get the same content`() async throws {
            try await Disk.withStore { disk, _ in
                try await disk.change(Corpus.script(Corpus.common + Corpus.ofBtrfs, in: "boot_docker/corpus"))
                var line = disk.line
                line.flags += ",nodatacow"
                try await disk.bootWell(line)
                // The mount gives the flag to all that is made.
                let copy = try disk.inventory("docker_rwlayer/corpus")
                #expect(copy["/a large file"]?["flags"] == "C")
                try copy.without("flags").expectSame(as: disk.inventory("boot_docker/corpus").without("flags"))
            }
        }

        /// Runs a command on a kernel before 6.13: a seccomp filter makes setxattrat(2) to removexattrat(2) fail with ENOSYS.
        private static let withoutNewCalls = [
            "perl", "-e",
            """
            my $filter = pack('SCCL' x 5, 0x20,0,0,0, 0x35,0,2,463, 0x25,1,0,466, 0x06,0,0,0x50026, 0x06,0,0,0x7fff0000);
            syscall(157, 22, 2, pack('Sx6P', 5, $filter)) == 0 or die $!;
            my $path = '/'; syscall(465, -100, $path, 0, 0, 0) == -1 && $!{ENOSYS} or die 'the filter does nothing';
            exec @ARGV;
            """,
        ]
    }
}
