import Foundation
import TestSupport
import Testing

/// A disk that `docker-btrfs image` made, which builds its next image itself, and falls back from a bad one.
@Suite(.enabled(if: isNightly))
struct DiskFallbackTests {
    @Test func `an image that a disk built and deployed never comes up: three boots later the good root is back`() async throws {
        try await output(of: Lab.command("article", []))
        try await Machine.with(copyOf: "\(Lab.folder)/article.img") { machine in
            var disk = machine
            disk.disks = ["\(machine.folder)/vm.qcow2"]
            // The lab's machines have no network.
            try await machine.change(
                """
                here='\(machine.folder)'; mkdir -p "$here/layer/etc/docker" "$here"/layer/etc/{udev/rules.d,systemd/system}
                echo '{"storage-driver": "btrfs", "bridge": "none", "iptables": false, "ip6tables": false}' > "$here/layer/etc/docker/daemon.json"
                \(DiskImageTests.scriptFiles)
                '\(Repository.companion)' image desktop:docker --data-root docker --grub '\(Lab.folder)/tools/usr/lib/grub' \\
                    --hostname vm --top-layer "$here/layer" --options 'console=ttyS0 panic=-1 no_timer_check mitigations=off' \\
                    --output '\(disk.disks[0])'
                """)
            let first = try await disk.answers(
                nil, firmware: "--bios", log: "good",
                to: """
                    systemctl start docker 2>&1
                    printf '%s\\n' 'FROM desktop:docker' 'RUN cp --remove-destination /bin/false /usr/lib/systemd/systemd' > /root/Dockerfile
                    docker build --quiet --network none --tag desktop:docker - < /root/Dockerfile | cut -c 1-7
                    docker-btrfs deploy desktop:docker | grep -c '^next boot: desktop:docker '
                    """)
            #expect(first.text == "sha256:\n1\n")
            for number in 1...3 {
                let boot = disk.command(["--bios"], log: "bad \(number)")
                try await output(of: boot.command)
                #expect(try Console(log: boot.log).text.contains("Attempted to kill init"))
            }
            let status = "docker-btrfs status | grep -c 'none of the last 3 boots of desktop:docker '"
            let later = try await disk.answers(nil, firmware: "--bios", log: "later", to: "\(status); cat /etc/image-version")
            #expect(later.text == "1\n1\n")
            #expect(later.report?.imageId == first.report?.imageId)
        }
    }
}
