internal import Foundation
internal import TestSupport

/// An image that a real Docker has, made a root by us and by Docker's own means, and booted with two of its drivers.
struct Engine {
    enum Job: String, CaseIterable {
        case merge = "merge by docker-btrfs-init, to the disk"
        case export = "`docker export`, into `tar -x`, to the disk"
        case bootOfMerged = "boot, the image in overlay2"
        case bootOfSubvolume = "boot, the image in the btrfs driver"
        case mergeOfDebian = "a Debian: merge by docker-btrfs-init, to the disk"
        case exportOfDebian = "a Debian: `docker export`, into `tar -x`, to the disk"
    }

    let folder: String
    let program: String
    let merger: String
    /// Microseconds of each run.
    private(set) var times: [Job: [Double]] = [:]

    private var context: String { "\(folder)/context" }

    mutating func run(rounds: Int) async throws {
        progress("Docker: an image of \(Merges.layerCount) layers")
        try await makeContext()
        for (driver, boot) in [("overlay2", Job.bootOfMerged), ("btrfs", .bootOfSubvolume)] {
            progress("Docker: with \(driver)")
            let disk = "\(folder)/\(driver).img"
            try await output(of: ["bash", "-euc", #"truncate --size 6G "$1"; mkfs.btrfs --quiet "$1""#, "bash", disk])
            let script = Self.build(context) + (driver == "overlay2" ? Self.turns(of: "bench", rounds, merger) : "")
            let told = try await output(of: [Repository.path("Tests/Lab/with-engine"), disk, "docker-\(driver)", script])
            add(told, merge: .merge, export: .export)
            try await measureBoots(boot, disk, rounds: rounds)
            try FileManager.default.removeItem(atPath: disk)
        }
        try FileManager.default.removeItem(atPath: context)
        try await measureDebian(rounds: rounds)
    }

    /// The image that a desktop is made of in the guests' tests: Debian with a kernel, systemd and Docker, as a Docker that was left
    /// as it is has it.
    private mutating func measureDebian(rounds: Int) async throws {
        progress("Docker: a Debian")
        try await output(of: [Repository.path("Tests/Lab/article"), "overlay2"])
        let disk = "\(folder)/debian.img"
        try await output(of: ["cp", "--sparse=always", Repository.path(".build/lab/article-overlay2.img"), disk])
        let script = Self.turns(of: "desktop:docker", rounds, merger)
        let told = try await output(of: [Repository.path("Tests/Lab/with-store"), disk, "--docker=overlay2", "bash", "-euc", script])
        add(told, merge: .mergeOfDebian, export: .exportOfDebian)
        try FileManager.default.removeItem(atPath: disk)
    }

    private mutating func add(_ told: String, merge: Job, export: Job) {
        for line in told.split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count == 2, let time = Double(words[1]) else { continue }
            times[words[0] == "merge" ? merge : export, default: []].append(time)
        }
    }

    /// A Dockerfile and an archive for each layer.
    private func makeContext() async throws {
        for number in 0..<Merges.layerCount {
            let layer = "\(context)/layer"
            try Merges.makeLayer(number, in: layer)
            if number == 0 {
                var tree = Tree(in: layer)
                try BenchDisk.makeBootable(&tree)
            }
            try await output(of: ["tar", "--create", "--file", "\(context)/\(number).tar", "--directory", layer, "."])
            try FileManager.default.removeItem(atPath: layer)
        }
        let lines = (0..<Merges.layerCount).map { "ADD \($0).tar /\n" }.joined()
        try Data("FROM scratch\n\(lines)".utf8).write(to: URL(filePath: "\(context)/Dockerfile"))
    }

    private mutating func measureBoots(_ job: Job, _ disk: String, rounds: Int) async throws {
        let device = try await output(of: ["losetup", "--find", "--show", disk]).trimmingCharacters(in: .newlines)
        do {
            let line = "root=\(device) rootflags=subvol=root rw docker_path=docker docker_image=bench docker_onfail=stop"
            let boot = Command(arguments: [program, "--cmdline", line], folder: folder)
            // The first boot merges, the second one is the first that replaces a root.
            for round in -1...rounds {
                try await output(of: ["sync"])
                try Data("3\n".utf8).write(to: URL(filePath: "/proc/sys/vm/drop_caches"))
                // In an initramfs it is in memory.
                _ = try Data(contentsOf: URL(filePath: program))
                let time = try boot.duration().microseconds
                if round > 0 { times[job, default: []].append(time) }
            }
        } catch {
            try await output(of: ["losetup", "--detach", device])
            throw error
        }
        try await output(of: ["losetup", "--detach", device])
    }

    private static func build(_ context: String) -> String { "build bench '\(context)' > /dev/null\n" }

    /// Both make a subvolume of the whole image, in turns; what is printed of each: its name and its microseconds.
    private static func turns(of image: String, _ rounds: Int, _ merger: String) -> String {
        #"""
        container=$(docker create '\#(image)' /sbin/init)
        layers=$(docker image inspect --format '{{.GraphDriver.Data.UpperDir}}:{{.GraphDriver.Data.LowerDir}}' '\#(image)')
        IFS=: read -ra layers <<< "${layers//\/mnt\//$TOP/}"
        measure() {
            local name=$1 start
            sync --file-system "$TOP"
            echo 3 > /proc/sys/vm/drop_caches
            start=${EPOCHREALTIME/./}
            "${@:2}"
            sync --file-system "$TOP"
            ((round == 0)) || echo "$name $((${EPOCHREALTIME/./} - start))"
            btrfs subvolume delete "$TOP/made" > /dev/null
            btrfs subvolume sync "$TOP" > /dev/null
        }
        exported() {
            btrfs subvolume create "$TOP/made" > /dev/null
            docker export "$container" | tar --extract --directory "$TOP/made" --xattrs --xattrs-include='*' --acls
        }
        for ((round = 0; round <= \#(rounds); round++)); do
            measure merge '\#(merger)' "$TOP" made "${layers[@]}"
            measure export exported
        done
        """#
    }
}
