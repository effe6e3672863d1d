import Foundation
import TestSupport

/// A disk with cases on it, and victims: on its top level and on the machine itself.
struct HostileDisk {
    let disk: Disk
    /// The image's layer.
    let image: String
    /// A directory outside the disk.
    let victims: String

    enum Layers {
        /// All cases are in one layer, the usual one.
        case one
        /// Each has its own.
        case many

        func path(_ hostileCase: HostileCase) -> String {
            self == .one ? "boot_docker" : "errors\(hostileCase.place)"
        }
    }

    /// Runs `body` with a disk whose image has the image's sides of `cases`, and whose layers have the other.
    static func with(_ cases: [HostileCase], in layers: Layers, _ body: (HostileDisk) async throws -> Void) async throws {
        try await Disk.withStore { disk, store in
            let id = store.images["sample_image:latest"]?.cacheID ?? ""
            let hostile = HostileDisk(disk: disk, image: "docker/btrfs/subvolumes/\(id)", victims: "\(disk.folder)/victims")
            try await disk.change(hostile.words + hostile.arranging + cases.making(image: hostile.image, in: layers))
            try await body(hostile)
        }
    }

    private var words: String { HostileCase.words(victims: victims) }

    /// Victims of all kinds, beside the store's; `both` is the name of a directory of the image too.
    private let arranging = """
        here=victims
        mkdir -p "$victims" both middle
        for place in "$victims" "$top/victims" "$top/both" "$top/middle"; do
            cd "$place"; old file a/b/c both/file; ln -s file link; ln file name; mkfifo fifo; chmod 4755 a/b/c; setfattr -n user.x -v 1 a
        done

        """

    /// All of the disk that is no root, and the machine's own victims.
    func outside() async throws -> String {
        let machine = "ls -d /victim /victims /middle /hostile* /etc/hostile* 2> /dev/null || true"
        let roots = "docker_rwlayer|.docker-btrfs"
        return try await disk.look(inventoryScript(of: ".", but: roots) + inventoryScript(of: victims) + machine)
    }

    /// What stands in the root at each case's place.
    func ends(of cases: [HostileCase]) async throws -> [String: [String]] {
        let told = try await disk.look(words + cases.looking(in: "docker_rwlayer") + "\n")
        var ends: [String: [String]] = [:]
        for part in told.split(separator: "=== ") {
            let lines = part.split(separator: "\n", omittingEmptySubsequences: false).map { String($0) }
            ends[lines[0]] = lines.dropFirst().dropLast().map { line in
                line.replacing(lines[0], with: "HERE").replacing(victims, with: "VICTIMS").replacing("../../../../../../../..", with: "UP")
            }
        }
        return ends
    }

    /// What a boot told of a case's files that had to go.
    func notes(in outcome: Outcome, of hostileCase: HostileCase) -> [String] {
        let notes = outcome.told.matches(of: /the top layer's (.*) '(.*)' replaced a (.*) of the image/)
        return notes.filter { $0.2.hasPrefix(hostileCase.place + "/") }
            .map { "\($0.2.dropFirst(hostileCase.place.count + 1)): \($0.1) over \($0.3)" }.sorted()
    }
}
