import Foundation
import TestSupport

/// docs/boot-matrix.md, which is written when all cells have passed, if BOOT_MATRIX is set.
actor MatrixPage {
    static let current = MatrixPage()

    private var seconds: [Cell: Int] = [:]

    func add(_ cell: Cell, _ seconds: Int) throws {
        self.seconds[cell] = seconds
        guard self.seconds.count == Cell.all.count, ProcessInfo.processInfo.environment["BOOT_MATRIX"] != nil else { return }
        try Data(text.utf8).write(to: URL(filePath: Repository.path("docs/boot-matrix.md")))
    }

    private var text: String {
        let head = ["initramfs"] + Column.allCases.map { $0.title }
        let rows = Row.allCases.map { row in
            [row.title] + Column.allCases.map { seconds[Cell(row: row, column: $0)].map { "✓ \($0) s" } ?? row.lacks($0)! }
        }
        let table = ([head, head.map { _ in "---" }] + rows).map { "| \($0.joined(separator: " | ")) |" }.joined(separator: "\n")
        return Self.introduction + table + Self.notes
    }

    private static let introduction = """
        # The boot matrix

        Each cell is a boot in QEMU, without KVM, on one processor: the system that is booted asserts, and the test reads the one line
        in which it says how that ended. `make boot-matrix` writes this page when all of them have passed; `make test-guest` runs
        a part of them, and `make nightly` the others. The times go from QEMU's start to its end, with what else ran on the host at that time.


        """

    private static let notes = """


        \\* Debian has no mkinitcpio. The `build()` of [our install hook](../install/mkinitcpio/docker-btrfs) is run by
        [mkinitcpio-build](../Tests/Lab/mkinitcpio-build), and the [runtime hook](../hooks/mkinitcpio/docker-btrfs) by
        [mkinitcpio-init](../Tests/Lab/mkinitcpio-init): stand-ins that have the functions of its manual which the hooks call. For the
        systemd initramfs, what `build()` adds goes into one that dracut laid out with systemd's units and without its own scripts.

        **/init** is what `docker-btrfs initramfs build` makes, and **UKI** the same in a unified kernel image, which OVMF starts from an
        ESP. The kernel command line is in it, so each of its cells has an image of its own, built in that time. They unlock no LUKS,
        activate no LVM and resume no system.

        In the two rows of **Debian 13**, kernel, framework and image are Debian 13's (systemd 257, kernel 6.12, dracut 106,
        initramfs-tools 0.148), docker-btrfs-init is Debian 12's, as packaged, and the system is booted up to its multi-user target: no unit of it
        failed. In the other rows frameworks and kernel are Debian 12's, and the image is busybox with a script as its init.

        What each column means:

        - **boots**: the image's root with the top layer over it is mounted at `/`, read-write, and no other filesystem of a disk is.
        - **refuses a wrong image**: `docker_image=` names none, with `docker_onfail=stop`, and there is a root of an earlier boot. It
          is not booted but put away, and the framework says that it has no root. Where it gives a shell, the shell is left, and the
          second try fails in the same way.
        - **no `docker_path`**: the subvolume that `rootflags=` names is booted; roots, record and `/run` are untouched.
        - **two disks**, **top layer on ext4**, **top layer on vfat**: the top layer is on a disk that comes first, with btrfs, ext4 or
          vfat. From vfat, with `toplayerflags=umask=077`, the root has files of root's that nobody else reads; `/etc` stays as the
          image has it.
        - **device that comes late**: the disk of the top layer is plugged in after docker-btrfs-init began to wait for it.
        - **LUKS**: the framework unlocks the root's disk with a key file in the initramfs; the store is on it too.
        - **LVM, top layer on XFS**: the root's filesystem and the top layer's are on two logical volumes. dracut activates them for
          `rd.lvm.vg=`, the others by themselves.
        - **nested subvolumes in the old root**: it is kept with all of them, and the new root has none of their files.
        - **words with spaces**: `toplayer="LABEL=my disk" "toplayer_path=machine files"`.
        - **btrfs on two devices**: the root's filesystem is raid1.
        - **btrfs without one of two devices**: the same, with `degraded` in `rootflags=` and one disk. docker-btrfs-init waits two
          seconds for the other one, as `rootwait=2` says, and goes without.
        - **hibernation**: the booted system hibernates to a swap disk, and the next boot resumes it: it goes on with what it had in
          memory, and nobody wrote to its filesystem. Without `resume=`, docker-btrfs-init refuses the boot and no byte of a disk
          changes; dracut without systemd is not asked, since it resumes then too. With `noresume` a new root is made, and the one that
          hibernated is kept. The time is that of all these boots.

        """
}
