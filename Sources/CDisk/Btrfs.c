#define _GNU_SOURCE
#include "CDisk.h"

#include <errno.h>
#include <linux/btrfs.h>
#include <stdio.h>
#include <sys/ioctl.h>

int disk_btrfs_size(int file, unsigned long long *device, unsigned long long *size)
{
    struct btrfs_ioctl_fs_info_args filesystem = {0};
    if (ioctl(file, BTRFS_IOC_FS_INFO, &filesystem) < 0) return -1;
    *device = 0;
    if (filesystem.num_devices != 1) return 0;
    struct btrfs_ioctl_dev_info_args info = {.devid = filesystem.max_id};
    if (ioctl(file, BTRFS_IOC_DEV_INFO, &info) < 0) return -1;
    *device = info.devid;
    *size = info.total_bytes;
    return 0;
}

int disk_btrfs_is_scrubbed(int file)
{
    struct btrfs_ioctl_fs_info_args filesystem = {0};
    if (ioctl(file, BTRFS_IOC_FS_INFO, &filesystem) < 0) return -1;
    struct btrfs_ioctl_scrub_args scrub = {.devid = filesystem.max_id};
    if (ioctl(file, BTRFS_IOC_SCRUB_PROGRESS, &scrub) == 0) return 1;
    return errno == ENOTCONN ? 0 : -1;
}

int disk_btrfs_forget_received(int subvolume)
{
    struct btrfs_ioctl_received_subvol_args nothing = {0};
    return ioctl(subvolume, BTRFS_IOC_SET_RECEIVED_SUBVOL, &nothing);
}

int disk_btrfs_resize(int file, unsigned long long device)
{
    struct btrfs_ioctl_vol_args arguments = {0};
    snprintf(arguments.name, sizeof arguments.name, "%llu:max", device);
    return ioctl(file, BTRFS_IOC_RESIZE, &arguments);
}
