internal import Foundation
internal import TestSupport

/// What was changed in a root: `docker-btrfs diff` beside find(1), which looks at each file and sees only what was added or written.
struct Differences {
    enum Job: String, CaseIterable {
        case ours = "docker-btrfs diff"
        case find = "find -newer"
    }

    let disk: BenchDisk
    let folder: String
    /// docker-btrfs-init
    let program: String
    let companion: String
    /// Microseconds of each run.
    private(set) var times: [Job: [Double]] = [:]
    /// Of these, what a processor worked.
    private(set) var work: [Job: [Double]] = [:]

    static let files = 200_000
    static let changes = 20
    private let store = Store(layers: Store.layersOfAnImage)
    private var boot: String { "\(folder)/differences" }

    init(on disk: BenchDisk, folder: String, program: String, companion: String) {
        (self.disk, self.folder, self.program, self.companion) = (disk, folder, program, companion)
    }

    mutating func run(rounds: Int) async throws {
        progress("differences: a root of \(Self.files) files")
        try await disk.format()
        try await disk.mounted { try await makeImage() }
        let line =
            "root=\(disk.device) rootflags=subvol=docker_rwlayer rw docker_path=\(store.path) docker_image=bench:\(Self.files) "
            + "toplayer=\(disk.device) toplayer_path=top docker_onfail=stop"
        try await output(of: [program, "--cmdline", line])
        try await disk.mounted { try await change() }
        for round in 0...rounds {
            progress("differences: round \(round) of \(rounds)")
            for job in Job.allCases {
                try await output(of: ["sync"])
                try Data("3\n".utf8).write(to: URL(filePath: "/proc/sys/vm/drop_caches"))
                for program in [companion, "find"] { try await output(of: [program, "--version"]) }
                let time = try await disk.mounted { try command(job).measured() }
                if round == 0 { continue }
                times[job, default: []].append(time.duration.microseconds)
                work[job, default: []].append(time.processor)
            }
        }
    }

    private func makeImage() async throws {
        try FileManager.default.createDirectory(atPath: disk.path("\(store.path)"), withIntermediateDirectories: true)
        let place = try store.write(on: disk.mountPoint, imageFiles: [Self.files])[0].layer
        try await disk.subvolume(["create", disk.path(place)])
        var tree = Tree(in: disk.path(place))
        try BenchDisk.makeBootable(&tree)
        try tree.add(0..<Self.files, of: "of an image", at: Tree.imagePath)
        let script = """
            mkdir -p "$1/EFI/refind/drivers_x64" "$2"; touch "$1/EFI/refind/drivers_x64/btrfs_x64.efi"
            printf 'include docker-btrfs-earlier.conf\\ninclude docker-btrfs.conf\\n' > "$1/EFI/refind/refind.conf"
            """
        try await output(of: ["bash", "-euc", script, "bash", boot, disk.path("top/etc")])
        try await output(
            of: [companion, "setup", "--data-root", disk.path(store.path), "--root", folder, "--top-layer", "top"]
                + options)
    }

    private var options: [String] { ["--top-level", disk.mountPoint, "--boot", boot] }

    /// As a person would, here and there: a third of them find(1) does not see.
    private func change() async throws {
        let script = """
            cd "$1"; touch "$2"; sleep 1.1
            for number in {0..11}; do echo changed >> "usr/share/$((number * 300))/7"; done
            for number in {12..13}; do echo new > "usr/share/$((number * 300))/new"; done
            for number in 1 2; do chmod 600 "usr/share/$number/1"; mv "usr/share/$number/2" "usr/share/$number/two"; rm "usr/share/$number/3"; done
            """
        try await output(of: ["bash", "-euc", script, "bash", disk.path("docker_rwlayer"), disk.path("stamp")])
        let told = try await output(of: command(.ours).arguments)
        let lines = told.split(separator: "\n")
        guard lines.count == Self.changes else { throw BenchError("docker-btrfs diff told of \(lines.count) changes:\n\(told)") }
    }

    private func command(_ job: Job) -> Command {
        switch job {
        case .ours: Command(arguments: [companion, "diff"] + options, folder: folder)
        case .find: Command(arguments: ["find", disk.path("docker_rwlayer"), "-newer", disk.path("stamp")], folder: folder)
        }
    }
}
