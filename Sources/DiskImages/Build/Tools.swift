internal import Basics
internal import Programs

/// The programs of the system that a disk is made by, with the Debian packages that have them.
enum Tools {
    private static let packages = [
        "objcopy": "binutils", "mkfs.vfat": "dosfstools", "mcopy": "mtools", "mkfs.btrfs": "btrfs-progs", "mkfs.ext4": "e2fsprogs",
        "mkfs.xfs": "xfsprogs", "btrfs": "btrfs-progs",
        "qemu-img": "qemu-utils", "grub-mkimage": "grub-common", "openssl": "openssl", "fstrim": "util-linux",
        "qemu-system-x86_64": "qemu-system-x86",
    ]

    /// Fedora and openSUSE have it by its second name.
    static var grubImage: String { first(of: ["grub-mkimage", "grub2-mkimage"], isThere) }

    /// The first, where none is there: that is the one to be told of.
    static func first(of names: [String], _ isThere: (String) -> Bool) -> String { names.first(where: isThere) ?? names[0] }

    /// Fails with all packages that have to be installed. `missingToo` are those of `files` that are not there.
    static func check(
        _ names: [String], also missingToo: [String] = [], of files: String = "the boot loader's files", to what: String = "make the disk"
    ) throws(Failure) {
        let missing = names.filter { !isThere($0) }
        if missing.isEmpty && missingToo.isEmpty { return }
        let packages = Set(missing.compactMap { Self.packages[$0] } + missingToo).sorted()
        let reason = missing.isEmpty ? "\(files) are not there" : "there is no \(missing.joined(separator: ", "))"
        throw Failure("could not \(what): \(reason)", hint: "apt-get install \(packages.joined(separator: " "))")
    }

    static func isThere(_ name: String) -> Bool { hasProgram(name) }

    static let roomHint = "make room, or a larger disk: --size"

    /// Runs one to its end; `what` could not be done where it fails.
    @discardableResult
    static func run(
        _ command: [String], input: [UInt8] = [], to what: String, withoutRoom hint: String = Tools.roomHint
    ) async throws(Failure) -> [UInt8] {
        try Interruption.check()
        guard let outcome = try await runProgram(command, input: input) else {
            throw Failure(
                "could not \(what): there is no program '\(command[0])'", hint: packages[command[0]].map { "apt-get install \($0)" })
        }
        try Interruption.check()
        if outcome.status != 0 {
            let complaint = outcome.complaint
            // mkfs.ext4 has words of its own for it: "Could not allocate block in ext2 filesystem".
            let isFull = complaint.hasSuffix("No space left on device") || complaint.contains("Could not allocate ")
            throw Failure(
                "could not \(what): \(command[0]): \(complaint)",
                hint: isFull ? hint : nil)
        }
        return outcome.output
    }
}
