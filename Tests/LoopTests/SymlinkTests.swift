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

        @Test func `names of one file that are one place in the root stay one file with its other names`() async throws {
            try await Disk.withStore { disk, _ in
                try await disk.change(
                    """
                    mkdir -p other/lib other/usr/lib other/srv; echo content > other/lib/a; for name in usr/lib/a srv/b srv/c; do ln other/lib/a other/$name; done
                    echo alone > other/lib/alone; ln other/lib/alone other/usr/lib/alone
                    """)
                try await disk.bootWell(disk.line("toplayer_path=other"))
                #expect(
                    try await disk.look("cd docker_rwlayer; cat usr/lib/a srv/b srv/c usr/lib/alone; stat -c %h srv/b usr/lib/alone")
                        == "content\ncontent\ncontent\nalone\n3\n1\n")
            }
        }
    }
}
