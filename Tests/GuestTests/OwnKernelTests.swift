import TestSupport
import Testing

/// One boot entry for ever: its kernel starts the image's own (`docker_kernel=image`). What it does not start, and what is given up, by night.
struct OwnKernelTests {
    private let line = """
        root=LABEL=linux rootflags=subvol=docker_rwlayer rw docker_path=docker toplayer=LABEL=linux toplayer_path=boot_docker \
        docker_kernel=image console=ttyS0
        """

    private let questions = """
        cat /etc/image-version
        uname -r | cut -d. -f 1-2
        modprobe loop && grep -o '^loop ' /proc/modules
        systemctl is-active docker-btrfs-good.service
        grep -o 'docker_kernel=[a-z]*' /proc/cmdline
        """

    private func expected(_ version: Int, kernel: String, word: String = "image") -> String {
        "\(version)\n\(kernel)\nloop \nactive\ndocker_kernel=\(word)\n"
    }

    @Test func `an image with another kernel boots with it from the old entry, and one that never comes up is given up`() async throws {
        try await output(of: Lab.command("article", []))
        try await Machine.with(copyOf: "\(Lab.folder)/article.img") { machine in
            try await output(of: Lab.command("article", ["loader", machine.disk, "systemd-boot"]))
            try await machine.setUp()
            try await machine.change(docker: true, Self.entry(in: machine.folder))
            let entry = ["--kernel", "\(machine.folder)/vmlinuz", "--initrd", "\(machine.folder)/initrd.img"]

            let first = try await machine.answers(line, entry, log: "1", to: questions)
            #expect(first.text == expected(1, kernel: "6.1"))
            #expect(!first.console.text.contains("load the kernel"), "it is the image's own")

            try await machine.change(docker: true, Self.image("desktop:next", initramfs: "built"))
            if isNightly { try await forbid(on: machine, entry) }

            // As where the initramfs of the image's kernel has no docker-btrfs in it, and writes no report.
            let unreported = """
                mv /run/docker-btrfs/boot.json /run/away; systemctl restart docker-btrfs-good.service
                systemctl is-active docker-btrfs-good.service; mv /run/away /run/docker-btrfs/boot.json

                """
            let second = try await machine.answers(line, entry, log: "2", to: unreported + questions)
            #expect(second.text == "active\n" + expected(2, kernel: "6.12", word: "started"))
            #expect(second.console.text.contains("start the image's kernel"))
            #expect(second.report?.notes.first?.hasSuffix("which was made before this kernel was started (docker_kernel=started)") == true)

            if isNightly { try await giveUp(on: machine, entry) }
        }
    }

    private func forbid(on machine: Machine, _ entry: [String]) async throws {
        let forbidden = try await machine.answers(line + " sysctl.kernel.kexec_load_disabled=1", entry, log: "forbidden", to: questions)
        #expect(forbidden.text == expected(1, kernel: "6.1"))
        let notes = try #require(forbidden.report?.notes)
        #expect(notes.contains("kernel.kexec_load_disabled is set; the running kernel stays (docker_kernel=image)"))
        #expect(notes.contains { $0.contains("; booting root 1 ('desktop') instead, which has them") })
    }

    private func giveUp(on machine: Machine, _ entry: [String]) async throws {
        try await machine.change(docker: true, Self.image("desktop", initramfs: "none"))
        for number in 1...3 {
            let boot = machine.command(["--append", line + Console.ending] + entry, log: "bad \(number)")
            try await output(of: boot.command)
            let console = try Console(log: boot.log).text
            #expect(console.contains("start the image's kernel") && console.contains("Unable to mount root fs"))
        }
        let given = try await machine.answers(line, entry, log: "given up", to: questions)
        #expect(given.text == expected(2, kernel: "6.12", word: "started"))
        #expect(given.console.text.contains("none of the last 3 boots of image 'desktop'"))
        #expect(given.console.text.contains("start the image's kernel"))

        // Without the top layer nobody knows what a new root is to be: the last one, with its kernel.
        let lost = try await machine.answers(line + " toplayer_path=nowhere", entry, log: "lost", to: questions)
        #expect(lost.text == expected(2, kernel: "6.12", word: "started"))
        #expect(lost.console.text.contains("instead, the last one that booted well"))
    }

    /// A function that gives the tree of an image.
    private static let tree = """
        tree() {
            local container
            container=$(docker create "$1" true)
            echo "docker/btrfs/subvolumes/$(cat "docker/image/btrfs/layerdb/mounts/$container/mount-id")"
        }

        """

    /// A script that takes what the entry starts out of an image, as somebody did once.
    private static func entry(in folder: String) -> String {
        """
        \(tree)
        tree=$(tree desktop)
        echo '{"docker_image": "desktop"}' > '\(folder)/image.json'
        cp "$tree"/boot/vmlinuz-* '\(folder)/vmlinuz'
        '\(Repository.companion)' initramfs build --root "$tree" --init '\(Repository.embeddedInit)' --config '\(folder)/image.json' \
            --output '\(folder)/initrd.img'
        docker rm $(docker ps --quiet --all)
        """
    }

    /// A script that builds `desktop` anew, with an initramfs for its kernel: `built`, or one that is none.
    private static func image(_ base: String, initramfs: String) -> String {
        """
        \(tree)
        tree=$(tree \(base))
        release=$(ls "$tree/lib/modules")
        mkdir context
        echo none > "context/initrd.img-$release"
        if [ \(initramfs) = built ]; then
            '\(Repository.companion)' initramfs build --root "$tree" --init '\(Repository.embeddedInit)' --output "context/initrd.img-$release"
        fi
        docker rm $(docker ps --quiet --all)
        printf 'FROM \(base)\\nCOPY initrd.img-* /boot/\\n' | docker build --network none --quiet --tag desktop --file - context
        rm -r context
        """
    }
}
