import TestSupport
import Testing

extension OnDisk {
    /// What is wrong with something that a boot can do without is told in a sentence, and the boot goes on.
    struct UnneededFaultTests {
        private let roots = ".docker-btrfs/roots/docker_rwlayer"
        private let templates = ".docker-btrfs/templates"

        @Test(arguments: [
            ("touch .docker-btrfs/roots/README", "'/.docker-btrfs/roots/README' is no folder of roots; it is left alone"),
            ("ln -s loop .docker-btrfs/roots/loop", "'/.docker-btrfs/roots/loop' is no folder of roots; it is left alone"),
            (
                "mkdir .docker-btrfs/roots/a%2Fb; ln -s b .docker-btrfs/roots/a%2Fb/1; mkdir a; ln -s b a/b", ""
            ),
            ("rm -f docker_rwlayer/lib; ln -s lib docker_rwlayer/lib", ""),
            ("rm .docker-btrfs/record; mkdir .docker-btrfs/record", "counting of boots starts anew"),
            ("rm .docker-btrfs/record; mkfifo .docker-btrfs/record", "counting of boots starts anew"),
            ("truncate -s 1G .docker-btrfs/record", "counting of boots starts anew"),
            ("rm -rf docker_rwlayer/{etc,usr,lib,bin}; ln -s etc docker_rwlayer/etc", ""),
        ])
        func `a new root is made`(change: String, note: String) async throws {
            try await Disk.withStore { disk, _ in
                try await disk.bootWell(disk.line(keeping: ""))
                try await disk.change(change)
                let outcome = try await disk.boot(disk.line(keeping: ""))
                #expect(outcome.status == 0)
                #expect(outcome.told.contains(note), "\(outcome.told)")
                #expect(try await disk.look("getfattr --only-values -n user.docker-btrfs.root docker_rwlayer").contains("\nnumber 2\n"))
            }
        }

        /// As files of a backup do that are put back onto / with their attributes.
        @Test(arguments: [
            "setfattr -x user.docker-btrfs.root docker_rwlayer",
            #"mark=$(getfattr --only-values -n $name $kept); setfattr -n $name -v "$mark"$'\n' docker_rwlayer"#,
        ])
        func `a root that lost its mark is put aside, and never deleted`(change: String) async throws {
            // Also the first one, which replaced none.
            try await Disk.withStore { disk, _ in
                let line = disk.line(keeping: "docker_keep=0")
                try await disk.bootWell(line)
                try await disk.change("setfattr -x user.docker-btrfs.root docker_rwlayer; echo work > docker_rwlayer/work")
                for _ in 1...2 {
                    let outcome = try await disk.boot(line)
                    #expect(outcome.status == 0, "\(outcome.told)")
                }
                #expect(try await disk.look("cat \(roots)/*/work") == "work\n")
            }
            try await Disk.withStore { disk, _ in
                let line = disk.line(keeping: "docker_keep=1")
                for _ in 1...2 { try await disk.bootWell(line) }
                try await disk.change("kept=\(roots)/1 name=user.docker-btrfs.root; echo work > docker_rwlayer/work; \(change)")
                for _ in 1...3 {
                    let outcome = try await disk.boot(line)
                    #expect(outcome.status == 0, "\(outcome.told)")
                    try await disk.markGood()
                }
                #expect(try await disk.look("cat \(roots)/*/work") == "work\n")
                try await disk.change("setfattr -x user.docker-btrfs.root docker_rwlayer")
                let outcome = try await disk.boot(disk.line(keeping: "docker_root=previous"))
                let note = "'/docker_rwlayer' has no mark of its own any more; what is called '/docker_rwlayer' is not deleted\n"
                #expect(outcome.status == 0 && outcome.told.contains(note), "\(outcome.told)")
                #expect(outcome.told.contains("'/docker_rwlayer' is put aside as '/\(roots)/"), "\(outcome.told)")
            }
        }

        @Test(arguments: [0, 1])
        func `where it lies is told by the boots after one that was cut off, also where no root is left`(kept: Int) async throws {
            try await Disk.withStore { disk, _ in
                for _ in 0...kept { try await disk.bootWell(disk.line("docker_keep=1")) }
                try await disk.change("setfattr -x user.docker-btrfs.root docker_rwlayer; mv docker_rwlayer \(roots)/7")
                let outcome = try await disk.boot(disk.line(keeping: "docker_image=nope"))
                #expect(outcome.status == 1 - Int32(kept), "\(outcome.told)")
                #expect(outcome.told.contains("'/\(roots)/7' has no mark of a root; it is left alone\n"), "\(outcome.told)")
            }
        }

        @Test func `a configuration that is damaged, where the kernel command line names the image`() async throws {
            try await Disk.withStore { disk, _ in
                for (more, status) in [("", 1), ("docker_image=sample_image", 0)] as [(String, Int32)] {
                    let command = try disk.bootCommand(disk.line(more))
                    try await output(of: ["bash", "-c", "echo { > '\(disk.folder)/docker-btrfs.json'"])
                    let outcome = try await run(command)
                    #expect(outcome.status == status, "\(outcome.told)")
                    #expect(outcome.told.contains("docker-btrfs.json': ") == (status == 1), "\(outcome.told)")
                }
            }
        }

        @Test func `a mark or anything else of a root that cannot be read, whichever it is`() async throws {
            try await Disk.withStore { disk, _ in
                let line = disk.line(keeping: "docker_keep=2")
                try await disk.bootWell(line)
                try await disk.markGood()
                // A root of another name, whose layer nothing else needs.
                var other = disk.line(keeping: "", tag: "v2")
                other.flags = "rootflags=subvol=other"
                try await disk.bootWell(other)
                for _ in 1...2 { try await disk.bootWell(line) }
                let whole = "\(disk.folder)/whole.img"
                try await output(of: ["cp", "--sparse=always", disk.file, whole])
                for call in ["fgetxattr", "getdents64"] {
                    for number in 1...16 {
                        let strace = [
                            "strace", "--follow-forks", "--quiet=all", "--output", "\(disk.folder)/trace", "--inject",
                            "\(call):error=EIO:when=\(number)",
                        ]
                        let outcome = try await run(strace + disk.bootCommand(line))
                        #expect(outcome.status == 0, "\(call) \(number): \(outcome.told)")
                        #expect(try await disk.look("cat docker_rwlayer/etc/version") == "1\n")
                        let good =
                            "(getfattr -n user.docker-btrfs.good \(roots)/* docker_rwlayer 2> /dev/null || true) | grep -c good="
                        #expect(try await disk.look(good) == "1\n", "\(call) \(number): the good root is gone")
                        #expect(
                            try await disk.look("ls .docker-btrfs/layers | wc -l") == "2\n", "\(call) \(number): a layer is held no more")
                        try await output(of: ["cp", "--sparse=always", whole, disk.file])
                        try await output(of: ["blockdev", "--flushbufs", disk.device])
                    }
                }
            }
        }

        @Test func `a root that is found where the next one is built is put away, unless it was not finished`() async throws {
            try await Disk.withStore { disk, _ in
                let line = disk.line(keeping: "docker_keep=4")
                for _ in 1...3 { try await disk.bootWell(line) }
                // What a stop leaves after an exchange that was cut off.
                try await disk.change("touch \(roots)/2/second; mv \(roots)/2 \(roots)/new; mv docker_rwlayer \(roots)/3")
                try await disk.bootWell(line)
                #expect(try await disk.look("ls \(roots); ls \(roots)/2/second") == "1\n2\n3\n\(roots)/2/second\n")
            }
        }

        @Test func `a good root is not deleted, wherever somebody put it`() async throws {
            try await Disk.withStore { disk, _ in
                let line = disk.line(keeping: "docker_keep=4")
                for _ in 1...3 { try await disk.bootWell(line) }
                try await disk.markGood()
                try await disk.change("touch docker_rwlayer/good; mv docker_rwlayer \(roots)/new; mv \(roots)/1 docker_rwlayer")
                try await disk.bootWell(line)
                #expect(try await disk.look("ls \(roots)/3/good") == "\(roots)/3/good\n")
            }
        }

        @Test(arguments: [
            "btrfs property set -ts $t ro false; btrfs subvolume delete $t; btrfs subvolume create $t",
            "btrfs property set -ts $t ro false; btrfs subvolume delete $t; mkdir $t",
            "btrfs property set -ts $t ro false; touch $t/evil",
            "btrfs property set -ts $t ro false; touch $t/evil; btrfs property set -ts $t ro true",
            "btrfs property set -ts $t ro false; btrfs subvolume delete $t; btrfs subvolume snapshot -r docker/btrfs/subvolumes/$(ls docker/btrfs/subvolumes | head -1) $t",
        ])
        func `what was put in a template's place is no template`(change: String) async throws {
            try await Disk.withStore { disk, _ in
                let line = disk.line(keeping: "")
                try await disk.bootWell(line)
                try await disk.change("t=$(ls -d \(templates)/*); \(change)")
                for _ in 1...2 {
                    let outcome = try await disk.boot(line)
                    #expect(outcome.status == 0)
                    #expect(outcome.told.contains(" is not as docker-btrfs left it: it is not used, and left alone\n"))
                    #expect(
                        try await disk.look("cat docker_rwlayer/etc/{version,motd}; ls docker_rwlayer/evil 2> /dev/null || true")
                            == "1\nfrom the top layer\n")
                }
            }
        }

        @Test func `images of one name are none of another's`() async throws {
            try await Disk.withStore { disk, _ in
                var other = disk.line(keeping: "", tag: "v2")
                other.flags = "rootflags=subvol=other"
                try await disk.bootWell(other)
                #expect(try await disk.markingGood("other").status == 0)
                for _ in 1...4 {
                    let outcome = try await disk.boot(disk.line(keeping: ""))
                    #expect(outcome.status == 0)
                    #expect(!outcome.told.contains(" instead"))
                }
                #expect(try await disk.look("cat docker_rwlayer/etc/version") == "1\n")
            }
        }

        @Test func `the default subvolume is told, and is no trouble`() async throws {
            try await Disk.withStore { disk, _ in
                for _ in 1...2 { try await disk.bootWell(disk.line(keeping: "")) }
                try await disk.change("btrfs subvolume set-default \(roots)/1")
                for _ in 1...2 {
                    let outcome = try await disk.boot(disk.line(keeping: ""))
                    #expect(outcome.status == 0)
                    #expect(outcome.told.contains("/1' is not deleted: it is the filesystem's default subvolume ("))
                    #expect(!outcome.told.contains("could not"))
                }
            }
        }

        @Test(arguments: [".docker-btrfs", ".docker-btrfs/roots/docker_rwlayer/1", ".docker-btrfs/layers"])
        func `what docker-btrfs keeps is no top layer`(path: String) async throws {
            try await Disk.withStore { disk, _ in
                for _ in 1...2 { try await disk.bootWell(disk.line(keeping: "")) }
                let outcome = try await disk.boot(disk.line("toplayer_path=\(path)"))
                #expect(outcome.status == 1)
                #expect(
                    outcome.told.contains("(toplayer_path=): it is in what docker-btrfs keeps in '/.docker-btrfs', which boots delete\n"))
            }
        }
    }
}
