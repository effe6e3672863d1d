import Foundation
import TestSupport
import Testing

extension OnDisk {
    /// Where the top layer meets something of another kind in the image.
    struct SymlinkTests {
        @Test func `a directory goes where the image's symlink leads`() async throws {
            try await Disk.withStore { disk, _ in
                try await disk.bootWell()
                #expect(
                    try await disk.look("cd docker_rwlayer; readlink lib; cat usr/lib/modules/6.1/module.ko; ls usr/lib")
                        == "usr/lib\na module\nmodules\nos-release\n")
            }
        }

        @Test func `what a symlink of the image points to outside stays as it is`() async throws {
            try await Disk.withStore { disk, _ in
                try await disk.bootWell()
                #expect(
                    try await disk.look("head victim victims/*; stat --format '%n %F' docker_rwlayer/etc/{passwd,hostname}") == """
                        ==> victim <==
                        the victim

                        ==> victims/file <==
                        the victim
                        docker_rwlayer/etc/passwd regular file
                        docker_rwlayer/etc/hostname regular file

                        """)
                let machine = ["/victim", "/victims"].filter { FileManager.default.fileExists(atPath: $0) }
                #expect(machine.isEmpty, "nothing was written to the machine's own root")
            }
        }

        @Test func `a directory over a symlink that leads nowhere takes its place`() async throws {
            try await Disk.withStore { disk, _ in
                try await disk.bootWell()
                #expect(
                    try await disk.look("cd docker_rwlayer; stat --format '%n %F' etc/*.d; cat etc/*.d/file") == """
                        etc/absolute.d directory
                        etc/relative.d directory
                        from the top layer
                        from the top layer

                        """)
            }
        }

        @Test func `a file in the place of a directory of the image ends the boot, and the old root stays`() async throws {
            try await Disk.withStore { disk, _ in
                try await disk.change("mkdir -p other/srv; touch other/srv/kept")
                try await disk.bootWell()
                let before = try await disk.files(in: "docker_rwlayer")
                let outcome = try await disk.boot(disk.line("toplayer_path=other"))
                #expect(outcome.status == 1)
                #expect(
                    outcome.told.hasSuffix(
                        """
                        could not copy the top layer '/other' of \(disk.device) over '/.docker-btrfs/roots/docker_rwlayer/new': \
                        '/srv/kept': the image has a directory where the top layer has none

                        """))
                #expect(try await disk.files(in: "docker_rwlayer") == before)
            }
        }
    }
}
