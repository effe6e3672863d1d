import Foundation
import TestSupport
import Testing

/// A disk with an image that nothing boots: a shell, and what it tries to get out with.
struct Enterable {
    let disk: Disk

    /// The image `tools`, which is called `second` too, in a store of Docker's btrfs driver unless another one is named, and a top layer.
    static func with(driver: String = "btrfs", _ body: (Enterable) async throws -> Void) async throws {
        try await Disk.with(["mkfs.btrfs", "-q"], size: "1G") { disk in
            try await output(of: ["clang", "-static", "-O1", "-o", "\(disk.folder)/escapes", Repository.path("Tests/Lab/escapes.c")])
            try await disk.detach()
            let lab = Repository.path("Tests/Lab/with-store")
            try await output(
                of: [lab, disk.file, "--docker=\(driver)", "bash", "-euo", "pipefail", "-c", image, "bash", "\(disk.folder)/escapes"])
            let machine = Enterable(disk: try await disk.attached())
            let setup = "setup --top-level . --data-root \(driver) --root '\(disk.folder)/system' --loader print --options quiet"
            try await output(of: ["bash", "-euc", "mkdir -p '\(disk.folder)/system/etc'; echo desk > '\(disk.folder)/system/etc/hostname'"])
            try await machine.disk.change("'\(Repository.companion)' \(setup); echo top > boot_docker/etc/motd")
            try await body(machine)
        }
    }

    /// Programs of this machine, with the libraries that they name; devices that nobody may open.
    private static let image = """
        image=$(mktemp -d); trap 'rm -rf "$image"' EXIT; chmod 755 "$image"
        mkdir -p "$image"/{bin,sbin,etc,srv/nodes,root,home/some,mnt,lib,lib64,usr/lib}
        for program in busybox btrfs setfattr getfattr; do cp "$(type -P "$program")" "$image/bin"; done
        for library in $(ldd "$image"/bin/* | grep -o '/[^ ]*lib[^ ]*' | grep -v ':$' | sort -u); do
            cp --parents --dereference "$library" "$image"
        done
        cp "$1" "$image/bin/escapes"
        for applet in sh ls cat cut sort chown mv ln id mount stat ps hostname sleep kill touch mkdir rm sha256sum true head wc cp grep tr; do
            ln -s busybox "$image/bin/$applet"
        done
        ln -s ../bin/busybox "$image/sbin/init"; printf 'ID=tools\\n' > "$image/etc/os-release"; printf 'image\\n' > "$image/etc/motd"
        printf 'root:x:0:0::/root:/bin/sh\\nsome:x:1234:1235::/home/some:/bin/sh\\n' > "$image/etc/passwd"
        printf 'root:x:0:\\nsome:x:1235:\\nmore:x:1236:some\\n' > "$image/etc/group"
        cp "$image/bin/busybox" "$image/bin/su"; chmod 4755 "$image/bin/su"
        mknod "$image/srv/nodes/disk" b 7 0; mknod "$image/srv/nodes/mem" c 1 1; mknod "$image/srv/nodes/kmsg" c 1 11
        mknod "$image/srv/nodes/console" c 5 1; mknod "$image/srv/nodes/null" c 1 3
        tar --create --xattrs --directory "$image" . | docker import - tools
        docker tag tools second
        """

    /// The shell's line that enters.
    func command(_ words: String) -> String { "'\(Repository.companion)' enter --top-level . \(words)" }

    /// What is written to standard output; the status must be 0.
    @discardableResult
    func enter(_ words: String) async throws -> String { try await disk.change(command(words)) }

    /// All there is of subvolumes, and what enter keeps.
    func left() async throws -> String {
        try await disk.look("btrfs subvolume list . | cut -d ' ' -f 9-; find .docker-btrfs/enter -mindepth 1 | sort")
    }

    /// All that can be told of the image.
    func imageListing() async throws -> String {
        try await disk.look("\(SmallImage.listing); cd btrfs/btrfs/subvolumes/*; listing")
    }
}
