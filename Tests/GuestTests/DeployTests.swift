import Foundation
import TestSupport
import Testing

/// The article with commands only: setup, docker build, deploy, and the firmware's boot menu.
struct DeployTests {
    /// A boot loader, what `rollback` calls it, and Docker's storage driver: nobody chooses overlay2, it is what Docker takes.
    @Test(arguments: [("refind", "rEFInd", "btrfs"), ("grub", "GRUB", "overlay2"), ("systemd-boot", "systemd-boot", "btrfs")])
    func `an image that knows nothing of docker-btrfs is deployed, boots, is marked good, and is gone back to`(
        loader: String, title: String, driver: String
    ) async throws {
        let other = driver == "btrfs" ? nil : driver
        try await output(of: Lab.command("article", [other].compactMap { $0 }))
        let store = other ?? "docker"
        try await Machine.with(copyOf: "\(Lab.folder)/article\(other.map { "-\($0)" } ?? "").img") { machine in
            try await output(of: Lab.command("article", ["loader", machine.disk, loader]))
            let set = try await machine.companion(
                """
                setup --data-root \(store) --root system --data /home \
                --options 'console=ttyS0 panic=-1 no_timer_check mitigations=off'
                """)
            #expect(set.contains("next: docker build -t NAME DIR && docker-btrfs deploy NAME\n"))
            try await machine.change(Self.scriptRunner)
            let deployed = try await machine.companion("deploy desktop")
            #expect(deployed.contains("\nnext boot: desktop:latest ("))
            #expect(deployed.contains(" layers to '/.docker-btrfs/layers/") == (other != nil))

            let first = try await machine.answers(nil, log: "\(loader) 1", to: Self.questions)
            #expect(first.text == Self.expected("1", kernel: "6.1"))
            #expect(first.report?.image == "desktop" || first.report?.image == "desktop:latest")
            #expect(first.report?.notes == [])
            #expect(try await machine.companion("status").contains("good"))

            // The image has another kernel now. Its store may be gone: what was deployed is enough.
            try await machine.change(docker: true, driver: other, "docker tag desktop:next desktop")
            try await machine.companion("deploy")
            try await machine.change("mv \(store) away")
            let second = try await machine.answers(nil, log: "\(loader) 2", to: Self.questions)
            #expect(second.text == Self.expected("2", kernel: "6.12"))
            try await machine.change("mv away \(store)")

            let back = try await machine.companion("rollback")
            #expect(back.hasPrefix("write the menu of \(title)"))
            let third = try await machine.answers(nil, log: "\(loader) 3", to: Self.questions)
            #expect(third.text == Self.expected("1", kernel: "6.1"))
        }
    }

    @Test func `three boots later that were not good the image before is booted, with the modules of the kernel that runs`() async throws {
        try await output(of: Lab.command("article", []))
        try await Machine.with(copyOf: "\(Lab.folder)/article.img") { machine in
            try await output(of: Lab.command("article", ["loader", machine.disk, "systemd-boot"]))
            try await machine.companion(
                "setup --data-root docker --root system --options 'console=ttyS0 panic=-1 no_timer_check mitigations=off' --data /home")
            try await machine.change(Self.scriptRunner)
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

        """
    }

    /// Runs what is on the disk `script`.
    private static let scriptRunner = """
        cd boot_docker
        mkdir -p etc/udev/rules.d
        echo 'SUBSYSTEM=="block", ENV{ID_SERIAL}=="script", TAG+="systemd", ENV{SYSTEMD_WANTS}="script.service"' > etc/udev/rules.d/90-script.rules
        printf '%s\\n' '[Service]' Type=exec 'ExecStart=/bin/sh /dev/disk/by-id/virtio-script' StandardOutput=file:/dev/ttyS1 \\
            StandardError=inherit > etc/systemd/system/script.service
        """
}

extension Machine {
    /// Runs the companion, which has what is on the ESP beside it.
    @discardableResult
    fileprivate func companion(_ words: String) async throws -> String {
        let article = Repository.path("Tests/Lab/article")
        let place = words.hasPrefix("setup") ? "--init '\(Repository.embeddedInit)'" : "--top-level ."
        let program = words.hasPrefix("deploy") ? "--init '\(Repository.embeddedInit)'" : ""
        let command = "'\(Repository.companion)' \(words) \(place) \(program) --boot"
        return try await change("'\(article)' with-esp '\(disk)' bash -euc \"\(command) \\$ESP\"")
    }
}
