import Foundation
import TestSupport
import Testing

extension Beside {
    /// What a power cut after a pull leaves of an image: the engine's notes, and files that have nothing in them.
    struct LostContentTests {
        @Test(arguments: ["docker-overlay2", "docker-containerd-overlayfs", "podman-overlay"])
        func `an image whose files have lost their content is not deployed, and they are named`(engine: String) async throws {
            // Whoever calls sync(2) meanwhile, as tests beside this one do, has this disk written too.
            for _ in 1...8 where try await isRefusedAfterPowerCut(engine) { return }
            Issue.record("in no power cut a file lost its content")
        }

        /// Whether the power cut took the content of a file: else nothing was tested.
        private func isRefusedAfterPowerCut(_ engine: String) async throws -> Bool {
            try await Disk.with(["mkfs.btrfs", "-q"], size: "512M") { disk in
                try await disk.detach()
                let cut = disk.folder + "/cut.img"
                // The filesystem notes the new names once a second, and writes their content later: as it does by itself, in half a
                // minute. What the backing file has then is what a disk has when the power goes.
                let script = """
                    \(SmallImage.context)
                    mount -o remount,commit=1 "$TOP"
                    start_registry
                    pull_index sample_image "$context" > /dev/null
                    sleep 2.5
                    cp --sparse=always '\(disk.file)' '\(cut)'
                    list
                    """
                let told = try await output(of: [Repository.path("Tests/Lab/with-engine"), disk.file, engine, script])
                let name = try #require(told.split(separator: "\n").last { $0.hasPrefix("127.0.0.1:") }?.split(separator: " ").first)
                try await output(of: ["mv", cut, disk.file])
                let disk = try await disk.attached()
                guard try await disk.look("find . -path '*/usr/bin/bash' -size 0") != "" else { return false }
                let folder = engine.hasPrefix("podman") ? "storage" : "docker"
                try await Deployable.with(disk, dataRoot: folder) { machine in
                    let told = try await machine.fails("deploy \(name)")
                    #expect(told.contains("files lost their content, as after a power cut: "), "\(told)")
                    #expect(told.contains("it is empty and should have "), "\(told)")
                    #expect(try await machine.disk.look("ls .docker-btrfs/layers .docker-btrfs/deployments 2> /dev/null || true") == "")
                    let all = try await machine.disk.change("! \(machine.command("check --content \(name)"))")
                    #expect(all.contains("    /usr/bin/bash: it is empty and should have "), "\(all)")
                }
                return true
            }
        }
    }
}
