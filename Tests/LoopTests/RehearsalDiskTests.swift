import TestSupport
import Testing

extension OnDisk {
    /// A disk of `rehearse` that cannot be made, which says nothing of the image.
    struct RehearsalDiskTests {
        private func rehearse(_ machine: Deployable, in folder: String) -> String {
            let grub = Repository.path(".build/lab/tools/usr/lib/grub")
            let words = "rehearse sample_image --init '\(Repository.embeddedInit)' --grub '\(grub)' --rehearsal-folder '\(folder)'"
            return "\(machine.command(words)) 2>&1 || echo \"status $?\""
        }

        @Test func `a kernel that drives no disk of a virtual machine is no bad one`() async throws {
            try await Deployable.with { machine in
                let told = try await machine.disk.change(rehearse(machine, in: machine.disk.folder))
                let words = "Error: could not rehearse: the kernel 6.1 drives no disk of a virtual machine, which takes "
                #expect(told.contains("\(words)virtio_pci and virtio_blk, or ahci and sd_mod, or nvme\nhint: "), "\(told)")
                #expect(told.hasSuffix("\nstatus 2\n") && !told.contains("bad: "), "\(told)")
            }
        }

        @Test func `the machine's top layer counts for the room that the disk needs`() async throws {
            try await output(of: [Repository.path("Tests/Lab/tools")])
            try await Deployable.with { machine in
                let image = try #require(machine.images["sample_image:latest"])
                let folder = "\(machine.disk.folder)/small"
                let told = try await machine.disk.change(
                    """
                    modules=docker/btrfs/subvolumes/\(image.cacheID)/usr/lib/modules/6.1
                    printf 'kernel/%s.ko\\n' virtio_pci virtio_blk >> $modules/modules.builtin
                    fallocate -l 100M boot_docker/large
                    mkdir '\(folder)'; mount -t tmpfs -o size=160M small '\(folder)'
                    \(rehearse(machine, in: folder))
                    umount '\(folder)'
                    """)
                #expect(told.contains(" MiB are free there, and "), "\(told)")
                #expect(told.hasSuffix("\nstatus 2\n") && !told.contains("make a disk"), "\(told)")
            }
        }
    }
}
