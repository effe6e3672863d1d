import Foundation
import TestSupport
import Testing

extension OnDisk {
    /// Roots of earlier boots: `docker_root=`, and `docker-btrfs root`.
    struct EarlierRootTests {
        private let roots = ".docker-btrfs/roots/docker_rwlayer"

        @Test func `the previous root is gone on with as it was left, and nothing is counted`() async throws {
            try await Disk.withStore { disk, _ in
                let line = disk.line(keeping: "")
                try await disk.bootWell(line)
                try await disk.change("echo work > docker_rwlayer/work; rm docker_rwlayer/etc/version")
                try await disk.bootWell(disk.line(keeping: "", tag: "v2"))
                let record = try await disk.look("cat .docker-btrfs/record")
                // The image is not there any more.
                let outcome = try await disk.boot(disk.line(keeping: "docker_root=previous docker_image=nope"))
                #expect(outcome.told.hasPrefix("going on with root 1 ('sample_image:latest'), as it was left (docker_root=)\n"))
                #expect(
                    try await disk.look("cat docker_rwlayer/work; ls docker_rwlayer/etc/version \(roots)/2/etc/version 2>&1 || true")
                        == "work\nls: cannot access 'docker_rwlayer/etc/version': No such file or directory\n\(roots)/2/etc/version\n")
                #expect(try await disk.look("cat .docker-btrfs/record") == record)
                // And back again.
                try await disk.bootWell(disk.line(keeping: "docker_root=2"))
                #expect(try await disk.look("cat docker_rwlayer/etc/version; ls \(roots)") == "2\n3\n")
            }
        }

        @Test func `a home that is a subvolume is still its user's`() async throws {
            try await Disk.withStore { disk, _ in
                let line = disk.line(keeping: "")
                try await disk.bootWell(line)
                try await disk.change(
                    """
                    cd docker_rwlayer; mkdir -p home; for name in home/anna scratch; do btrfs subvolume create "$name"; done
                    chown 1000:100 home/anna; chmod 700 home/anna; setfacl --modify u:33:x home/anna; chmod 1777 scratch
                    """)
                try await disk.bootWell(line)
                try await disk.bootWell(disk.line(keeping: "docker_root=previous"))
                #expect(
                    try await disk.look(
                        "cd docker_rwlayer; stat --format '%n %u %g %a' home/anna scratch; getfacl --numeric home/anna | grep 33")
                        == "home/anna 1000 100 710\nscratch 0 0 1777\nuser:33:--x\n")
                // What a snapshot has in such a place is of no one.
                #expect(try await disk.look("stat --format %i docker_rwlayer/home/anna") != "2\n")
            }
        }

        @Test func `ls, keep and rm`() async throws {
            try await Disk.withStore { disk, store in
                try await Deployable.with(disk, dataRoot: "docker", images: store.images) { machine in
                    let line = disk.line(keeping: "docker_keep=3")
                    try await disk.bootWell(line)
                    try await disk.markGood()
                    try await disk.change("cd docker_rwlayer; echo work > work; mkdir -p var/lib; btrfs subvolume create var/lib/machines")
                    for _ in 1...2 { try await disk.bootWell(line) }
                    #expect(
                        try await machine.run("root ls") == """
                            NUMBER  IMAGE                MADE      STATE
                            3       sample_image:latest  just now  no good boot
                            2       sample_image:latest  just now  no good boot
                            1       sample_image:latest  just now  good

                            """)
                    let lines = try await machine.run("root ls --format json").split(separator: "\n")
                    let last = try #require(lines.last)
                    let oldest = try #require(try JSONSerialization.jsonObject(with: Data(last.utf8)) as? [String: Any])
                    #expect(lines.count == 3 && oldest["number"] as? Int == 1 && oldest["good"] as? Bool == true)
                    #expect(oldest["kind"] as? String == "root")
                    #expect(oldest["path"] as? String == "/\(roots)/1" && oldest["booted"] as? Bool == false)

                    let before = try await machine.everything()
                    let planned = try await machine.run("root keep 1 mine --dry-run").split(separator: "\n")
                    let copy = planned.firstIndex(of: "snapshot '/\(roots)/1' to '/.docker-btrfs/keeping'") ?? planned.count
                    #expect(planned.dropFirst(copy).count == 6, "\(planned)")
                    #expect(planned.contains("write the file '/.docker-btrfs/deployments/mine.root'"))
                    #expect(planned.contains("rename '/.docker-btrfs/keeping' to '/mine'"))
                    #expect(try await machine.run("root rm 1 2 --dry-run").hasPrefix("delete the subvolume '/\(roots)/1'\n"))
                    #expect(try await machine.everything() == before)

                    #expect(
                        try await machine.run("root keep 1 mine").hasSuffix(
                            "kept root 1 ('sample_image:latest') as '/mine', which no boot replaces: rootflags=subvol=mine boots it, without docker_path= and docker_deployed=\n"
                        ))
                    try await disk.change("touch mine/var/lib/machines/file")
                    #expect(try await disk.look("cat mine/work") == "work\n")
                    for (name, reason) in [
                        ("mine", "'/mine' is there already"), ("docker", "'/docker' is there already"),
                        ("docker_rwlayer", "that is what the machine's root is called"), ("a/b", "that is not a name on the top level"),
                        (".docker-btrfs", "'/.docker-btrfs' is there already"),
                    ] {
                        let refused = try await machine.fails("root keep 1 \(name)")
                        #expect(refused.hasPrefix("Error: could not keep root 1 ('sample_image:latest') as '\(name)': \(reason)\n"))
                    }

                    // A boot takes it for a person's, and refuses it as the name of its root.
                    var other = line
                    other.flags = "rootflags=subvol=mine"
                    let refused = try await disk.boot(other)
                    #expect(refused.status == 1 && refused.told.contains("it is a subvolume that docker-btrfs did not make"))

                    #expect(try await machine.run("root rm 2").contains("removed root 2 ('sample_image:latest')\n"))
                    #expect(try await disk.look("ls \(roots)") == "1\n")
                    #expect(try await machine.fails("root rm 2") == "Error: could not find root 2\nhint: there are roots 1, 3\n")
                    #expect(
                        try await machine.fails("root rm 1 3")
                            == "Error: could not remove root 3 ('sample_image:latest'): it is the machine's root, which the next boot replaces\n"
                    )
                    #expect(try await machine.fails("root rm 1 wrong").hasPrefix("Error: could not find "))
                    #expect(try await disk.look("ls \(roots)") == "1\n", "nothing is removed where one is refused")
                    try await disk.change("touch \(roots)/1/var/lib/machines/file")
                    #expect(
                        try await machine.fails("root rm 1").hasSuffix(
                            "somebody put something into its subvolume '/var/lib/machines'\n"))
                }
            }
        }

        @Test func `those of another name are told of when setup is given a new one`() async throws {
            try await Disk.withStore { disk, store in
                try await Deployable.with(disk, dataRoot: "docker", images: store.images) { machine in
                    for _ in 1...2 { try await disk.bootWell(disk.line(keeping: "")) }
                    let told = try await machine.run(machine.setup + " --name other 2>&1")
                    let note = """
                        note: 2 roots of '/docker_rwlayer' stay, and take room: 'docker-btrfs setup --name docker_rwlayer' brings them back into \
                        'docker-btrfs root ls'

                        """
                    #expect(told.contains(note), "\(told)")
                    #expect(try await machine.fails("root rm 1") == "Error: could not find root 1\nhint: there is none of '/other' yet\n")
                    #expect(!(try await machine.run(machine.setup + " --name docker_rwlayer 2>&1")).contains("roots of"))
                    #expect(try await machine.run("root ls").contains("\n1       sample_image:latest"))
                }
            }
        }

        @Test func `the root that the system runs on is named and stays`() async throws {
            try await Disk.withStore { disk, store in
                try await Deployable.with(disk, dataRoot: "docker", images: store.images) { machine in
                    for _ in 1...2 { try await disk.bootWell(disk.line(keeping: "")) }
                    let kept = SystemRoot.plain("\(roots)/1")
                    let listed = try await machine.inside(kept, "root ls")
                    #expect(listed.contains("1       sample_image:latest  just now  booted\nstatus 0\n"))
                    #expect(
                        try await machine.inside(kept, "root rm 1")
                            == "Error: could not remove root 1 ('sample_image:latest'): the system runs on it\nstatus 1\n")
                    #expect(try await disk.look("ls \(roots)") == "1\n")
                }
            }
        }

        @Test func `one that is mounted somewhere is not deleted`() async throws {
            try await Disk.withStore { disk, store in
                try await Deployable.with(disk, dataRoot: "docker", images: store.images) { machine in
                    for _ in 1...2 { try await disk.bootWell(disk.line(keeping: "")) }
                    let refused = try await disk.change(
                        """
                        mkdir \(disk.folder)/there; mount -o subvol=\(roots)/1 \(disk.device) \(disk.folder)/there
                        ! \(machine.command("root rm 1")) 2>&1 > /dev/null
                        """)
                    #expect(refused.hasPrefix("Error: could not delete the subvolume '/\(roots)/1': it is mounted at "))
                    #expect(try await disk.look("ls \(roots)") == "1\n")
                }
            }
        }
    }
}
