/* The files of hooks/ and install/, as they are in the repository: the companion writes them and does not have to find them. */
#pragma once

typedef struct {
    const unsigned char *bytes;
    unsigned long count;
} hooks_file;

extern const hooks_file hooks_systemd_booted;
extern const hooks_file hooks_systemd_initrd;
extern const hooks_file hooks_systemd_rules;
extern const hooks_file hooks_mkinitcpio_install;
extern const hooks_file hooks_mkinitcpio_hook;
extern const hooks_file hooks_mkinitcpio_conf;
extern const hooks_file hooks_dracut_install;
extern const hooks_file hooks_dracut_hook;
extern const hooks_file hooks_dracut_conf;
extern const hooks_file hooks_initramfs_tools_install;
extern const hooks_file hooks_initramfs_tools_hook;
extern const hooks_file hooks_machine_users;
extern const hooks_file hooks_machine_users_unit;
extern const hooks_file hooks_machine_host_keys;
extern const hooks_file hooks_machine_update;
extern const hooks_file hooks_machine_update_timer;
extern const hooks_file hooks_machine_grow;
extern const hooks_file hooks_machine_network;
extern const hooks_file hooks_machine_rehearsal;
extern const hooks_file hooks_busybox_boot;
extern const hooks_file hooks_busybox_dhcp;
