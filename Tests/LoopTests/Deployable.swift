import Foundation
import TestSupport
import Testing

/// A disk with images that have kernels, and a boot loader beside it.
struct Deployable {
    let disk: Disk
    /// Where the boot loader's partition is.
    let boot: String
    let setup: String
    /// By their names, where the lab made them.
    let images: [String: Store.Image]

    /// Runs `body` with a disk that has the store `dataRoot`, once that was set up.
    static func with(
        _ disk: Disk, dataRoot: String, images: [String: Store.Image] = [:], setup more: String = "", partition: String? = nil,
        _ body: (Deployable) async throws -> Void
    ) async throws {
        let boot = disk.folder + "/boot"
        let system = disk.folder + "/system"
        let setup = "setup --data-root \(dataRoot) --root \(system) --options quiet --data /srv --init \(Repository.embeddedInit) \(more)"
        let machine = Deployable(disk: disk, boot: boot, setup: setup, images: images)
        let prepare = """
            mkdir -p '\(boot)' '\(system)/etc' '\(system)/srv'
            # rEFInd finds it by that: the disk has no partitions.
            btrfs filesystem label '\(disk.device)' machine
            echo desk > '\(system)/etc/hostname'
            echo 'of years' > '\(system)/srv/work'
            """
        try await output(of: ["bash", "-euc", prepare])
        if let partition {
            // Its source has a UUID, as that of a partition has.
            try await output(of: ["mount", "-t", "tmpfs", "-o", "size=\(partition)", disk.device, boot])
        }
        let result: Result<Void, any Error>
        do {
            try await machine.addLoader()
            try await machine.run(setup)
            try await body(machine)
            result = .success(())
        } catch {
            result = .failure(error)
        }
        if partition != nil { try await output(of: ["umount", boot]) }
        try result.get()
    }

    private func addLoader() async throws {
        let loader = """
            mkdir -p EFI/refind/drivers_x64 loader/entries
            echo 'include docker-btrfs-earlier.conf' > EFI/refind/refind.conf
            echo 'include docker-btrfs.conf' >> EFI/refind/refind.conf
            touch EFI/refind/drivers_x64/btrfs_x64.efi
            [[ '\(setup)' == *systemd-boot* ]] || rm -r loader
            [[ '\(setup)' != *'loader grub'* ]] || {
                mkdir grub
                echo 'load_env; if [ "${next_entry}" ]; then set default="${next_entry}"; fi; source $prefix/custom.cfg' > grub/grub.cfg
                grub-editenv grub/grubenv create
                grub-editenv grub/grubenv set saved_entry=other
            }
            """
        try await output(of: ["bash", "-euc", "cd '\(boot)'; \(loader)"])
    }

    func command(_ words: String) -> String {
        let place = words.hasPrefix("setup") ? "" : "--top-level ."
        let program = words.hasPrefix("deploy") || words.hasPrefix("root keep") ? "--init '\(Repository.embeddedInit)'" : ""
        return "'\(Repository.companion)' \(words) \(place) \(program) --boot '\(boot)'"
    }

    @discardableResult
    func run(_ words: String) async throws -> String { try await disk.change(command(words)) }

    /// What is said on standard error.
    func fails(_ words: String) async throws -> String {
        try await disk.change("! \(command(words)) 2>&1 > /dev/null")
    }

    func menu(_ file: String) throws -> String { try String(contentsOfFile: "\(boot)/EFI/refind/\(file)", encoding: .utf8) }

    /// All files, with their times and contents, but for the lock, which says who had it last.
    func everything() async throws -> String {
        try await disk.look(
            """
            find . '\(boot)' -not -path './docker/*' -not -path ./.docker-btrfs \\
                -printf '%p %y %m %U:%G %s %T@ %n %l\\n' | sort
            find '\(boot)' -type f -exec sha256sum {} + | sort
            """)
    }
}
