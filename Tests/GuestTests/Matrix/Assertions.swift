/// What a guest of the boot matrix asserts, in lines for busybox's shell.
extension Column {
    /// A new root, and nothing else of a disk is mounted.
    static func newRoot(number: Int, _ whose: String) -> String {
        """
        grep ' / btrfs rw,.*,subvol=/docker_rwlayer ' /proc/mounts
        [ "$(grep -c '^/dev/' /proc/mounts)" = 1 ]
        [ "$(cat /etc/image)" = 'from the image' ]
        [ "$(cat /etc/whose)" = '\(whose)' ]
        [ "$(cat /.dot-file)" = '\(whose)' ]
        grep '"image": "matrix",' /run/docker-btrfs/boot.json
        grep '"root_number": \(number),' /run/docker-btrfs/boot.json
        grep '"notes": \\[\\]' /run/docker-btrfs/boot.json
        device=$(grep ' / btrfs ' /proc/mounts | cut -d ' ' -f 1)

        """
    }

    static let rootIsOnSecondDisk = """
        [ "$(cat "/sys/block/${device#/dev/}/serial")" = disk1 ]

        """

    /// docker-btrfs-init began before the device was there.
    static let hadToWait = """
        waited=$(sed -n '/wait for the devices/{n;s/[^0-9]//g;p}' /run/docker-btrfs/boot.json)
        [ "$waited" -gt 1000000 ]

        """

    static let rootIsEncrypted = """
        [ "$(cut -c 1-10 /sys/block/dm-0/dm/uuid)" = CRYPT-LUKS ]
        [ "$(realpath "$device")" = /dev/dm-0 ] || [ "$device" = /dev/mapper/secret ]

        """

    static let rootIsOnVolume = """
        [ "$(cat "/sys/block/dm-$((0x$(stat -L -c %T "$device")))/dm/name")" = matrix-root ]

        """

    /// As the mount of the top layer has it; a directory of the image stays as it is there.
    static let filesAreRootsAlone = """
        [ "$(stat -c '%u:%g %a' /etc/whose)" = '0:0 700' ]
        [ "$(stat -c '%u:%g %a' /etc)" = '0:0 755' ]

        """

    static let rootIsOnTwoDevices = """
        [ "$(echo $(ls /sys/fs/btrfs/*/devices))" = 'vda vdb' ]

        """

    static let rootLacksDevice = """
        [ "$(echo $(ls /sys/fs/btrfs/*/devices))" = vda ]

        """

    static let topLevel = """
        mkdir /tmp/top
        mount -t btrfs -o subvolid=5 "$device" /tmp/top

        """

    static let oldRootIsKept =
        topLevel + """
            for name in precious var/machines/file var/machines/one/file srv/file; do
                [ "$(cat "/tmp/top/.docker-btrfs/roots/docker_rwlayer/1/$name")" = precious ]
                [ ! -e "/$name" ]
            done

            """

    static let ordinaryRoot =
        """
        grep ' / btrfs rw,.*,subvol=/ordinary ' /proc/mounts
        [ "$(cat /etc/whose)" = 'from the ordinary system' ]
        [ ! -e /run/docker-btrfs ]
        device=$(grep ' / btrfs ' /proc/mounts | cut -d ' ' -f 1)

        """ + topLevel + """
            cmp /record /tmp/top/.docker-btrfs/record
            [ "$(cat /tmp/top/docker_rwlayer/precious)" = precious ]
            [ -z "$(ls -A /tmp/top/.docker-btrfs/roots/docker_rwlayer)" ]

            """
}
