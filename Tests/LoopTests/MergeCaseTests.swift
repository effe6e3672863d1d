import Basics
import CLinux
import Foundation
import Linux
import TestSupport
import Testing

extension Beside {
    /// The corner cases, each beside the kernel's own mount.
    struct MergeCaseTests {
        /// Makes the layers of a case in directories of the disk and returns these, the topmost first.
        private func layers(_ scripts: [String], on disk: MergeDisk, in place: String) async throws -> [String] {
            for (number, script) in scripts.enumerated() {
                try await disk.run("\(MergeCase.words)\nmkdir -p '\(place)/\(number)'; cd '\(place)/\(number)'\n\(script)")
            }
            return scripts.indices.reversed().map { "\(place)/\($0)" }
        }

        private func expectSame(_ cases: [MergeCase]) async throws {
            try await MergeDisk.with { disk in
                for (number, one) in cases.enumerated() {
                    let layers = try await layers(one.layers, on: disk, in: "case \(number)")
                    do {
                        try disk.expectAsMounted(layers, as: "case \(number)/root", "\(one.what): ")
                    } catch {
                        Issue.record("\(one.what): \(error)")
                    }
                }
            }
        }

        @Test func `names and kinds`() async throws { try await expectSame(MergeCase.kinds) }
        @Test func `what hides what`() async throws { try await expectSame(MergeCase.hiding) }
        @Test func `attributes, links and contents`() async throws { try await expectSame(MergeCase.attributes) }
        @Test func `redirects and metacopies`() async throws { try await expectSame(MergeCase.redirects) }

        @Test func `all that a file can have`() async throws {
            let corpus = Corpus.script(Corpus.common + Corpus.ofBtrfs, in: "corpus")
            try await MergeDisk.with { disk in
                let layers = try await layers([corpus, "fill other"], on: disk, in: "layers")
                let mounted = try Inventory(of: disk.mounted(layers)).withoutLabels
                let merged = try Inventory(of: disk.merge(layers, as: "root"))
                #expect(merged.files.count > 2000, "the corpus is there")
                merged.ofOverlay.expectSame(as: mounted.ofOverlay)
                #expect(merged.files.allSatisfy { $0.value["attributes"]?.contains("selinux") == false })
                // An image stays one that can be changed.
                let remove = "rm 'an immutable file' 'a file that only grows'"
                try await disk.run("btrfs subvolume snapshot root writable; cd writable/corpus; \(remove)")
            }
        }

        @Test(arguments: [128, 500]) func `many layers`(count: Int) async throws {
            try await MergeDisk.with { disk in
                let make = """
                    for n in $(seq 0 \(count - 1)); do
                        mkdir -p $n/d/{$n,$((n / 2))}; echo $n > $n/d/file; echo $n > $n/d/$n/own; touch -d @$n $n/d
                        [ $((n % 7)) = 0 ] || mknod $n/gone$((n / 7)) c 0 0
                        echo $n > $n/gone$((n % 11)) 2> /dev/null || true
                    done
                    """
                try await disk.run(make)
                let layers = (0..<count).reversed().map { "\($0)" }
                #expect(try disk.expectAsMounted(layers, as: "root").files.count > count)
            }
        }

        @Test(arguments: [
            (
                "mkdir a; overlay redirect /none/at/all a",
                "'/a': its other part should be '/none/at/all' in a layer below, and is not there"
            ),
            ("mkdir a; overlay redirect none a", "'/a': its other part should be 'none' in a layer below, and is not there"),
            ("mkdir a; overlay redirect /../a a", "'/a': its place in the layers below, '/../a', is none"),
            ("mkdir a; overlay redirect /b//c a", "'/a': its place in the layers below, '/b//c', is none"),
            ("mkdir a; overlay redirect b/c a", "'/a': its place in the layers below, 'b/c', is none"),
            ("mkdir a; overlay redirect . a", "'/a': its place in the layers below, '.', is none"),
            ("mkdir a; overlay redirect / a", "'/a': its place in the layers below, '/', is none"),
            ("mkdir a; overlay redirect '' a", "'/a': its place in the layers below, '', is none"),
            ("mkdir a; overlay opaque x a", "'/a': whiteouts that are files (overlay.whiteout) are not supported"),
            (": > file; overlay whiteout y file", "'/file': whiteouts that are files (overlay.whiteout) are not supported"),
            ("metacopy 5 a", "'/a': its content should be 'a' in a layer below, and is not there"),
            ("metacopy 5 a; overlay redirect /x/y a", "'/a': its content should be '/x/y' in a layer below, and is not there"),
            ("metacopy 5 a; overlay redirect /directory a", "'/a': its content should be '/directory' in a layer below, and is not there"),
            ("metacopy 5 a; overlay redirect whiteout a", "'/a': its content should be 'whiteout' in a layer below, and is not there"),
            ("metacopy 5 a; overlay redirect link a", "'/a': its content should be 'link' in a layer below, and is not there"),
        ])
        func `what a layer owes is an error, and nothing is left`(script: String, message: String) async throws {
            try await MergeDisk.with(size: "128M") { disk in
                let below = "fill file directory/file; ln -s file link; whiteout whiteout"
                let layers = try await layers([below, script], on: disk, in: "layers")
                #expect { try disk.count(layers, as: "root") } throws: { ($0 as? Failure)?.message == message }
                #expect(try await disk.run("ls; btrfs subvolume list .") == "layers\n")
            }
        }

        @Test func `layers whose redirects lead around in circles end`() async throws {
            try await MergeDisk.with(size: "128M") { disk in
                let turn = "mkdir -p a/b b/a; overlay redirect /b/a a/b; overlay redirect /a/b b/a; fill a/b/file b/a/file"
                let layers = try await layers(["fill a/b/x b/a/y", turn, turn, turn, turn], on: disk, in: "layers")
                try disk.expectAsMounted(layers, as: "root")
            }
        }

        @Test func `layers that show a directory at two places, and so twice as much with each layer, are an error`() async throws {
            try await MergeDisk.with(size: "128M") { disk in
                let turn = "mkdir -p r/a r/b; overlay redirect /r r/a; overlay redirect /r r/b"
                let layers = try await layers(["fill r/f"] + Array(repeating: turn, count: 9), on: disk, in: "layers")
                #expect { try disk.count(layers, as: "root") } throws: {
                    ($0 as? Failure)?.message.hasSuffix("its layers show more files than they have") == true
                }
                #expect(try await disk.run("ls") == "layers\n")
            }
        }

        @Test func `directories in one another, more than anybody has, are an error`() async throws {
            try await MergeDisk.with(size: "128M") { disk in
                try await disk.run("mkdir deep; cd deep; perl -e 'for (1..2000) { mkdir q(d); chdir q(d) or die }'")
                #expect { try disk.count(["deep"], as: "root") } throws: {
                    ($0 as? Failure)?.message.hasSuffix("/d/d': there are more than 1500 directories in one another") == true
                }
                #expect(try await disk.run("ls") == "deep\n")
            }
        }

        @Test func `equal files that a store keeps as one are two in the root`() async throws {
            try await MergeDisk.with(size: "128M") { disk in
                let layers = try await layers(["fill a; ln a b", "ln ../0/a c; ln ../0/a d"], on: disk, in: "layers")
                let root = try Inventory(of: disk.merge(layers, as: "root"))
                #expect(root["/a"]?["one file"] == "/a, /b")
                #expect(root["/c"]?["one file"] == "/c, /d")
                #expect(root["/c"]?["names"] == "2")
            }
        }

        @Test func `images that share their layers are merged one after the other`() async throws {
            try await MergeDisk.with(size: "128M") { disk in
                let layers = try await layers(["fill a b/c", "whiteout a; fill b/d", "fill b/e"], on: disk, in: "layers")
                try disk.expectAsMounted(layers, as: "three")
                let two = Array(layers.dropFirst())
                try disk.expectAsMounted(two, as: "two")
                #expect(throws: Failure("File exists")) { try disk.count(two, as: "two") }
                #expect(try await disk.run("ls; btrfs property get two ro") == "layers\nthree\ntwo\nro=true\n")
            }
        }

        @Test func `layers on the same filesystem share their contents, also of other subvolumes and mounts`() async throws {
            try await MergeDisk.with { disk in
                let make = "head -c 5M /dev/urandom > sub/0/a; head -c 5M /dev/urandom > 1/b"
                try await disk.run("btrfs -q subvolume create sub; mkdir sub/0 1; \(make)")
                #expect(try disk.count(["1", "sub/0"], as: "root") == MergeCount(files: 3, bytes: 10 << 20))
                let request = MountRequest(device: disk.disk.device, filesystemType: "btrfs", options: ["subvol=sub"])
                let again = try Directory.mounting(request, label: "")
                let layers = [try disk.directory("1"), try #require(try again.directory(at: "0"))]
                let count = try LayerMerge(of: layers, into: disk.directory("."), as: Array("again".utf8)).run { _ in }
                #expect(count == MergeCount(files: 3, bytes: 10 << 20))
            }
        }

        @Test func `layers on another filesystem are copied, and that is counted`() async throws {
            try await MergeDisk.with { disk in
                try await MergeDisk.with(["mkfs.ext4", "-q", "-b", "4096", "-I", "1024"], size: "256M") { store in
                    let corpus = Corpus.script(Corpus.common, in: "corpus")
                    let below = "truncate -s 1M hole; head -c 4096 /dev/urandom > hole; fill a b/c"
                    let above = "whiteout a; metacopy 4096 hole; chmod 600 hole"
                    let layers = try await layers([corpus, below, above], on: store, in: "layers")
                    let opened = try layers.map { try store.directory($0) }
                    let count = try LayerMerge(of: opened, into: disk.directory("."), as: Array("root".utf8)).run { _ in }
                    #expect(count.copiedBytes > 4096)
                    #expect(count.copiedBytes < count.bytes - 1_000_000, "holes are not")
                    let mounted = try Inventory(of: store.mounted(layers)).withoutLabels.ofOverlay
                    try Inventory(of: disk.directory("root")).ofOverlay.expectSame(as: mounted)
                }
            }
        }
    }
}

extension Inventory {
    /// The label is the store's.
    var withoutLabels: Inventory { withoutAttribute { $0.hasPrefix("security.selinux=") } }
}
