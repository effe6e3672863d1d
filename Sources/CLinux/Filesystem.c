#include "CLinux.h"

#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <sys/ioctl.h>

int linux_clone_file(int destination, int source) { return ioctl(destination, FICLONE, source); }

const int linux_copied_flags =
    FS_NOCOW_FL | FS_NOCOMP_FL | FS_COMPR_FL | FS_NODUMP_FL | FS_NOATIME_FL | FS_SYNC_FL | FS_DIRSYNC_FL;
const int linux_locking_flags = FS_IMMUTABLE_FL | FS_APPEND_FL;
const int linux_inherited_flags = FS_NOCOW_FL | FS_NOCOMP_FL | FS_COMPR_FL;

int linux_get_flags(int descriptor, int *flags) { return ioctl(descriptor, FS_IOC_GETFLAGS, flags); }

int linux_set_flags(int descriptor, int flags) { return ioctl(descriptor, FS_IOC_SETFLAGS, &flags); }

long long linux_own_bytes(int file)
{
    enum { extents = 128 };
    _Alignas(struct fiemap) char memory[sizeof(struct fiemap) + extents * sizeof(struct fiemap_extent)];
    struct fiemap *map = (struct fiemap *)memory;
    long long sum = 0;
    unsigned long long start = 0;
    for (;;) {
        *map = (struct fiemap){
            .fm_start = start, .fm_length = ~0ULL - start, .fm_flags = FIEMAP_FLAG_SYNC, .fm_extent_count = extents};
        if (ioctl(file, FS_IOC_FIEMAP, map) != 0)
            return -1;
        if (map->fm_mapped_extents == 0)
            return sum;
        for (unsigned index = 0; index < map->fm_mapped_extents; index++) {
            const struct fiemap_extent *extent = &map->fm_extents[index];
            /* What is in the tree itself takes what it is long. */
            struct stat status;
            if (extent->fe_flags & FIEMAP_EXTENT_DATA_INLINE)
                sum += fstat(file, &status) == 0 ? status.st_size : 0;
            else if (!(extent->fe_flags & FIEMAP_EXTENT_SHARED))
                sum += (long long)extent->fe_length;
            start = extent->fe_logical + extent->fe_length;
            if (extent->fe_flags & FIEMAP_EXTENT_LAST)
                return sum;
        }
    }
}

static unsigned long filesystem_magic(int descriptor)
{
    struct statfs found;
    return fstatfs(descriptor, &found) == 0 ? (unsigned long)found.f_type : 0;
}

bool linux_is_btrfs(int descriptor) { return filesystem_magic(descriptor) == BTRFS_SUPER_MAGIC; }

bool linux_keeps_change_times(int descriptor)
{
    switch (filesystem_magic(descriptor)) {
    case BTRFS_SUPER_MAGIC:
    case EXT4_SUPER_MAGIC: /* of ext2 and ext3 too */
    case F2FS_SUPER_MAGIC:
    case TMPFS_MAGIC:
    case XFS_SUPER_MAGIC: return true;
    default: return false;
    }
}

bool linux_keeps_modes(int descriptor)
{
    unsigned long magic = filesystem_magic(descriptor);
    return magic != MSDOS_SUPER_MAGIC && magic != EXFAT_SUPER_MAGIC;
}

bool linux_is_in_memory(int descriptor)
{
    unsigned long magic = filesystem_magic(descriptor);
    return magic == RAMFS_MAGIC || magic == TMPFS_MAGIC;
}
