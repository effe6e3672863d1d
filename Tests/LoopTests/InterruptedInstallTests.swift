import TestSupport
import Testing

extension Beside {
    /// A signal while a framework's tool runs: what Ctrl-C sends to all that run at the terminal, and what reaches docker-btrfs alone.
    struct InterruptedInstallTests {
        private let system: DebianSystem

        init() throws { system = try DebianSystem() }

        /// Read by the tool when it begins, and not by docker-btrfs: writes half an initramfs and waits for ever.
        private func stall(_ framework: String) async throws {
            let file = framework == "dracut" ? "/etc/dracut.conf.d/stall.conf" : "/etc/initramfs-tools/conf.d/stall"
            let script = "echo half > \(system.image)\ntouch /building\nsleep 98765\n"
            let text = framework == "dracut" ? "if [[ ${dracutbasedir-} ]]; then\n\(script)fi\n" : script
            try await system.write(text, to: file, mode: "644")
        }

        @Test(arguments: [("initramfs-tools", "TERM", "", 143), ("dracut", "INT", "-", 130), ("dracut", "INT", "", 130)])
        func `the old initramfs is back, and nothing runs on`(framework: String, signal: String, group: String, status: Int) async throws {
            let old = try await system.digest(of: system.image)
            try await stall(framework)
            let script = """
                set -m
                docker-btrfs install --framework "$1" > /log 2>&1 &
                program=$!
                until [[ -e /building ]]; do sleep 0.1; done
                kill -s "$2" -- "$3$program"
                wait $program
                echo "status $?"
                grep --files-with-matches --no-messages --text '[9]8765' /proc/[0-9]*/cmdline
                # update-initramfs leaves a copy of its own, which its next run removes.
                ls -A /boot | grep -E 'initrd|docker-btrfs' | grep -v 'dpkg-bak$'
                tail -n 1 /log
                ls /var/lib/docker-btrfs /usr/bin/docker-btrfs-init 2> /dev/null || true
                """
            let name = system.image.split(separator: "/").last ?? ""
            let number = signal == "INT" ? 2 : 15
            #expect(
                try await system.output("bash", "-c", script, "bash", framework, signal, group) == """
                    status \(status)
                    \(name)
                    Error: signal \(number) interrupted the work; the initramfs from before is back; all other files are as before

                    """)
            #expect(try await system.digest(of: system.image) == old)
        }
    }
}
