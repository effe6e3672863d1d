#include "CHooks.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

#define HOOKS_FILE(name) const hooks_file hooks_##name = {name, sizeof name}

static const unsigned char systemd_booted[] = {
#embed "../../hooks/systemd/docker-btrfs-good.service"
};
HOOKS_FILE(systemd_booted);

static const unsigned char systemd_initrd[] = {
#embed "../../hooks/systemd/docker-btrfs.service"
};
HOOKS_FILE(systemd_initrd);

static const unsigned char systemd_rules[] = {
#embed "../../hooks/systemd/65-docker-btrfs.rules"
};
HOOKS_FILE(systemd_rules);

static const unsigned char mkinitcpio_install[] = {
#embed "../../install/mkinitcpio/docker-btrfs"
};
HOOKS_FILE(mkinitcpio_install);

static const unsigned char mkinitcpio_hook[] = {
#embed "../../hooks/mkinitcpio/docker-btrfs"
};
HOOKS_FILE(mkinitcpio_hook);

static const unsigned char mkinitcpio_conf[] = {
#embed "../../install/mkinitcpio/docker-btrfs.conf"
};
HOOKS_FILE(mkinitcpio_conf);

static const unsigned char dracut_install[] = {
#embed "../../install/dracut/51docker-btrfs/module-setup.sh"
};
HOOKS_FILE(dracut_install);

static const unsigned char dracut_hook[] = {
#embed "../../hooks/dracut/docker-btrfs.sh"
};
HOOKS_FILE(dracut_hook);

static const unsigned char dracut_conf[] = {
#embed "../../install/dracut/docker-btrfs.conf"
};
HOOKS_FILE(dracut_conf);

static const unsigned char initramfs_tools_install[] = {
#embed "../../install/initramfs-tools/docker-btrfs"
};
HOOKS_FILE(initramfs_tools_install);

static const unsigned char initramfs_tools_hook[] = {
#embed "../../hooks/initramfs-tools/docker-btrfs"
};
HOOKS_FILE(initramfs_tools_hook);

static const unsigned char machine_users[] = {
#embed "../../hooks/machine/users"
};
HOOKS_FILE(machine_users);

static const unsigned char machine_users_unit[] = {
#embed "../../hooks/machine/docker-btrfs-users.service"
};
HOOKS_FILE(machine_users_unit);

static const unsigned char machine_host_keys[] = {
#embed "../../hooks/machine/docker-btrfs-host-keys.service"
};
HOOKS_FILE(machine_host_keys);

static const unsigned char machine_update[] = {
#embed "../../hooks/machine/docker-btrfs-update.service"
};
HOOKS_FILE(machine_update);

static const unsigned char machine_update_timer[] = {
#embed "../../hooks/machine/docker-btrfs-update.timer"
};
HOOKS_FILE(machine_update_timer);

static const unsigned char machine_grow[] = {
#embed "../../hooks/machine/docker-btrfs-grow.service"
};
HOOKS_FILE(machine_grow);

static const unsigned char machine_network[] = {
#embed "../../hooks/machine/20-wired.network"
};
HOOKS_FILE(machine_network);

static const unsigned char machine_rehearsal[] = {
#embed "../../hooks/machine/rehearsal.conf"
};
HOOKS_FILE(machine_rehearsal);

static const unsigned char busybox_boot[] = {
#embed "../../hooks/busybox/boot"
};
HOOKS_FILE(busybox_boot);

static const unsigned char busybox_dhcp[] = {
#embed "../../hooks/busybox/dhcp"
};
HOOKS_FILE(busybox_dhcp);
