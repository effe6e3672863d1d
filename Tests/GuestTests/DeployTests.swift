import Foundation
import TestSupport
import Testing

/// The article with commands only: setup, docker build, deploy, and the firmware's boot menu.
struct DeployTests {
    /// Where Docker has its images. Nobody chooses the last two: they are what a Docker from 23 on takes, and one from 29 on.
    enum Store: String, Sendable {
        case btrfs, overlay2, containerd

        /// From the top level.
        var folders: String {
            switch self {
            case .btrfs: "docker"
            case .overlay2: "overlay2"
            case .containerd: "docker containerd"
            }
        }

        /// As Docker calls it.
        var driver: String { self == .containerd ? "overlayfs" : rawValue }
    }

    /// By day what most people have; systemd-boot has the bad boots below.
    private static let machines: [(String, Store)] =
        isNightly ? [("refind", .btrfs), ("grub", .overlay2), ("systemd-boot", .containerd)] : [("grub", .containerd)]

    @Test(arguments: machines)
    func `an image is deployed, and in the system that it became the next one is built and deployed, and gone back from`(
        loader: String, store: Store
    ) async throws {
        let other = store == .btrfs ? nil : store.rawValue
        try await output(of: Lab.command("article", [other].compactMap { $0 }))
        try await Machine.with(copyOf: "\(Lab.folder)/article\(other.map { "-\($0)" } ?? "").img") { machine in
            try await output(of: Lab.command("article", ["loader", machine.disk, loader]))
            let set = try await machine.setUp()
            #expect(set.contains("next: docker build -t NAME DIR && docker-btrfs deploy NAME\n"))
            let tag = "docker tag desktop:docker desktop"
            switch store {
            case .containerd: try await Lab.change(machine.disk, engine: "docker-beside-overlayfs", tag)
            case .btrfs, .overlay2: try await machine.change(docker: true, driver: other, tag)
            }
            let deployed = try await machine.companion("deploy desktop")
            #expect(deployed.contains("\nnext boot: desktop:latest ("))
            #expect(deployed.contains(" layers to '/.docker-btrfs/layers/") == (other != nil))

            // Instead of a rollback, by `make nightly`. rEFInd cannot be told of one boot.
            let isOnce = isNightly && loader != "refind"
            let variables = ["--variables", "\(machine.folder)/variables"]
            // Taken back, and asked for again.
            let once = """
                docker btrfs deploy --once 2>&1
                docker btrfs rollback "$(docker btrfs status --format json | sed -n 's/.*"id": "sha256:\\(.\\{12\\}\\).*/\\1/p' | head -n 1)" 2>&1
                docker btrfs deploy --once 2>&1
                """
            let first = try await machine.answers(
                nil, variables, log: "\(loader) 1",
                to: """
                    \(Self.questions)
                    systemctl start docker
                    docker info --format '{{.Driver}}'
                    docker build --network none --quiet --tag desktop - > /dev/null << 'END'
                    FROM desktop:next
                    RUN echo 2 > /etc/image-version
                    END
                    \(isOnce ? once : "docker btrfs deploy 2>&1")
                    """)
            #expect(first.text.hasPrefix(Self.expected("1", kernel: "6.1") + "\(store.driver)\n"))
            let next = /\nnext boot(, once)?: desktop:latest \(.*\) with kernel 6\.12\..*; (the way back is|after it) desktop:latest/
            #expect(first.text.contains(next) && first.text.contains("next boot, once") == isOnce, "\(first.text)")
            #expect(first.text.contains(" to forget the boot that it was told of\nnext boot: desktop:latest (") == isOnce, "\(first.text)")
            #expect(first.report?.image == "desktop")
            #expect(first.report?.notes == [])

            // What was deployed is enough.
            try await machine.change("mkdir away; mv \(store.folders) away")
            let back = isOnce ? "" : "docker btrfs rollback 2>&1"
            let second = try await machine.answers(nil, variables, log: "\(loader) 2", to: "\(Self.questions)\n\(back)")
            #expect(second.text.hasPrefix(Self.expected("2", kernel: "6.12")))
            #expect(second.text.contains("\nnext boot: desktop:latest (") != isOnce)
            try await machine.change("mv away/* .")

            let registry = isNightly && store == .btrfs ? try await Registry(on: machine) : nil
            let keep = isOnce ? Self.keeping(loader) : ""
            let third = try await machine.answers(
                nil, variables, log: "\(loader) 3",
                to: "\(Self.questions)\ndocker btrfs status\n\(registry.map { Self.following($0) } ?? keep)")
            #expect(third.text.hasPrefix(Self.expected("1", kernel: "6.1")))
            #expect(third.text.contains("good"))
            if isOnce { try await bootKept(on: machine, variables, loader, told: third.text) }
            if let registry { try await follow(registry, on: machine, told: third.text) }
        }
    }

    /// Keeps the running root under a name, and tells the boot loader of its entry once, as bootctl and grub-reboot do.
    private static func keeping(_ loader: String) -> String {
        let once =
            loader == "grub"
            ? """
            id=$(grep -o 'docker-btrfs-root-[0-9a-f]*' /boot/efi/grub/docker-btrfs-earlier.cfg)
            { printf '# GRUB Environment Block\\nnext_entry=%s\\n' "$id"; yes '#' | tr -d '\\n'; } | head -c 1024 > /boot/efi/grub/grubenv
            """
            : """
            id=$(cd /boot/efi/loader/entries; ls docker-btrfs-root-*)
            { printf '\\7\\0\\0\\0'; printf '%s\\0' "$id" | iconv -t UTF-16LE; } | dd bs=4K iflag=fullblock status=none \\
                of=/sys/firmware/efi/efivars/LoaderEntryOneShot-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f
            """
        return """
            echo before > /root/note
            number=$(docker btrfs root ls --format json | sed -n 's/.*"number": \\([0-9]*\\),.*"booted": true.*/\\1/p')
            docker btrfs root keep "$number" desktop-old 2>&1
            echo after > /root/note
            \(once)
            """
    }

    /// The entry of the root that was kept boots it as it is, once; then it is the default's turn.
    private func bootKept(on machine: Machine, _ variables: [String], _ loader: String, told: String) async throws {
        #expect(told.contains(/'desktop-old, root [0-9]+ of desktop:latest' in the menu boots it\n/), "\(told)")
        let kept = try await machine.answers(
            nil, variables, log: "\(loader) kept",
            to: """
                findmnt --noheadings --output FSROOT /
                cat /root/note /etc/image-version /etc/hostname /home/ann/work
                uname -r | cut -d. -f 1-2
                modprobe loop && grep -o '^loop ' /proc/modules
                grep -o 'subvol=.*' /proc/cmdline | cut -d ' ' -f 1
                grep -c docker_ /proc/cmdline
                docker btrfs root ls --format json | grep -c '"name": "desktop-old".*"booted": true'
                docker btrfs root rm desktop-old 2>&1
                echo of the kept root >> /root/note
                """)
        #expect(
            kept.text == """
                /desktop-old
                before
                1
                desk
                of years
                6.1
                loop\u{20}
                subvol=desktop-old,noatime,compress=zstd:2
                0
                1
                Error: could not remove '/desktop-old': the system runs on it

                """)
        #expect(kept.report == nil)
        let later = try await machine.answers(
            nil, variables, log: "\(loader) after it", to: "\(Self.questions)\nfindmnt --noheadings --output FSROOT /")
        #expect(later.text == Self.expected("1", kernel: "6.1") + "/docker_rwlayer\n")
        #expect(later.report?.image == "desktop")
        #expect(try await machine.change("cat desktop-old/root/note") == "before\nof the kept root\n")
    }

    /// Keeps two changes of the running root, and asks the registry by hand, and then by the timer. What it has after that cannot boot,
    /// and then it is gone.
    private static func following(_ registry: Registry) -> String {
        """
        echo adopted > /srv/note
        rm /etc/issue
        docker btrfs diff
        docker btrfs adopt /srv/note /etc/issue
        systemctl start docker
        \(Registry.publish("3"))
        \(Registry.start)
        docker btrfs deploy --pull \(registry.host)/desktop 2> /dev/null | tail -n 1
        \(Registry.publish("4"))
        mkdir /run/systemd/system/docker-btrfs-update.timer.d
        printf '%s\\n' '[Timer]' OnActiveSec=1 AccuracySec=1 RandomizedDelaySec=0 > /run/systemd/system/docker-btrfs-update.timer.d/now.conf
        systemctl daemon-reload
        systemctl start docker-btrfs-update.timer
        until systemctl show --property ExecMainExitTimestamp docker-btrfs-update.service | grep -q =.; do sleep 1; done
        docker btrfs status
        cat /run/reboot-required
        \(Registry.publish("5"))
        ! systemctl start docker-btrfs-update.service
        docker btrfs status
        \(Registry.stop)
        systemctl start docker-btrfs-update.service
        docker btrfs status
        """
    }

    /// What was pushed is booted, with what was adopted.
    private func follow(_ registry: Registry, on machine: Machine, told: String) async throws {
        #expect(told.contains("\nD /etc/issue\n") && told.contains("\nA /srv/note\n"), "\(told)")
        #expect(told.contains("\nnext boot: \(registry.host)/desktop:latest ("), "\(told)")
        #expect(told.contains(/\n {2}pulled .*\/desktop:latest .*: deployed image [0-9a-f]{12}\n/), "\(told)")
        let later = try #require(told.split(separator: "*** System restart required ***\n", maxSplits: 1).last)
        let refused = /\n {2}pulled .*: failed: could not deploy '.*\/desktop:latest'.*: kernel: .* and no boot\/vmlinuz-6\.1.*\n/
        #expect(later.contains(refused), "\(later)")
        #expect(later.contains(/\n {2}could not pull .*\/desktop:latest .*: .*\n$/), "\(later)")
        let next = later.split(separator: "\n").filter { $0.hasPrefix("  next  ") }
        #expect(next.count == 2 && next[0] == next[1], "\(later)")
        let fourth = try await machine.answers(
            nil, log: "followed",
            to: """
                cat /etc/image-version /srv/note
                ls /etc/issue 2> /dev/null
                docker btrfs diff | grep -E '/srv/note|/etc/issue'
                """)
        #expect(fourth.text == "4\nadopted\n")
    }

    @Test func `three boots later that were not good the image before is booted, with the modules of the kernel that runs`() async throws {
        try await output(of: Lab.command("article", []))
        try await Machine.with(copyOf: "\(Lab.folder)/article.img") { machine in
            try await output(of: Lab.command("article", ["loader", machine.disk, "systemd-boot"]))
            try await machine.setUp()
            try await machine.companion("deploy desktop")
            #expect(try await machine.answers(nil, log: "good", to: Self.questions).text == Self.expected("1", kernel: "6.1"))

            try await machine.change(
                docker: true,
                """
                docker build --network none --quiet --tag desktop - << 'END'
                FROM desktop:next
                RUN cp --remove-destination /bin/false /usr/lib/systemd/systemd
                END
                """)
            try await machine.companion("deploy desktop")
            for number in 1...3 {
                let boot = machine.command(["--uefi"], log: "bad \(number)")
                try await output(of: boot.command)
                #expect(try Console(log: boot.log).text.contains("Attempted to kill init"))
            }
            let later = try await machine.answers(nil, log: "later", to: Self.questions)
            #expect(later.text == Self.expected("1", kernel: "6.12"))
            #expect(later.report?.notes.contains { $0.hasPrefix("none of the last 3 boots of image 'desktop'") } == true)
            #expect(try await machine.companion("status").contains("3 tries, none good"))

            // Their entry is still there, and the image that was good has its own again.
            try await machine.companion("rollback")
            if !isNightly { return }
            #expect(try await machine.answers(nil, log: "back", to: Self.questions).text == Self.expected("1", kernel: "6.1"))
        }
    }

    private static let questions = """
        cat /etc/image-version /etc/hostname
        uname -r | cut -d. -f 1-2
        modprobe loop && grep -o '^loop ' /proc/modules
        systemctl is-active docker-btrfs-good.service docker-btrfs-users.service
        id ann
        cat /home/ann/work
        findmnt -n -o OPTIONS / | tr , '\\n' | grep -x -e noatime -e compress=.*
        """

    private static func expected(_ version: String, kernel: String) -> String {
        """
        \(version)
        desk
        \(kernel)
        loop\u{20}
        active
        active
        uid=1000(ann) gid=1000(ann) groups=1000(ann),27(sudo)
        of years
        noatime
        compress=zstd:2

        """
    }
}

extension Machine {
    /// What a person does once; and that the root runs what is on the disk `script`.
    @discardableResult
    func setUp() async throws -> String {
        try await change(
            """
            echo "UUID=$(blkid -c /dev/null -o value -s UUID "$(findmnt -n -o SOURCE -T . | sed 's/\\[.*//')") / btrfs noatime,compress=zstd:2,subvol=@ 0 0" \\
                >> system/etc/fstab
            """)
        let told = try await companion("setup --data /home --options 'console=ttyS0 panic=-1 no_timer_check mitigations=off'")
        try await change(
            """
            cd boot_docker
            mkdir -p etc/udev/rules.d
            echo 'SUBSYSTEM=="block", ENV{ID_SERIAL}=="script", TAG+="systemd", ENV{SYSTEMD_WANTS}="script.service"' \\
                > etc/udev/rules.d/90-script.rules
            printf '%s\\n' '[Service]' Type=exec 'ExecStart=/bin/sh /dev/disk/by-id/virtio-script' StandardOutput=file:/dev/ttyS1 \\
                StandardError=inherit > etc/systemd/system/script.service
            """)
        return told
    }

    /// Runs the companion on the machine before it is booted.
    @discardableResult
    fileprivate func companion(_ words: String) async throws -> String {
        let place = words.hasPrefix("setup") ? "" : "--top-level \"$TOP\""
        let command = "'\(Repository.companion)' \(words) \(place)"
        return try await change("'\(Repository.path("Tests/Lab/article"))' on-machine '\(disk)' \(command)")
    }
}
