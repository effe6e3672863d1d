internal import Foundation
internal import TestSupport

/// What is in the initramfs of a machine that starts.
enum Initramfs: String, CaseIterable {
    case ours = "docker-btrfs-init as /init"
    case dracutSystemd = "dracut with systemd"
    case dracutPlain = "dracut without systemd"
    case initramfsTools = "initramfs-tools"

    /// What the lab's boot matrix calls it.
    var file: String {
        switch self {
        case .ours: "init.img"
        case .dracutSystemd: "dracut-systemd.img"
        case .dracutPlain: "dracut-plain.img"
        case .initramfsTools: "initramfs-tools.img"
        }
    }
}

/// Starts of a virtual machine, from the kernel's start to the first process of a root from an image, by the guest's own clock.
/// Kernel, disk, image and kernel command line are the same for all; docker-btrfs-init is in each initramfs.
struct Starts {
    let folder: String
    /// Seconds of each start.
    private(set) var times: [Initramfs: [Double]] = [:]
    /// Bytes of the initramfs.
    private(set) var sizes: [Initramfs: Int] = [:]

    /// The menu entry's, for the lab's disk. The serial console is slow: with `quiet`, it is not what is measured.
    private static let line =
        "root=LABEL=matrix rootflags=subvol=docker_rwlayer rw docker_path=docker docker_image=matrix toplayer=LABEL=matrix "
        + "toplayer_path=boot_docker docker_onfail=stop console=ttyS0 quiet panic=-1"

    private var lab: String { ProcessInfo.processInfo.environment["LAB"] ?? Repository.path(".build/lab") }
    private var disk: String { "\(folder)/start.img" }
    private var result: String { "\(folder)/start.result" }

    /// Starts machines one after the other, that many rounds.
    mutating func run(rounds: Int) async throws {
        progress("starts: kernel, disk and initramfs files")
        try await prepare()
        for round in 0...rounds {
            progress(round == 0 ? "starts: \(Initramfs.allCases.count) contestants" : "starts: round \(round) of \(rounds)")
            for initramfs in Initramfs.allCases {
                let time = try await start(initramfs)
                // The first one reads the files.
                if round > 0 { times[initramfs, default: []].append(time) }
            }
        }
    }

    private mutating func prepare() async throws {
        try await output(of: [Repository.path("Tests/Lab/matrix")])
        for initramfs in Initramfs.allCases {
            sizes[initramfs] = try FileManager.default.attributesOfItem(atPath: path(of: initramfs))[.size] as? Int
        }
        // A root of an earlier boot is there, to be replaced. The top layer brings an init that tells the time.
        try await output(of: ["cp", "--sparse=always", "--reflink=auto", "\(lab)/matrix/booted.img", disk])
        let place = #"install -D -m 755 "$1" "$TOP/boot_docker/sbin/init""#
        try await output(of: [
            Repository.path("Tests/Lab/with-store"), disk, "bash", "-euc", place, "bash", Repository.path("Tests/Bench/guest"),
        ])
    }

    private func path(of initramfs: Initramfs) -> String {
        "\(lab)/initramfs/\(initramfs.file)"
    }

    /// The seconds that the guest tells. It boots a copy of the disk, so that none finds what another one left.
    private func start(_ initramfs: Initramfs) async throws -> Double {
        let copy = "\(disk).copy"
        let log = "\(lab)/logs/bench - \(initramfs.rawValue.replacing("/", with: "")).log"
        try await output(of: ["cp", "--sparse=always", "--reflink=auto", disk, copy])
        let outcome = try await TestSupport.run([
            Repository.path("Tests/Lab/boot"), "--disk", copy, "--kernel", "\(lab)/initramfs/vmlinuz", "--initrd", path(of: initramfs),
            "--append", Self.line, "--log", log, "--timeout", "300", "--", "-serial", "file:\(result)",
        ])
        let told = outcome.status == 0 ? try String(contentsOfFile: result, encoding: .utf8) : ""
        guard let time = Double(told.trimmingCharacters(in: .whitespacesAndNewlines)) else {
            throw BenchError("the machine with \(initramfs.rawValue) did not come up: '\(told)'; see '\(log)'\n\(outcome.errors)")
        }
        return time
    }
}
