#include "CLinux.h"

#include <linux/btrfs.h>
#include <linux/btrfs_tree.h>
#include <sys/ioctl.h>

static int device_ioctl(int control, unsigned long request, const char *device)
{
    struct btrfs_ioctl_vol_args arguments = {0};
    if (strlen(device) >= sizeof arguments.name) {
        errno = ENAMETOOLONG;
        return -1;
    }
    strcpy(arguments.name, device);
    return ioctl(control, request, &arguments);
}

int linux_btrfs_scan_device(int control, const char *device) { return device_ioctl(control, BTRFS_IOC_SCAN_DEV, device); }

int linux_btrfs_devices_ready(int control, const char *device)
{
    return device_ioctl(control, BTRFS_IOC_DEVICES_READY, device);
}

_Static_assert(sizeof(linux_btrfs_item) == sizeof(struct btrfs_ioctl_search_header), "the header of an item is as the kernel writes it");

const int linux_btrfs_search_start = sizeof(struct btrfs_ioctl_search_args_v2);

int linux_btrfs_search(
    int file, linux_btrfs_key first, linux_btrfs_key last, unsigned long long since, void *buffer, unsigned long long size)
{
    struct btrfs_ioctl_search_args_v2 *arguments = buffer;
    *arguments = (struct btrfs_ioctl_search_args_v2){
        .key = {
            .min_objectid = first.object, .min_type = first.type, .min_offset = first.offset,
            .max_objectid = last.object, .max_type = last.type, .max_offset = last.offset,
            .min_transid = since, .max_transid = ~0ULL, .nr_items = ~0U,
        },
        .buf_size = size - sizeof *arguments,
    };
    return ioctl(file, BTRFS_IOC_TREE_SEARCH_V2, arguments) == 0 ? (int)arguments->key.nr_items : -1;
}

bool linux_is_same_btrfs(int one, int other)
{
    struct btrfs_ioctl_fs_info_args first = {0}, second = {0};
    return ioctl(one, BTRFS_IOC_FS_INFO, &first) == 0 && ioctl(other, BTRFS_IOC_FS_INFO, &second) == 0
        && memcmp(first.fsid, second.fsid, sizeof first.fsid) == 0;
}

int linux_btrfs_commit(int file) { return ioctl(file, BTRFS_IOC_SYNC); }

int linux_btrfs_send(int subvolume, int file)
{
    struct btrfs_ioctl_send_args arguments = {.send_fd = file};
    return ioctl(subvolume, BTRFS_IOC_SEND, &arguments);
}

int linux_btrfs_lift_limits(int subvolume)
{
    struct btrfs_ioctl_qgroup_limit_args arguments = {
        .lim.flags = BTRFS_QGROUP_LIMIT_MAX_RFER | BTRFS_QGROUP_LIMIT_MAX_EXCL | BTRFS_QGROUP_LIMIT_RSV_RFER | BTRFS_QGROUP_LIMIT_RSV_EXCL,
        .lim.max_rfer = ~0ULL, .lim.max_excl = ~0ULL, .lim.rsv_rfer = ~0ULL, .lim.rsv_excl = ~0ULL,
    };
    if (ioctl(subvolume, BTRFS_IOC_QGROUP_LIMIT, &arguments) == 0)
        return 0;
    /* Quotas are off, or this subvolume has none. */
    return errno == ENOTCONN || errno == ENOENT || errno == EINVAL ? 0 : -1;
}

int linux_btrfs_space(int descriptor, linux_space *found_space)
{
    enum { most = 16 };
    _Alignas(8) char buffer[sizeof(struct btrfs_ioctl_space_args) + most * sizeof(struct btrfs_ioctl_space_info)] = {0};
    struct btrfs_ioctl_space_args *arguments = (struct btrfs_ioctl_space_args *)buffer;
    struct statfs found;
    arguments->space_slots = most;
    if (ioctl(descriptor, BTRFS_IOC_SPACE_INFO, arguments) != 0 || fstatfs(descriptor, &found) != 0)
        return -1;
    unsigned long long data_free = 0, metadata_free = 0, mixed_free = 0, data_used = 0, metadata_used = 0, reserve = 0;
    for (unsigned i = 0; i < most && i < arguments->total_spaces; i++) {
        const struct btrfs_ioctl_space_info *space = &arguments->spaces[i];
        unsigned long long free_bytes = space->total_bytes - space->used_bytes;
        if (space->flags & BTRFS_SPACE_INFO_GLOBAL_RSV) {
            reserve += free_bytes;
            continue;
        }
        /* On small filesystems a chunk may be for both. */
        if (space->flags & BTRFS_BLOCK_GROUP_DATA) {
            data_free += free_bytes;
            if (space->flags & BTRFS_BLOCK_GROUP_METADATA)
                mixed_free += free_bytes;
            data_used += space->used_bytes;
        }
        if (space->flags & BTRFS_BLOCK_GROUP_METADATA) {
            metadata_free += free_bytes;
            metadata_used += space->used_bytes;
        }
    }
    /* statfs counts the free data chunks and what no chunk has taken. */
    unsigned long long available = (unsigned long long)found.f_bavail * found.f_bsize;
    unsigned long long untaken = available > data_free ? available - data_free : 0;
    found_space->data = data_free + untaken;
    found_space->metadata = (metadata_free > reserve ? metadata_free - reserve : 0) + untaken;
    found_space->either = untaken + mixed_free;
    found_space->data_used = data_used;
    found_space->metadata_used = metadata_used;
    return 0;
}
