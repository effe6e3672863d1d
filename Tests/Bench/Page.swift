internal import Foundation
internal import TestSupport

extension Result {
    /// docs/benchmarks.md
    func page() async throws -> String {
        """
        # Benchmarks

        `make bench` measured this and wrote this page. The machine:

        - \(try await machine())

        Elsewhere a boot takes another time. Only figures of one table are to be compared.

        \(tables)
        ## How it is measured

        A *boot* is the time from the start of a program until the root is mounted: the filesystem is mounted, the image's layer found,
        the old root replaced by a snapshot, and the top layer copied over it; when the program has ended, mount(8) mounts the root. The
        scripts unmount what they mounted, and so the filesystem is mounted again; docker-btrfs-init [leaves it
        open](decisions/0014-open-until-the-root-is-mounted.md) until then.

        - \(Way.ours.rawValue) is the program of the initramfs. Its figures are of a second boot: there is a root to replace.
        - [predecessor](../Tests/Bench/predecessor) is a script of our own that does the same job the way of the hook that this project
          replaces: BusyBox's sh, mount and cp, jq, btrfs, and one look at every layer of the store. That hook has a program of its own for the
          look, for which one awk stands here.
        - [careful](../Tests/Bench/careful) is the better script: it looks the layer up by its chain id, and lets GNU cp share the files'
          contents.

        Every boot is cold: the filesystem was unmounted, all else written and dropped from memory (`drop_caches`), and only the programs
        themselves were read again. What the kernel clears away in the background was waited for. The contestants take turns, so that the
        machine's other work hits all alike. Figures are medians, of \(rounds) boots, and \(longRounds) where the top layer has 20000
        files; a first round is not counted. *Changed* means that one file of the top layer was touched before each boot. The scripts
        take a top layer as it comes, so that their figure is the same in all rows of 20000 files.

        Copies go into a snapshot of the image of 50000 files, which has half of the top layer's 20000 files already, on one mounted filesystem
        with everything in memory; medians of \(longRounds). docker-btrfs-init's time is that of its step. System calls are those
        that one more file costs (1000 files and 10), for docker-btrfs-init with the look at the top layer before the copy.

        A *start* goes from the kernel's start to the first process of the new root, by the guest's own clock (`/proc/uptime`): what
        firmware and boot loader take to read kernel and initramfs is not in it. The machines take turns in QEMU, with the same kernel,
        kernel command line (with `quiet`) and disk, a copy for each start: the image of the [boot matrix](testing.md#the-boot-matrix), a
        few MB large, and the root of an earlier boot to replace. All initramfs are for any machine and compressed with zstd; those of
        dracut and initramfs-tools, which are the matrix's, can unlock LUKS and activate LVM too, ours is that of `docker-btrfs initramfs build`.
        Medians of \(startRounds) starts; a first round is not counted.

        Memory is the peak of the resident set (GNU time): of the largest process, where there are several. The least that it can show is
        what GNU time has itself, 1 to 2 MiB.

        The store is synthetic: made-up images with 20 layers each, all digests right, subvolumes only for the images that are booted.
        Files have 300 to 6000 bytes.

        ## What is weaker

        - The disk is a file behind a loop device: a write to it ends when the machine's own disk has it. What that disk keeps in its own
          memory is not dropped. No disk that turns and no NVMe was measured.
        - QEMU runs without KVM, two processors at most: a start there takes many times as long as a machine's, and what counts most is
          how much code runs, not how long a device takes. Only what stands beside it is to be compared, and no machine's start was measured.
        - The program tells nothing of a wait for a device that comes late, and none is measured.
        - The scripts do not do all of it: they wait for no device, check no digest, keep no old root, and their root is not whole until
          they are through. The predecessor's cp loses attributes and holes besides.
        - Times of other machines' work are in the figures; a median of few boots hides only single ones.

        """
    }

    /// The page with what was measured now in the place of what was measured before, and all else as it was.
    func updated(_ page: String) -> String {
        let mark = "\n## "
        var parts = page.components(separatedBy: mark)
        for (title, table) in sections {
            let place = parts.firstIndex { $0.hasPrefix("\(title)\n") }
            let text = title == Self.goals ? goals(place.map { parts[$0] }, table) : "\(title)\n\n\(table)"
            if let place {
                parts[place] = text
            } else {
                parts.insert(text, at: parts.firstIndex { $0.hasPrefix("How it is measured\n") } ?? parts.count)
            }
        }
        return parts.joined(separator: mark)
    }

    /// The rows of before, but for those about the same.
    private func goals(_ before: String?, _ table: String) -> String {
        var lines = before?.split(separator: "\n", omittingEmptySubsequences: false).map { String($0) } ?? ["Goals", ""]
        while lines.last?.isEmpty == true { lines.removeLast() }
        for row in table.split(separator: "\n").map({ String($0) }) {
            let name = row.split(separator: "|").first
            let place = lines.firstIndex { $0.split(separator: "|").first == name }
            if let place { lines[place] = row } else { lines.append(row) }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// What it ran on, without its name.
    private func machine() async throws -> String {
        // What follows the version says who built it.
        let kernel = try await output(of: ["uname", "-sr"]).trimmingCharacters(in: .newlines).prefix { $0 != "-" }
        let processors = ProcessInfo.processInfo.activeProcessorCount
        let memory = ProcessInfo.processInfo.physicalMemory >> 30
        let model =
            try String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8).split(separator: "\n")
            .first { $0.hasPrefix("model name") }?.split(separator: ":").last.map { " (\($0.trimmingCharacters(in: .whitespaces)))" } ?? ""
        return "\(kernel) with \(processors) processors\(model) and \(memory) GiB of memory"
    }
}
