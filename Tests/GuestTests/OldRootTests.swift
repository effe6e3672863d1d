import Foundation
import TestSupport
import Testing

/// What cannot be booted ends in the initramfs's emergency target. The root of an earlier boot is there, and is not booted.
struct OldRootTests {
    private static let boots: [BadBoot] = [
        .noSuchImage,
        BadBoot(
            "no such store", "docker_path=docker", to: "docker_path=var/lib/docker",
            """
            could not find the image store '/var/lib/docker' (docker_path=): there is no such directory
            hint: '/' holds .docker-btrfs, @, boot_docker, docker, docker_rwlayer
            """),
        BadBoot(
            "no device for the top layer", "toplayer=LABEL=linux", to: "toplayer=LABEL=usb rootdelay=2",
            """
            could not find the device 'LABEL=usb' (toplayer=): it was not there after 2 s
            hint: here are /dev/vda2 (btrfs LABEL=linux), /dev/vda1 (vfat LABEL=ESP); one that is slow is waited for with rootwait=30
            """),
        BadBoot(
            "no such top layer", "toplayer_path=boot_docker", to: "toplayer_path=boot_docker/etc/machine",
            """
            could not find the top layer 'LABEL=linux:/boot_docker/etc/machine' (toplayer_path=): there is no such directory
            hint: 'LABEL=linux:/boot_docker/etc' holds fstab, hostname, hosts, issue.d, machine-id, passwd, shadow, systemd, udev, whose
            """),
        BadBoot(
            "the root's name is taken", "subvol=docker_rwlayer", to: "subvol=@",
            """
            could not replace '/@': it is a subvolume that docker-btrfs did not make
            hint: give rootflags=subvol= a name that is not taken, for example @_docker
            """),
    ]

    /// The loop tests have each of them each time.
    @Test(.enabled(if: isNightly), arguments: boots)
    func `a boot that fails stops, says why, and loses nothing`(boot: BadBoot) async throws {
        try await Machine.with(\.bootedDisk) { machine, _ in
            let before = try await machine.belongings()
            let console = try await machine.stops(boot.line(), log: boot.testDescription)
            #expect(console.lastWords(as: boot.message) == boot.message)
            #expect(console.reachedEmergency)
            #expect(!console.startedSystem)
            #expect(try await Set(machine.belongings()).symmetricDifference(before) == [])
        }
    }
}
