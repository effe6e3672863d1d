import Basics
import Foundation
import TestSupport

/// Judges one state of the disk by what a boot loader finds on it, and by what its entry boots.
struct DeployCheck {
    var reader: DiskReader
    /// The block devices of the disk's partitions.
    let systemDevice: String
    let device: String
    /// The real docker-btrfs-init.
    let program: String
    let companion: String
    /// Their ids, 64 digits.
    let images: [DeployOperation.Image: String]

    struct Found {
        var violations: [String] = []
        /// What the loader boots when nobody chooses, with copies of its kernel and initramfs.
        var entry: FoundEntry?
        var copies: [String] = []
        var image: DeployOperation.Image?
        /// Whether there is an entry of the root that has a name.
        var hasNamedRoot = false
    }

    /// What is wrong with the menu and with what it names.
    func look(_ history: DeployHistory) async throws -> Found {
        guard let loader = history.loader else { return Found() }
        var found = Found()
        let entries: [FoundEntry]
        switch loader {
        case .refind:
            // Where one file is not whole, there is the other one.
            let files = try await [text("EFI/refind/docker-btrfs.conf"), text("EFI/refind/docker-btrfs-earlier.conf")]
            entries = files.flatMap { $0.flatMap { FoundEntry.refind($0) } ?? [] }
        case .systemdBoot:
            var texts: [String] = []
            // Of two with the same version the one with the higher name comes first.
            for name in try await reader.names(in: "/loader/entries").sorted(by: >) where name.hasPrefix("docker-btrfs-") {
                if let text = try await text("loader/entries/\(name)") { texts.append(text) }
            }
            entries = texts.compactMap { FoundEntry.systemdBoot($0) }.sorted { $0.version > $1.version }
        case .grub:
            var all: [FoundEntry] = []
            for name in ["docker-btrfs.cfg", "docker-btrfs-earlier.cfg"] {
                guard let text = try await reader.text("/boot/grub/\(name)", on: .btrfs) else { continue }
                // A file of btrfs is the old one or the new one.
                guard let found = FoundEntry.grub(text) else {
                    return Found(violations: ["'\(name)' is not whole: '\(display(text.utf8.prefix(200)))'"])
                }
                all += found
            }
            entries = all
        }
        let partition: DiskReader.Partition = loader == .systemdBoot ? .system : .btrfs
        for (number, entry) in entries.enumerated().reversed() {
            let (copies, violations) = try await whole(entry, on: partition)
            found.violations += violations
            if number > 0 { continue }
            found.copies = copies
            found.entry = entry
            found.image = images.first { $0.value == entry.image }?.key
        }
        if !history.allowed.contains(found.image) {
            let names = history.allowed.map { $0?.rawValue ?? "nothing" }.joined(separator: " or ")
            found.violations.append("the menu's default is \(found.image?.rawValue ?? "nothing"), and not \(names)")
        }
        found.hasNamedRoot = entries.contains { $0.isNamedRoot }
        if let wanted = history.hasNamedRoot, wanted != found.hasNamedRoot {
            found.violations.append("the menu has \(wanted ? "no" : "an") entry of '\(DeployHistory.named)'")
        }
        return found
    }

    private func text(_ path: String) async throws -> String? { try await reader.text("/" + path, on: .system) }

    /// The files that an entry names, and which of them are not what their names say.
    private func whole(_ entry: FoundEntry, on partition: DiskReader.Partition) async throws -> ([String], [String]) {
        var (copies, violations): ([String], [String]) = ([], [])
        for path in entry.files {
            guard let copy = try await reader.copy(path, on: partition) else {
                violations.append("an entry names '\(path)', which is not there")
                continue
            }
            copies.append(copy)
            let digest = Digest.of([UInt8](try Data(contentsOf: URL(filePath: copy)))).hex
            if !path.hasSuffix("-" + digest.prefix(16)) { violations.append("an entry names '\(path)', which is not whole") }
        }
        return (copies, violations)
    }

    /// What fsck.vfat finds that is worse than what a filesystem without a journal has after each power cut: a mark that it was in
    /// use, room that nobody has, two tables of which one is older, a file that is not finished and has no name of its own, or the one
    /// that the guest itself fills the ESP with: vfat does not flush the disk's cache at `sync`, so its end may be lost long after.
    /// And what is being removed, whose clusters are free on the disk before its name is: the loader may still show such an entry, with
    /// its kernel, which goes only after a sync, or shows none.
    func examineSystemPartition(_ history: DeployHistory) async throws -> [String] {
        let outcome = try await run(["fsck.vfat", "-n", systemDevice])
        let harmless = [
            "fsck.fat ", "Dirty bit is set", " Automatically removing dirty bit", "Reclaimed ", "Free cluster summary wrong",
            "  Auto-correcting", "FATs differ but appear to be intact", "  Using first FAT", "Leaving filesystem unchanged", systemDevice,
        ]
        var file = ""
        var found: [String] = []
        for line in outcome.output.split(separator: "\n") where !harmless.contains(where: { line.hasPrefix($0) }) {
            // What is indented is about the file of the line before.
            if !line.hasPrefix(" ") { file = String(line) }
            if file == "/full" || file.hasSuffix("/.docker-btrfs.new") || isRemoved(file, by: history) && Self.isCutOff(line) { continue }
            found.append("fsck.vfat: \(line)")
        }
        return found
    }

    /// Whether fsck.vfat's line is about a file whose name is there, and not what it has.
    private static func isCutOff(_ line: Substring) -> Bool {
        line.hasPrefix("/") || ["  Contains a free cluster", "  File size is ", "  Truncating file"].contains { line.hasPrefix($0) }
    }

    /// Whether a file is systemd-boot's entry of an image that is not to be in the menu any more, or in the folder of kernels: of these
    /// `look` reads whatever an entry names.
    private func isRemoved(_ file: String, by history: DeployHistory) -> Bool {
        if file == "/docker-btrfs" || file.hasPrefix("/docker-btrfs/") { return true }
        let prefix = "/LOADER/ENTRIES/docker-btrfs-"
        if file.hasPrefix(prefix + "root-") { return !history.staysNamed }
        return file.hasPrefix(prefix) && !history.staying.contains { file == prefix + (images[$0]?.prefix(12) ?? "") + ".conf" }
    }

    /// What is wrong with the root that an entry names: it has to be all that root 1 is, with an ordinary directory in the place of the
    /// subvolume that was nested in that.
    func examineNamedRoot() async throws -> [String] {
        let script = #"""
            mount -t btrfs -o ro,subvolid=5 "$1" "$2"
            cd "$2"
            diff -r --no-dereference docker_rwlayer "$3" >&2
            grep -qx 'of root 1' "$3/work"
            [[ $(stat -c %i "$3/nested") != 2 ]]
            """#
        let outcome = try await run(["unshare", "--mount", "bash", "-euc", script, "bash", device, reader.folder, DeployHistory.named])
        return outcome.status == 0 ? [] : ["'\(DeployHistory.named)' is not whole: \(outcome.errors)"]
    }

    /// Which files of the top layer are not what they are in root 1: a file is there as a whole, or not at all. A draft is no file of a layer.
    func examineTopLayer() async throws -> [String] {
        let script = #"""
            mount -t btrfs -o ro,subvolid=5 "$1" "$2"
            cd "$2"
            [[ -d boot_docker/adopted ]] || exit 0
            # What differs is status 1, what cannot be read 2.
            differences=$(diff -r --exclude '.wh..wh.*' boot_docker/adopted docker_rwlayer/adopted) || (($? == 1))
            grep -v -e '^Only in docker_rwlayer' -e '^$' <<< "$differences" || true
            """#
        let outcome = try await run(["unshare", "--mount", "bash", "-euc", script, "bash", device, reader.folder])
        return outcome.status == 0 && outcome.output.isEmpty ? [] : ["the top layer: \(outcome.output)\(outcome.errors)"]
    }

    /// Runs the command about root 1 once more: it goes well, or says that all is done, and leaves nothing that nothing needs. That
    /// writes to the state.
    func again(_ history: DeployHistory, _ loader: DeployOperation.Loader) async throws -> [String] {
        guard let (words, hasNamedRoot) = history.again else { return [] }
        // The host's kernel need not know FAT. What stands for the ESP has a source with a UUID.
        let script = #"""
            cd "$1"; device=$2 disk=$3 boot=$4 name=$5; shift 5
            rm -rf after; mkdir -p top esp
            mount -t btrfs -o subvolid=5 "$device" top
            mount -t tmpfs "$device" esp
            # One by one: a draft may be cut off, and ends a copy of all.
            mdir -/ -b -i "$disk" :: | while read -r file; do
                if [[ $file == */ ]]; then mkdir -p "esp${file#::}"; else mcopy -n -i "$disk" "$file" "esp${file#::}" || true; fi
            done 2> /dev/null
            records=top/.docker-btrfs/deployments
            [[ ! -e top/$name && ! -e $records/$name.root ]] || echo there
            "$@" --top-level top --boot "$boot" > /dev/null || echo failed
            cp -r esp after
            [[ $* != *' adopt '* ]] || diff -r top/docker_rwlayer/adopted top/boot_docker/adopted 2>&1 || true
            [[ $* == *' root keep '* ]] || ls -d "top/$name" "$records/$name.root" 2> /dev/null || true
            for name in $records/*.new top/.docker-btrfs/boot/* esp/docker-btrfs/*; do
                [[ ! -e $name ]] || grep -qrF "${name##*/}" $records || echo "$name"
            done
            """#
        let outcome = try await run(
            [
                "unshare", "--mount", "bash", "-euc", script, "bash", reader.folder, device, "\(reader.disk)@@1M",
                loader == .grub ? "top/boot" : "esp", DeployHistory.named, companion,
            ] + words + (hasNamedRoot ? ["--init", program] : []))
        var told = outcome.output.split(separator: "\n")
        let isThere = told.first == "there"
        if isThere { told.removeFirst() }
        var later = self
        later.reader.systemFolder = reader.folder + "/after/"
        let after = try await later.look(history)
        var violations = after.violations.map { "after the same once more: \($0)" }
        if told.first == "failed" {
            told.removeFirst()
            let isDone = hasNamedRoot ? after.hasNamedRoot && outcome.errors.contains("is there already") : !isThere
            if !isDone { violations.append("the same once more: \(outcome.errors)") }
        }
        if outcome.status != 0 { violations.append("the same once more ended with status \(outcome.status): \(outcome.errors)") }
        violations += told.map { "the same once more left '\($0)'" }
        if after.hasNamedRoot != hasNamedRoot {
            violations.append("after the same once more the menu has \(hasNamedRoot ? "no" : "an") entry of '\(DeployHistory.named)'")
        }
        return violations + (after.hasNamedRoot ? try await examineNamedRoot() : [])
    }

    /// Boots the entry as far as to the root, and looks whose it is. That writes to the state.
    func boot(_ entry: FoundEntry, _ image: DeployOperation.Image) async throws -> [String] {
        // Nobody else's filesystem has this name at the same time, but for copies of this disk.
        let line = entry.options.replacing(/UUID=[^ ]*/, with: device)
        let outcome = try await run([program, "--cmdline", line])
        if outcome.status != 0 { return ["the boot of \(image) ended with status \(outcome.status): \(outcome.errors)"] }
        let script = #"mount -o ro,subvol=docker_rwlayer "$1" "$2"; cat "$2/etc/image-version""#
        let version = try await output(of: [
            "unshare", "--mount", "bash", "-euc", script, "bash", device, reader.folder,
        ])
        return version == "\(image)\n" ? [] : ["the boot of \(image) made a root of '\(version)'\n\(outcome.errors)"]
    }

    /// Starts the entry's own kernel, as a program of this machine, with its initramfs and its options, on a copy of the disk.
    func start(_ found: Found, lab: String) async throws -> [String] {
        guard let entry = found.entry, let image = found.image, found.copies.count == 2 else { return [] }
        let copy = "\(reader.folder)/booted.img"
        try await output(of: ["cp", "--sparse=always", reader.disk, copy])
        try await output(of: ["chmod", "755", found.copies[0]])
        let outcome = try await run([
            "\(lab)/boot", "--uml", "--kernel", found.copies[0], "--initrd", found.copies[1], "--append", entry.options, "--disk", copy,
            "--until", "image \(image) is up",
        ])
        try FileManager.default.removeItem(atPath: copy)
        return outcome.status == 0 ? [] : ["the kernel of \(image) did not come up: \(outcome.errors)"]
    }
}
