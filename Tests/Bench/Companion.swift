internal import Foundation
internal import TestSupport

/// What a person types, with 500 images in the store, and a deployment beside cp of the files that it writes.
struct Companion {
    enum Job: String, CaseIterable {
        case images = "docker-btrfs images"
        case plan = "docker-btrfs plan"
        case status = "docker-btrfs status"
        case unchanged = "docker-btrfs deploy, of what is deployed"
        case kernel = "docker-btrfs deploy, of another kernel"
        case cp = "cp of the same files, and sync"
    }

    let disk: BenchDisk
    let folder: String
    /// docker-btrfs, with docker-btrfs-init beside it.
    let program: String
    /// Microseconds of each run.
    private(set) var times: [Job: [Double]] = [:]
    /// Of these, what a processor worked.
    private(set) var work: [Job: [Double]] = [:]
    /// Bytes of a kernel and its initramfs.
    private(set) var size = 0

    static let images = 500
    private var boot: String { "\(folder)/boot" }
    private var store: Store { Store(layers: Self.images * Store.layersOfAnImage, shared: 15) }

    init(on disk: BenchDisk, folder: String, program: String) {
        self.disk = disk
        self.folder = folder
        self.program = program
    }

    mutating func run(rounds: Int) async throws {
        progress("companion: a store of \(Self.images) images")
        try await disk.format()
        try await disk.mounted {
            try await makeImages()
            try await Self.makeBoot(at: boot)
            try await output(of: arguments(["setup", "--loader", "systemd-boot", "--data-root", disk.path(store.path), "--root", folder]))
            try await output(of: deploy(1))
            for round in 0...rounds {
                progress(round == 0 ? "companion: \(Job.allCases.count) jobs" : "companion: round \(round) of \(rounds)")
                for job in Job.allCases {
                    let time = try await measure(job)
                    if round == 0 { continue }
                    times[job, default: []].append(time.duration.microseconds)
                    work[job, default: []].append(time.processor)
                }
            }
            try await output(of: ["umount", boot])
        }
    }

    /// All can be booted. Two have kernels that differ in their last bytes, with what `initramfs build` makes for them.
    private mutating func makeImages() async throws {
        let image = disk.path("image")
        try await disk.subvolume(["create", image])
        var tree = Tree(in: image)
        try BenchDisk.makeBootable(&tree)
        let lab = try LabKernel()
        try await lab.addModules(to: tree)
        size = lab.kernel.count + lab.initramfs.count
        try FileManager.default.createDirectory(atPath: disk.path(store.path), withIntermediateDirectories: true)
        for (number, placed) in try store.write(on: disk.mountPoint, imageFiles: Array(1...Self.images)).enumerated() {
            let place = disk.path(placed.layer)
            try await disk.subvolume(["snapshot", image, place])
            if number > 1 { continue }
            // At the end of the initramfs, a frame of zstd's that is skipped.
            let frame = Data([0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 0, 0, 0, UInt8(number)])
            try lab.addBootFiles(to: place, ending: Data(repeating: UInt8(number), count: 512), frame)
            if number == 1 {
                try Data().write(to: URL(filePath: "\(place)/boot/second"))
                try FileManager.default.createSymbolicLink(atPath: disk.path("second"), withDestinationPath: "\(place)/boot")
            }
        }
    }

    /// The boot loader's partition. The host's kernel need not know FAT: ext4 stands for it.
    static func makeBoot(at boot: String) async throws {
        let script = """
            truncate --size 512M "$1.img"; mkfs.ext4 -q "$1.img"; mkdir "$1"; mount -o loop,noatime "$1.img" "$1"
            mkdir -p "$1/loader/entries" "$1/files"; echo 'timeout 2' > "$1/loader/loader.conf"
            """
        try await output(of: ["bash", "-euc", script, "bash", boot])
    }

    private func arguments(_ words: [String]) -> [String] { [program] + words + ["--top-level", disk.mountPoint, "--boot", boot] }

    private func deploy(_ image: Int) -> [String] { arguments(["deploy", "bench:\(image)"]) }

    private func command(_ arguments: [String]) -> Command { Command(arguments: arguments, folder: folder) }

    private func measure(_ job: Job) async throws -> (duration: Duration, processor: Double) {
        switch job {
        case .images:
            // A deployment mounts the filesystem once more, at which the kernel forgets the names that it knows there.
            let listing = command([program, "images", "--data-root", disk.path(store.path)])
            _ = try listing.measured()
            return try listing.measured()
        case .plan:
            let line = "root=\(disk.device) rootflags=subvol=root docker_path=\(store.path) docker_image=bench:250"
            return try command([program, "plan", "--top-level", disk.mountPoint, "--cmdline", line]).measured()
        case .status: return try command(arguments(["status"])).measured()
        case .unchanged: return try command(deploy(1)).measured()
        case .kernel:
            try await output(of: ["sync"])
            let time = try command(deploy(2)).measured()
            // As it was: not even the layer is held.
            for words in [["rollback"], ["rm", "bench:2"]] { try await output(of: arguments(words)) }
            let holds = #"for hold in "$1"/.docker-btrfs/layers/*; do [[ ! -e $hold/boot/second ]] || btrfs subvolume delete "$hold"; done"#
            try await output(of: ["bash", "-euc", holds, "bash", disk.mountPoint])
            try await disk.waitForCleaner()
            return time
        case .cp:
            try await output(of: ["sync"])
            let files = try LabKernel().names.map { disk.path("second/\($0)") }
            let script = "cp \"$1\" \"$2\" \"$3/files\" && sync --file-system \"$3\""
            let time = try command(["bash", "-c", script, "bash"] + files + [boot]).measured()
            try await output(of: ["bash", "-euc", "rm \"$1\"/files/*; sync", "bash", boot])
            return time
        }
    }
}
