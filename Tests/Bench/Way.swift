internal import Foundation
internal import TestSupport

/// A way to make a root.
enum Way: String, CaseIterable {
    case ours = "docker-btrfs-init"
    case predecessor
    case careful

    /// The root's name: `subvol=`.
    var root: String { "root-\(self)" }
}

/// Where the contestants work, and with what.
struct Workplace {
    let disk: BenchDisk
    /// The directory they start in.
    let folder: String
    let program: String

    /// The scripts find BusyBox's programs here, as in an initramfs, beside jq, btrfs and GNU's cp.
    private var programs: String { "\(folder)/programs" }
    private var report: String { "\(folder)/report.json" }

    /// What a machine's boot runs.
    func boot(_ way: Way, _ situation: Situation) throws -> Command {
        if way == .ours {
            // Written over: it is mounted at /proc/cmdline.
            try Data("\(line(situation))\n".utf8).write(to: URL(filePath: commandLine))
            return Command(arguments: [program, "--report", report], folder: folder)
        }
        let script = Repository.path("Tests/Bench/\(way.rawValue)")
        return Command(
            arguments: [
                "\(programs)/sh", script, disk.device, way.root, situation.store.path, "bench", situation.tag, situation.topLayer.path,
            ],
            folder: folder, environment: ["PATH": programs]
        )
    }

    /// Our program where no root is mounted after it: then it leaves nothing mounted.
    func command(_ situation: Situation) -> Command {
        Command(arguments: [program, "--cmdline", line(situation), "--report", report], folder: folder)
    }

    /// What a boot ends with.
    func mount(_ way: Way) -> Command {
        Command(arguments: ["mount", "-t", "btrfs", "-o", "rw,subvol=\(way.root)", disk.device, disk.mountPoint], folder: folder)
    }

    private var commandLine: String { "\(folder)/cmdline" }

    private func line(_ situation: Situation) -> String {
        "root=\(disk.device) rootflags=subvol=\(Way.ours.root) rw docker_path=\(situation.store.path) docker_image=bench:\(situation.tag) "
            + "toplayer=\(disk.device) toplayer_path=\(situation.topLayer.path) docker_onfail=stop"
    }

    func prepare() async throws {
        for folder in [disk.mountPoint, programs] {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        }
        try Data().write(to: URL(filePath: commandLine))
        try await output(of: ["mount", "--bind", commandLine, "/proc/cmdline"])
        try await output(of: ["busybox", "--install", "-s", programs])
        for (name, program) in [("jq", "jq"), ("btrfs", "btrfs"), ("gnu-cp", "cp")] {
            let path = try await output(of: ["bash", "-c", "realpath \"$(type -P \"$1\")\"", "bash", program])
            try FileManager.default.createSymbolicLink(
                atPath: "\(programs)/\(name)", withDestinationPath: path.trimmingCharacters(in: .newlines)
            )
        }
    }

    /// Brings all programs back into memory, where they are in an initramfs.
    func readPrograms() async throws {
        let script = #"""
            cat "$1" "$2"/{sh,jq,btrfs,gnu-cp} $(ldd "$2"/{sh,jq,btrfs,gnu-cp} | grep -o '/[^ )]*') > /dev/null 2>&1
            PATH=$2
            for run in 'sh -c :' 'jq -n 1' 'btrfs --version' 'gnu-cp --version' "$1 --version"; do $run > /dev/null; done
            """#
        _ = try await run(["bash", "-c", script, "bash", program, programs])
    }

    /// The steps of the program's last boot and their microseconds.
    func steps() throws -> [(name: String, microseconds: Double)] {
        struct Report: Decodable {
            struct Step: Decodable {
                let step: String
                let microseconds: Double
            }
            let steps: [Step]
        }
        let report = try JSONDecoder().decode(Report.self, from: Data(contentsOf: URL(filePath: report)))
        return report.steps.map { step in
            // Without the paths.
            (step.step.range(of: " '").map { String(step.step[..<$0.lowerBound]) } ?? step.step, step.microseconds)
        }
    }
}
