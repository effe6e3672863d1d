#!/bin/sh
# dracut without systemd, pre-mount hook (sourced): makes the new root before dracut mounts it.
# die ends the boot: a failure must not go on to mount the root of an earlier boot.
/usr/bin/docker-btrfs-init || die "docker-btrfs-init failed: no root to boot"
