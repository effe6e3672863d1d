import Foundation
import TestSupport

/// The disks that the tests boot copies of, and what was to be seen on them from the host.
struct Prepared {
    /// The lab's disk: an image on it that was never booted, and a top layer that runs a test's script.
    let disk: String
    /// The same after a boot. The root of that boot has something in it that must not get lost, and so has a foreign subvolume.
    let bootedDisk: String
    /// What `docker image inspect` printed.
    let imageID: String
    let machineID: String

    /// Made once for all tests.
    static func made() async throws -> Prepared { try await making.value }

    /// What this run of the tests leaves is in a folder of its own.
    static let folder = "\(Lab.folder)/guests/\(getpid())"

    /// The initramfs for User-Mode Linux.
    static let initramfs = "\(folder)/initramfs.cpio"
    private static let configuration = Repository.path("docs/examples/debian/docker-btrfs.json")

    private static let making = Task {
        try sweep()
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let disk = "\(folder)/prepared.img"
        let bootedDisk = "\(folder)/booted.img"
        // The lab's scripts lock a disk too while they write to it.
        let copy = #"exec 9< "$1"; flock --shared 9; cp --sparse=always --reflink=auto "$1" "$2""#
        try await output(of: ["bash", "-euc", copy, "bash", "\(Lab.folder)/disk.img", disk])
        try await output(of: Lab.command("plain-initramfs", ["--uml", initramfs, "cp '\(configuration)' etc"]))
        try await Lab.change(disk, docker: true, modules)
        let imageID = try await Lab.change(disk, docker: true, image(version: "1")).trimmingCharacters(in: .newlines)
        let machineID = try await Lab.change(disk, topLayer).trimmingCharacters(in: .newlines)
        try await output(of: ["cp", "--sparse=always", "--reflink=auto", disk, bootedDisk])
        try await Lab.change(bootedDisk, boot)
        return Prepared(disk: disk, bootedDisk: bootedDisk, imageID: imageID, machineID: machineID)
    }

    /// Takes away what tests left that were killed.
    private static func sweep() throws {
        let guests = "\(Lab.folder)/guests"
        guard FileManager.default.fileExists(atPath: guests) else { return }
        for name in try FileManager.default.contentsOfDirectory(atPath: guests) {
            guard let process = Int32(name), kill(process, 0) != 0 else { continue }
            try FileManager.default.removeItem(atPath: "\(guests)/\(name)")
        }
    }

    /// A script that gives the image modules for User-Mode Linux too: their lists alone, since what a boot needs is in that kernel.
    private static let modules = """
        mkdir '\(folder)/modules'
        (cd '\(Lab.folder)/tools/usr/lib/uml/modules' && cp --parents */modules.* '\(folder)/modules')
        printf 'FROM sample_image\\nCOPY . /usr/lib/modules/\\n' |
            docker build --network none --quiet --tag sample_image --file - '\(folder)/modules'
        """

    /// A script that builds the image once more, with another file in it, and prints the id by which Docker knows it then.
    static func image(version: String) -> String {
        """
        docker build --network none --quiet --tag sample_image - > /dev/null << END
        FROM sample_image
        RUN echo \(version) > /etc/image-version && echo 'from the image' > /etc/whose
        END
        docker image inspect --format '{{.Id}}' sample_image
        """
    }

    /// A script that adds to the top layer what runs a test's script: the disk `script` starts it, the second serial port gets what
    /// it prints.
    private static let topLayer = """
        cd boot_docker
        mkdir -p etc/udev/rules.d etc/systemd/system
        cat > etc/udev/rules.d/90-script.rules << 'END'
        # As udev's own rules do it for QEMU's disks.
        KERNEL=="ubd*[!0-9]", ATTR{serial}=="?*", ENV{ID_SERIAL}="$attr{serial}", SYMLINK+="disk/by-id/virtio-$env{ID_SERIAL}"
        SUBSYSTEM=="block", ENV{ID_SERIAL}=="script", TAG+="systemd", ENV{SYSTEMD_WANTS}="script.service"
        END
        cat > etc/systemd/system/script.service << END
        [Service]
        Type=exec
        ExecStart=/bin/sh /dev/disk/by-id/virtio-script
        StandardOutput=file:/dev/ttyS1
        StandardError=inherit
        END
        echo 'from the top layer' | tee .dot-file > etc/whose
        cat etc/machine-id
        """

    /// A script that does what the initramfs does at a boot.
    private static let boot = """
        device=$(findmnt --noheadings --output SOURCE --target . --nofsroot)
        '\(Repository.embeddedInit)' --cmdline "root=$device rootflags=subvol=docker_rwlayer docker_path=docker \
        toplayer=$device toplayer_path=boot_docker docker_image=sample_image"
        btrfs subvolume create @
        echo precious | tee docker_rwlayer/precious > @/precious
        """
}

extension Machine {
    /// The options of the lab's script `boot` for another initramfs than the example's.
    var initramfs: [String] { emulator == .userMode ? ["--initrd", Prepared.initramfs] : [] }
}
