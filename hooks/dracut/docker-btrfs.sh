#!/bin/sh
# dracut without systemd, pre-mount hook (sourced by its init): makes the new root before dracut mounts it.
# Whoever leaves the emergency shell has it tried again: dracut would go on to mount the root of an earlier boot. With rd.shell=0
# there is no shell, and the machine halts or does what rd.emergency= says. dracut 059 asks for that without -f, which only an init
# that was booted can do.
halt() { command halt -f; }
poweroff() { command poweroff -f; }
reboot() { command reboot -f; }

until /usr/bin/docker-btrfs-init; do
    emergency_shell "docker-btrfs-init failed: no root to boot. Leave this shell with 'exit' to try again"
done
