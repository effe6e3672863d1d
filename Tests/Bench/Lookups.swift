internal import Foundation
internal import TestSupport

/// Looking one image up among 500 that real engines took in, down to its layers' folders.
struct Lookups {
    /// As `Tests/Lab/with-engine` calls the engine.
    enum Store: String, CaseIterable {
        case containerd = "containerd-overlayfs"
        case podman = "podman-overlay"

        /// Where it is from the top level, and the file that has the images in it.
        var folder: String { self == .containerd ? "containerd" : "storage" }
        var file: String { self == .containerd ? "io.containerd.metadata.v1.bolt/meta.db" : "overlay-images/images.json" }
        var title: String { self == .containerd ? "containerd's `meta.db` (bbolt)" : "Podman's `images.json`" }
    }

    let folder: String
    /// look-up, which does nothing else.
    let program: String
    /// Microseconds of each run, with all in memory, and after everything was dropped from it.
    private(set) var times: [Store: [Double]] = [:]
    private(set) var coldTimes: [Store: [Double]] = [:]
    /// Of the file that has the images, in bytes.
    private(set) var sizes: [Store: Int] = [:]

    static let images = 500
    private var disk: String { "\(folder)/engines.img" }
    private var mountPoint: String { "\(folder)/engines" }

    mutating func run(rounds: Int) async throws {
        progress("look-ups: \(Self.images) images in the stores of \(Store.allCases.count) engines")
        try await output(of: ["bash", "-euc", #"truncate --size 1G "$1"; mkfs.btrfs -q "$1"; mkdir "$2""#, "bash", disk, mountPoint])
        for (store, script) in [(Store.podman, Self.taken), (.containerd, Self.imported)] {
            try await output(of: [Repository.path("Tests/Lab/with-engine"), disk, store.rawValue, script])
        }
        for round in 0...rounds {
            for store in Store.allCases {
                try await output(of: ["sync"])
                try Data("3\n".utf8).write(to: URL(filePath: "/proc/sys/vm/drop_caches"))
                try await output(of: ["mount", "-o", "loop,ro", disk, mountPoint])
                // In an initramfs it is in memory.
                _ = try Data(contentsOf: URL(filePath: program))
                let cold = try await look(in: store)
                let warm = try await look(in: store)
                let file = "\(mountPoint)/\(store.folder)/\(store.file)"
                sizes[store] = try FileManager.default.attributesOfItem(atPath: file)[.size] as? Int
                try await output(of: ["umount", mountPoint])
                if round == 0 { continue }
                coldTimes[store, default: []].append(cold)
                times[store, default: []].append(warm)
            }
        }
    }

    /// Microseconds, of the process's own clock.
    private func look(in store: Store) async throws -> Double {
        let arguments = ["\(mountPoint)/\(store.folder)", "default", "localhost/bench:\(Self.images / 2)"]
        let told = try await output(of: [program] + arguments)
        guard let nanoseconds = Double(told.dropLast()) else { throw BenchError("\(program): \(told)") }
        return nanoseconds / 1000
    }

    /// Images of one layer, each with a configuration of its own, in an archive as `docker save` makes it.
    private static let taken = #"""
        mkdir "$SCRATCH/one" "$SCRATCH/all"
        printf 'FROM scratch\nCOPY Dockerfile /\n' > "$SCRATCH/one/Dockerfile"
        storage=/tmp/storage podman_build bench "$SCRATCH/one"
        storage=/tmp/storage podman save --quiet --output /tmp/one.tar localhost/bench:latest
        tar --extract --file "$SCRATCH/one.tar" --directory "$SCRATCH/all"
        cd "$SCRATCH/all"
        perl -MDigest::SHA=sha256_hex -we '
            my ($name, $layers) = `cat manifest.json` =~ /"Config":"(.*?)".*"Layers":(\[.*?\])/ or die;
            my $config = `cat $name`;
            my @images;
            for (1 .. shift) {
                my $own = $config =~ s/\{/{"author":"$_",/r;
                my $file = sha256_hex($own) . ".json";
                open my $f, ">", $file or die; print $f $own; close $f;
                push @images, "{\"Config\":\"$file\",\"RepoTags\":[\"localhost/bench:$_\"],\"Layers\":$layers}";
            }
            open my $f, ">", "manifest.json" or die; print $f "[" . join(",", @images) . "]"' \#(images)
        tar --create --file "$TOP/images.tar" *
        podman load --quiet --input /mnt/images.tar
        """#

    private static let imported = "containerd_client images import --local --snapshotter overlayfs /mnt/images.tar"
}
