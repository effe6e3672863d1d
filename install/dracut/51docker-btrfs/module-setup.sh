#!/bin/bash
# dracut module: puts docker-btrfs-init, its configuration and the hook that runs it into an initramfs.
# It does nothing in a boot without docker_path= on the kernel command line.
# Where it expects the files (see ../../install-files): /usr/bin/docker-btrfs-init, docker-btrfs.service among the system's
# systemd units, docker-btrfs.sh beside this file, and, if the image is not named on the command line, /etc/docker-btrfs.json.

check() {
    require_binaries /usr/bin/docker-btrfs-init
}

depends() {
    echo udev-rules
}

installkernel() {
    # hostonly='': the machine that builds the initramfs is not the machine that boots it.
    # The others are what a top layer on a device of its own may be formatted with.
    hostonly='' instmods btrfs ext4 xfs f2fs vfat nls_cp437 nls_ascii nls_iso8859-1
}

install() {
    inst_binary /usr/bin/docker-btrfs-init
    inst_multiple -o /etc/docker-btrfs.json
    # dracut ignores the status of a pre-mount hook that systemd runs: there only the unit stops a boot that failed.
    if dracut_module_included systemd; then
        local units="${systemdsystemunitdir:?}" wanted="$systemdsystemunitdir/sysroot.mount.requires"
        inst_simple "$units/docker-btrfs.service"
        mkdir -p "${initdir:?}$wanted"
        ln_r "$units/docker-btrfs.service" "$wanted/docker-btrfs.service"
    else
        inst_hook pre-mount 50 "${moddir:?}/docker-btrfs.sh"
    fi
}
