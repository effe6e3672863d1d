import TestSupport
import Testing

extension OnDisk {
    struct SeveralDisksTests {
        @Test(arguments: [["mkfs.ext4", "-q"], ["mkfs.btrfs", "-q"]])
        func `the top layer may be on a disk of its own, and the root stays on the root's`(making: [String]) async throws {
            try await Disk.withStore { disk, _ in
                try await Disk.with(making, size: "128M") { machine in
                    try await machine.change(
                        """
                        mkdir -p files/etc files/lib; echo 'another disk' > files/etc/motd; echo deep > files/lib/file
                        ln files/etc/motd files/motd; setfattr --name user.note --value note files/motd
                        truncate --size 8M files/sparse; echo end >> files/sparse
                        """, options: "rw")
                    let bytes = try await machine.bytes()
                    var line = disk.line
                    line.topLayer = machine.device
                    line.topLayerPath = "files"
                    for _ in 1...2 { try await disk.bootWell(line) }
                    let found = try await disk.look(
                        """
                        cd docker_rwlayer; cat etc/motd usr/lib/file; tail --bytes 4 sparse
                        stat --format '%n %h %s' motd sparse; (($(stat --format %b sparse) <= 64)) && echo 'with holes'
                        getfattr --only-values --name user.note etc/motd
                        """)
                    #expect(found == "another disk\ndeep\nend\nmotd 2 13\nsparse 1 8388612\nwith holes\nnote")
                    #expect(try await machine.bytes() == bytes, "the top layer's disk is only read")
                }
            }
        }

        @Test func `the top layer's own flags and type are used`() async throws {
            try await Disk.withStore { disk, _ in
                try await Disk.with(["mkfs.btrfs", "-q"], size: "128M") { machine in
                    try await machine.change(
                        "btrfs subvolume create files; btrfs subvolume create default; btrfs subvolume set-default default"
                            + "; mkdir files/etc; echo mine > files/etc/motd")
                    var line = disk.line.layered(from: machine)
                    line.more = "toplayerflags=subvol=files toplayerfstype=btrfs"
                    try await disk.bootWell(line)
                    #expect(try await disk.look("cat docker_rwlayer/etc/motd") == "mine\n")

                    line.topLayerPath = "files"
                    line.more = "rootdelay=2"
                    try await disk.bootWell(line)
                    #expect(try await disk.look("cat docker_rwlayer/etc/motd") == "mine\n", "from the top level, whatever the default is")

                    line.more = "toplayerfstype=ext4"
                    let outcome = try await disk.boot(line)
                    #expect(outcome.told.hasPrefix("could not mount '\(machine.device)' (toplayer=, ext4): Invalid argument"))
                    line.more = "toplayerflags=nonsense"
                    #expect(
                        try await disk.boot(line)
                            == .failed(
                                """
                                could not use 'nonsense' in toplayerflags=: Invalid argument: btrfs: Unknown parameter 'nonsense'
                                hint: correct it on the kernel command line, or take it out
                                """)
                    )
                }
            }
        }
    }
}
