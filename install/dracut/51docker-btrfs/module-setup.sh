#!/bin/bash
# dracut module: docker-btrfs-init, its configuration and the unit or hook that runs it. See docs/install.md.
check() { require_binaries /usr/bin/docker-btrfs-init; }
depends() { echo udev-rules; }
# Not those of the machine that builds the initramfs: the top layer's device may be formatted with any of these.
installkernel() { hostonly='' instmods btrfs ext4 xfs f2fs vfat nls_cp437 nls_ascii nls_iso8859-1 nls_utf8; }
install() {
    inst_multiple -o /usr/bin/docker-btrfs-init /etc/docker-btrfs.json
    # dracut ignores the status of a pre-mount hook that systemd runs: there only the unit stops a boot that failed.
    if dracut_module_included systemd; then
        local units="${systemdsystemunitdir:?}" wanted="$systemdsystemunitdir/sysroot.mount.requires"
        inst_simple "$units/docker-btrfs.service"
        inst_rules "${moddir:?}/65-docker-btrfs.rules"
        mkdir -p "${initdir:?}$wanted"
        ln_r "$units/docker-btrfs.service" "$wanted/docker-btrfs.service"
    else
        inst_hook pre-mount 50 "${moddir:?}/docker-btrfs.sh"
    fi
}
