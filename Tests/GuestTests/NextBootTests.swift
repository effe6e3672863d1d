import Foundation
import Testing

/// Boots of one disk, one after the other.
struct NextBootTests {
    @Test func `each boot is a new root, of the image as it was built last`() async throws {
        try await Machine.with(\.disk, in: .userMode) { machine, prepared in
            try await machine.change(Self.subvolumesInTheRoot)
            let first = try await machine.answers(Lab.menuEntry(), log: "1", to: Self.script)
            #expect(first.text == Self.facts(version: "1", machineID: prepared.machineID))
            #expect(first.report == Self.report(prepared.imageID))

            let second = try await machine.answers(Lab.menuEntry(), log: "2", to: Self.script)
            #expect(second.text == first.text)
            #expect(second.report == first.report)

            let rebuilt = try await machine.change(docker: true, Prepared.image(version: "2")).trimmingCharacters(in: .newlines)
            #expect(rebuilt != prepared.imageID)
            let third = try await machine.answers(Lab.menuEntry(), log: "3", to: Self.script)
            #expect(third.text == Self.facts(version: "2", machineID: prepared.machineID))
            #expect(third.report == Self.report(rebuilt))
            // Docker's layers and older roots apart.
            let subvolumes = try await machine.change(
                "btrfs subvolume list . | cut -d ' ' -f 9- | grep --invert-match '^docker/\\|^.docker-btrfs/'")
            #expect(
                subvolumes == """
                    docker_rwlayer
                    docker_rwlayer/var/lib/machines
                    docker_rwlayer/var/lib/portables

                    """)
        }
    }

    /// systemd-tmpfiles makes such subvolumes at a boot, where the root is one.
    private static let subvolumesInTheRoot = """
        mkdir boot_docker/etc/tmpfiles.d
        printf '%s\\n' 'Q /var/lib/machines' 'v /var/lib/portables' > boot_docker/etc/tmpfiles.d/nested.conf
        """

    private static let script = """
        partition=$(findmnt --noheadings --nofsroot --output SOURCE /)
        disk=$(lsblk --noheadings --output PKNAME "$partition")
        echo "state: $(systemctl is-system-running)$(systemctl --failed --no-legend --plain)"
        echo "root: $(findmnt --noheadings --raw --output FSTYPE,FSROOT,LABEL /)"
        echo "on: $(lsblk --noheadings --nodeps --output SERIAL "/dev/$disk")"
        echo "options: $(findmnt --noheadings --output OPTIONS / | sed 's/subvolid=[0-9]*/subvolid=N/; s/ssd,//')"
        echo "mounted: $(findmnt --real --noheadings --list --output TARGET)"
        echo "image: $(cat /etc/image-version)" $(cat /etc/docker-btrfs.json)
        echo "top layer:" $(cat /etc/whose /.dot-file /etc/hostname)
        echo "machine: $(cat /etc/machine-id)"
        echo "container: $(systemd-detect-virt --container)$(ls -d /.dockerenv 2> /dev/null)"
        echo "in /run: $(ls -A /run/docker-btrfs)"
        echo "left by the last boot:" $(ls /root; ls /var/lib/machines)
        touch /root/dirt && echo "written:" $(ls /root; ls /var/lib/machines)
        echo "subvolumes:" $(btrfs subvolume list -o / | cut -d ' ' -f 9-)
        """

    private static func facts(version: String, machineID: String) -> String {
        """
        state: running
        root: btrfs /docker_rwlayer linux
        on: disk0
        options: rw,noatime,space_cache=v2,subvolid=N,subvol=/docker_rwlayer
        mounted: /
        image: \(version) { "docker_image": "sample_image", "docker_tag": "latest" }
        top layer: from the top layer from the top layer docker-machine
        machine: \(machineID)
        container: none
        in /run: boot.json
        left by the last boot:
        written: dirt
        subvolumes: docker_rwlayer/var/lib/machines docker_rwlayer/var/lib/portables

        """
    }

    private static func report(_ imageID: String) -> Report {
        Report(
            image: "sample_image:latest",
            imageId: imageID,
            root: .init(device: "LABEL=linux", path: "/docker_rwlayer"),
            topLayer: .init(device: "LABEL=linux", path: "/boot_docker")
        )
    }
}
