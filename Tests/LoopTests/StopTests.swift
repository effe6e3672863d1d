import Foundation
import TestSupport
import Testing

extension OnDisk {
    /// `docker_onfail=stop` in a boot of the machine itself: nothing may be mounted by accident when the shell is left.
    struct StopTests {
        /// Runs the program with its kernel command line in /proc/cmdline.
        private func bootMachine(_ disk: Disk, _ more: String) async throws -> Outcome {
            var command = try disk.bootCommand(disk.line("docker_keep=1 \(more)"))
            try Data(command.remove(at: 2).utf8).write(to: URL(filePath: "\(disk.folder)/cmdline"))
            command.remove(at: 1)
            let script = #"mount --bind "$1" /proc/cmdline; exec timeout 60 "${@:2}""#
            let report = ["--report", "\(disk.folder)/boot.json"]
            return try await run(["unshare", "--mount", "bash", "-euc", script, "bash", "\(disk.folder)/cmdline"] + command + report)
        }

        @Test(arguments: [
            ("true", "docker_image=nope", "could not find image 'nope:latest'"),
            ("true", "toplayer=LABEL=nowhere rootdelay=0", "could not find the device 'LABEL=nowhere' (toplayer=)"),
            ("true", "toplayer_path=nope", "could not find the top layer "),
            ("echo '{' > boot_docker/.docker-btrfs.json", "", "could not read "),
            ("mv docker/image docker/away", "", "could not use "),
            ("rm -r docker/btrfs/subvolumes/*/usr/sbin/init", "", "could not "),
            ("chattr +i docker_rwlayer", "docker_image=nope", "could not find image 'nope:latest'"),
            ("btrfs property set -ts docker_rwlayer ro true", "docker_image=nope", "could not find image 'nope:latest'"),
            ("mkdir -p .docker-btrfs/roots/docker_rwlayer/1", "docker_image=nope", "could not find image 'nope:latest'"),
            ("chattr +i .docker-btrfs/roots/docker_rwlayer", "docker_image=nope", "could not find image 'nope:latest'"),
        ])
        func `where there is no new root, the old one is put away`(making: String, more: String, message: String) async throws {
            try await Disk.withStore { disk, _ in
                try await disk.bootWell()
                try await disk.change("echo work > docker_rwlayer/work; \(making)")
                let outcome = try await bootMachine(disk, more)
                #expect(outcome.status == 1)
                #expect(outcome.told.split(separator: "\n").contains { $0.hasPrefix(message) }, "\(outcome.told)")
                #expect(outcome.told.contains("root 1 ('sample_image:latest') was put away as '/.docker-btrfs/roots/docker_rwlayer/"))
                let look = "ls -d docker_rwlayer 2> /dev/null || cat .docker-btrfs/roots/docker_rwlayer/*/work"
                #expect(try await disk.look(look) == "work\n")
            }
        }
    }
}
