import TestSupport
import Testing

/// A Debian that other engines than the lab's own left in their stores, as most people have them.
struct EngineTests {
    struct Engine: CustomTestStringConvertible, Sendable {
        /// As `Tests/Lab/with-engine` calls it.
        let name: String
        /// On the kernel command line.
        let path: String
        let emulator = isNightly ? Emulator.qemu : .userMode
        /// Whether the image comes from a registry, in an index for several platforms, as most do.
        var isPulled = false

        var testDescription: String { name }
        var isMerged: Bool { !name.hasSuffix("-btrfs") }
    }

    /// Docker's boot in QEMU in `DeployTests`, and each engine's image on loop devices by the loop tests.
    private static let engines = each(
        [
            Engine(name: "docker-overlay2", path: "docker_path=docker"),
            Engine(name: "docker-containerd-overlayfs", path: "docker_path=docker", isPulled: true),
        ],
        byNight: [
            Engine(name: "containerd-btrfs", path: "docker_path=containerd docker_namespace=default"),
            Engine(name: "podman-overlay", path: "docker_path=storage"),
            Engine(name: "containerd-overlayfs", path: "docker_path=containerd docker_namespace=default"),
            Engine(name: "podman-btrfs", path: "docker_path=storage"),
        ])

    @Test(arguments: engines) func `its image boots to a login, with all of its services`(_ engine: Engine) async throws {
        try await Machine.with(\.disk, in: engine.emulator) { machine, _ in
            let told = try await Lab.change(machine.disk, engine: engine.name, Self.build(isPulled: engine.isPulled))
            let name = try #require(told.split(separator: "\n").last?.split(separator: " ").first)
            #expect(name.hasPrefix("127.0.0.1:") == engine.isPulled)
            let line = try "\(Lab.menuEntry()) \(engine.path) docker_image=\(name)"
            let script = Self.questions + (engine.emulator == .userMode ? "" : Self.prompt)
            let answers = try await machine.answers(line, log: engine.name, to: script)
            try Self.expect(answers, told)
            // User-Mode Linux shows none.
            #expect(engine.emulator == .userMode || answers.console.text.contains(" login:"))
            let made = engine.isMerged ? "merge " : "hold the layer "
            #expect(answers.console.told.contains { $0.contains(made) && $0.contains("'/.docker-btrfs/layers/") })
        }
    }

    @Test func `a store on a disk of its own: its image is copied, and boots without being shared with it`() async throws {
        try await Machine.with(\.disk, in: .userMode) { machine, _ in
            let data = "\(machine.folder)/data.img"
            try await output(of: Lab.command("new-disk", [data, "3G", "data"]))
            let layer = try await machine.change("\(Self.layer); tar --create \(Self.whole) --file '\(machine.folder)/root.tar' .")
            #expect(layer.isEmpty)
            let told = try await Lab.change(data, engine: "docker-overlay2", "root='\(machine.folder)/root.tar'\n\(Self.buildOfRoot())")
            var machine = machine
            machine.disks.append(data)
            let line = try "\(Lab.menuEntry()) docker_path=LABEL=data:/docker docker_image=debian_guest"
            let answers = try await machine.answers(line, log: "on another disk", to: Self.questions)
            try Self.expect(answers, told)
            #expect(answers.console.told.contains { $0.contains("copy ") && $0.hasSuffix(" of LABEL=data") })
            #expect(answers.report?.notes.contains { $0.hasSuffix(" were copied, for the root cannot share them with the store") } == true)
        }
    }

    @Test func `where its disk is gone, the machine boots, and no engine begins an empty store`() async throws {
        try await Machine.with(\.disk, in: .userMode) { machine, _ in
            try await machine.change(
                """
                rm -f boot_docker/etc/fstab; mkdir -p '\(machine.folder)/system/etc'
                '\(Repository.companion)' setup --top-level . --data-root docker --root '\(machine.folder)/system' --loader print --kernels btrfs \
                    --options quiet --init '\(Repository.embeddedInit)' > /dev/null
                sed -i 's/^UUID=[^ ]*/UUID=3/; s/nofail/&,x-systemd.device-timeout=2s/' boot_docker/etc/fstab
                cd boot_docker/etc/systemd/system
                mkdir -p multi-user.target.wants; ln -s ../docker.service multi-user.target.wants
                printf '[Service]\\nType=oneshot\\nExecStart=/bin/touch /run/started\\n' > docker.service
                """)
            let script = """
                grep -c required-by=docker.service /etc/fstab
                systemctl is-system-running
                systemctl is-active docker.service
                systemctl show --property Result --property ActiveState local-fs.target
                ls /run/started 2> /dev/null
                """
            let answers = try await machine.answers("\(Lab.menuEntry()) docker_path=docker", log: "without its disk", to: script)
            #expect(answers.text == "2\nrunning\ninactive\nActiveState=active\n", "\(answers.text)")
        }
    }

    private static func expect(_ answers: Answers, _ told: String) throws {
        let id = try #require(told.split(separator: "\n").last?.split(separator: " ").last)
        #expect(answers.text == "of two layers\nno documents\n1\nactive\nrunning\n")
        #expect(answers.report?.imageId == String(id))
    }

    private static let whole = "--xattrs --xattrs-include='*'"
    /// Goes to the files of the lab's image, which its own Docker has.
    private static let layer = "cd \"$('\(Repository.companion)' images --data-root docker | awk '/sample_image/ { print $NF; exit }')\""

    /// Builds the lab's image once more, from its files.
    private static func build(isPulled: Bool) -> String {
        """
        root=$SCRATCH/root.tar
        (cd "$TOP"; \(layer); tar --create \(whole) --file "$root" .)
        \(buildOfRoot(isPulled: isPulled))
        """
    }

    private static func buildOfRoot(isPulled: Bool = false) -> String {
        """
        context=$(mktemp -d -p "$SCRATCH"); trap 'rm -rf "$context"' EXIT
        mv "$root" "$context/root.tar"
        cat > "$context/Dockerfile" << 'END'
        FROM scratch
        ADD root.tar /
        RUN ["/bin/sh", "-ec", "rm -r /usr/share/doc && echo 'of two layers' > /etc/layers"]
        END
        \(isPulled ? "start_registry; pull_index" : "build") debian_guest "$context" > /dev/null
        list | grep debian_guest
        """
    }

    /// Waits until agetty waits for what is typed (read, poll, select): then its prompt is on the console.
    private static let prompt = """

        for second in $(seq 60); do
            pid=$(systemctl show --property MainPID --value serial-getty@ttyS0.service)
            case $(cat "/proc/$pid/syscall") in '0 '* | '7 '* | '23 '* | '270 '* | '271 '*) break ;; esac
            sleep 1
        done 2> /dev/null
        """

    private static let questions = """
        cat /etc/layers
        [ -e /usr/share/doc ] || echo 'no documents'
        cat /etc/image-version
        systemctl is-active getty.target
        systemctl is-system-running
        """
}
