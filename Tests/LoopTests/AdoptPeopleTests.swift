import TestSupport
import Testing

extension OnDisk {
    /// `docker-btrfs adopt` of what says who the machine's people are: passwd, group and their passwords.
    struct AdoptPeopleTests {
        /// What `docker-btrfs-users.service` does in a root.
        private func givePeople(_ machine: Deployable) async throws {
            try await machine.disk.change("sh '\(Repository.path("hooks/machine/users"))' docker_rwlayer")
        }

        /// A root with the people of the top layer: ann, and the passwords.
        private func bootWithAnn(_ disk: Disk, passwords: String) async throws {
            try await disk.change(
                """
                rm boot_docker/etc/passwd; mkdir -p boot_docker/etc/docker-btrfs/users; cd boot_docker/etc/docker-btrfs/users
                echo 'ann:x:1000:1000::/home/ann:/bin/sh' > passwd; echo '\(passwords)' > shadow; chmod 600 shadow
                """)
            try await disk.bootWell(disk.line(keeping: "docker_keep=3"))
        }

        @Test(arguments: ["/etc/shadow", "/etc/passwd", "/etc"])
        func `a password and a new person are the next root's, and each image keeps its own users`(path: String) async throws {
            try await Disk.withStore { disk, store in
                try await Deployable.with(disk, dataRoot: "docker", images: store.images) { machine in
                    try await bootWithAnn(disk, passwords: "root:old:1::::::\nann:old:1::::::")
                    // An image has users of its own.
                    try await disk.change(
                        """
                        cd docker_rwlayer/etc; echo 'daemon:x:1:1::/:/bin/sh' > passwd; echo 'daemon:!:1::::::' > shadow; echo 'sudo:x:27:' > group
                        """)
                    try await givePeople(machine)
                    try await disk.change(
                        """
                        cd docker_rwlayer/etc; sed -i 's/ann:old/ann:new/' shadow; sed -i 's/sudo:x:27:/&bob/' group
                        echo 'bob:x:1001:1001::/home/bob:/bin/sh' >> passwd; echo 'bob:his:1::::::' >> shadow; echo 'bob:100000:65536' > subuid
                        """)
                    let line =
                        "put the people of root 1 (ann, bob, root's password) into '/boot_docker/etc/docker-btrfs/users', beside an image's own users\n"
                    let told = try await disk.change("\(machine.command("adopt \(path)")) 2>&1")
                    let note = "note: daemon, the group sudo stay as the image has them: what is no person's is for its Dockerfile\n"
                    #expect(told.hasPrefix(line) && told.replacing(note, with: "").contains("note:") == false, "\(told)")
                    #expect(told.contains("the next root has them: the people"), "\(told)")
                    let layer = try await disk.look(
                        """
                        cd boot_docker/etc; ls -d passwd shadow group subuid 2>/dev/null || :; find docker-btrfs -name '.*'
                        cd docker-btrfs/users; cat members shadow subuid; stat -c %a shadow
                        """)
                    #expect(
                        layer == "sudo:bob\nroot:old:1::::::\nann:new:1::::::\nbob:his:1::::::\nbob:100000:65536\n600\n", "\(layer)")
                    // The next image has another daemon.
                    try await disk.bootWell(disk.line(keeping: "docker_keep=3"))
                    try await disk.change("echo 'later:x:2:2::/:/bin/sh' > docker_rwlayer/etc/passwd; : > docker_rwlayer/etc/shadow")
                    try await givePeople(machine)
                    let people = try await disk.look("cd docker_rwlayer/etc; cut -d : -f 1-2 passwd shadow")
                    #expect(people == "ann:x\nbob:x\nlater:x\nroot:old\nann:new\nbob:his\n")
                    #expect(try await machine.run("diff").contains(" /etc/passwd"))
                    // A whole file is an image's users, too.
                    let noted = try await disk.change("touch boot_docker/etc/passwd; \(machine.command("adopt /etc/shadow")) 2>&1")
                    #expect(noted.contains("note: '/boot_docker/etc/passwd' takes the place of each image's own"), "\(noted)")
                    // What says nothing of people stays where it is.
                    try await disk.change("cd boot_docker/etc/docker-btrfs/users; cp shadow shadow.old")
                    let before = try await machine.everything()
                    #expect(try await machine.fails("adopt /etc/shadow").contains("'shadow.old' is in it"))
                    #expect(try await machine.everything() == before)
                }
            }
        }

        @Test func `of a root in which nobody changed them no people are put back, unless they are named`() async throws {
            try await Disk.withStore { disk, store in
                try await Deployable.with(disk, dataRoot: "docker", images: store.images) { machine in
                    try await bootWithAnn(disk, passwords: "ann:old:1::::::")
                    try await disk.change("sleep 1.1; touch docker_rwlayer/etc/passwd")
                    // It writes down what it gave, beside what the top layer has.
                    try await givePeople(machine)
                    try await disk.change(
                        """
                        for template in .docker-btrfs/templates/*; do [[ ! -e $template ]] || btrfs -q subvolume delete "$template"; done
                        sleep 1.1; echo 'ann:new:1::::::' > boot_docker/etc/docker-btrfs/users/shadow
                        """)
                    #expect(try await !machine.run("diff").contains("/etc/docker-btrfs/users/"))
                    let told = try await machine.run("adopt /etc --dry-run 2>&1")
                    let note = "are those that it was given, and are left out: name /etc/passwd to have them\n"
                    #expect(told.hasPrefix("note: the people of root 1 (") && told.hasSuffix(note), "\(told)")
                    #expect(try await machine.run("adopt /etc/passwd --dry-run").hasPrefix("put the people of root 1 (ann) into "))
                }
            }
        }

        @Test func `a root that was never given the people takes nobody out of the top layer, and who goes is named`() async throws {
            try await Disk.withStore { disk, store in
                try await Deployable.with(disk, dataRoot: "docker", images: store.images) { machine in
                    try await bootWithAnn(disk, passwords: "root:old:1::::::\nann:old:1::::::")
                    try await disk.change(
                        "cd docker_rwlayer/etc; rm passwd; echo 'bob:x:1001:1001::/home/bob:/bin/sh' > passwd; echo new > issue.net")
                    let before = try await machine.everything()
                    let lacks = "it was never given those of '/boot_docker/etc/docker-btrfs/users'"
                    let refused = try await machine.fails("adopt /etc/passwd")
                    let people = "the people of root 1 ('sample_image:latest')"
                    let error = "Error: could not take \(people): \(lacks), and what that has of ann, root would be gone\n"
                    #expect(refused.hasPrefix(error), "\(refused)")
                    #expect(refused.contains("hint: there 'sh /usr/lib/docker-btrfs/users' gives it them"), "\(refused)")
                    #expect(try await machine.everything() == before)
                    let others = try await disk.change("\(machine.command("adopt /etc")) 2>&1")
                    #expect(others.contains("note: \(people) are left out: \(lacks)\n"), "\(others)")
                    let kept = try await disk.look("cd boot_docker/etc; cat issue.net docker-btrfs/users/passwd")
                    #expect(kept == "new\nann:x:1000:1000::/home/ann:/bin/sh\n")
                    try await givePeople(machine)
                    try await disk.change("sed -i /^ann:/d docker_rwlayer/etc/passwd docker_rwlayer/etc/shadow")
                    let told = try await disk.change("\(machine.command("adopt /etc/passwd")) 2>&1")
                    let goes = "ann goes out of '/boot_docker/etc/docker-btrfs/users'"
                    let note = "note: \(goes): root 1 ('sample_image:latest') has nobody of that name\n"
                    #expect(told.hasPrefix("put the people of root 1 (bob, root's password) into ") && told.contains(note), "\(told)")
                }
            }
        }

        @Test func `no image gets the keys and the people of this machine`() async throws {
            try await Deployable.withRoot { machine in
                let told = try await machine.disk.change(
                    """
                    (
                        mkdir ../context; cd docker_rwlayer/etc; mkdir -p ssh; echo secret | tee ssh/ssh_host_rsa_key shadow > shadow-; echo hello > issue.net
                        echo no > ssh/sshd_config
                    )
                    \(machine.command("adopt --image")) --context "$PWD/../context" 2>&1; find ../context -type f; grep -r secret ../context || true
                    """)
                #expect(told.contains("COPY root/etc/issue.net /etc/issue.net\n"), "\(told)")
                #expect(told.contains("/context/root/etc/ssh/sshd_config\n"), "\(told)")
                #expect(!told.contains("shadow") && !told.contains("ssh_host") && !told.contains("secret"), "\(told)")
                #expect(told.contains("note: 2 paths that "), "\(told)")
                #expect(try await machine.run("adopt --image /etc/shadow 2>/dev/null").contains("COPY root/etc/shadow "))
            }
        }
    }
}
