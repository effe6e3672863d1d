#include "CLinux.h"

#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/kexec.h>
#include <linux/magic.h>
#include <linux/netlink.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

__attribute__((used, section(".note.docker-btrfs"), aligned(4))) static const struct {
    unsigned name_size, version_size, type;
    char name[16], version[sizeof DOCKER_BTRFS_VERSION];
} version_note = { sizeof "docker-btrfs", sizeof DOCKER_BTRFS_VERSION, 1, "docker-btrfs", DOCKER_BTRFS_VERSION };

int linux_errno(void) { return errno; }

int linux_open(const char *path, int flags, mode_t mode) { return open(path, flags, mode); }

int linux_flock(int descriptor, int operation) { return flock(descriptor, operation); }

const unsigned long long linux_resolve_in_root = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
const unsigned long long linux_resolve_no_links = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
const unsigned long long linux_resolve_one_mount =
    RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV;

int linux_openat2(int directory, const char *path, int flags, mode_t mode, unsigned long long resolve)
{
    struct open_how how = {.flags = (unsigned)flags, .mode = mode, .resolve = resolve};
    int opened, attempts = 10000;
    /* EAGAIN: the path leads through '..', and while it was walked something was renamed or mounted, anywhere on the machine. */
    do opened = (int)syscall(SYS_openat2, directory, path, &how, sizeof how);
    while (opened < 0 && errno == EAGAIN && --attempts > 0);
    return opened;
}

int linux_clone_file(int destination, int source) { return ioctl(destination, FICLONE, source); }

const int linux_copied_flags =
    FS_NOCOW_FL | FS_NOCOMP_FL | FS_COMPR_FL | FS_NODUMP_FL | FS_NOATIME_FL | FS_SYNC_FL | FS_DIRSYNC_FL;
const int linux_locking_flags = FS_IMMUTABLE_FL | FS_APPEND_FL;
const int linux_inherited_flags = FS_NOCOW_FL | FS_NOCOMP_FL | FS_COMPR_FL;

int linux_get_flags(int descriptor, int *flags) { return ioctl(descriptor, FS_IOC_GETFLAGS, flags); }

int linux_set_flags(int descriptor, int flags) { return ioctl(descriptor, FS_IOC_SETFLAGS, &flags); }

/* The same numbers on all architectures that Swift has. */
enum { call_setxattrat = 463, call_getxattrat, call_listxattrat, call_removexattrat };

struct attribute_value {
    _Alignas(8) unsigned long long value;
    unsigned size, flags;
};

/* Goes to a directory and returns a descriptor of the one before. */
static int enter(int directory)
{
    int before = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (before >= 0 && fchdir(directory) != 0) {
        close(before);
        return -1;
    }
    return before;
}

/* Goes back and passes a result on. */
static ssize_t leave(int before, ssize_t result)
{
    int code = errno;
    if (fchdir(before) != 0)
        result = -1;
    else
        errno = code;
    close(before);
    return result;
}

ssize_t linux_list_attributes_at(int directory, const char *name, char *list, size_t size)
{
    ssize_t result = syscall(call_listxattrat, directory, name, AT_SYMLINK_NOFOLLOW, list, size);
    if (result >= 0 || errno != ENOSYS)
        return result;
    int before = enter(directory);
    return before < 0 ? -1 : leave(before, llistxattr(name, list, size));
}

ssize_t linux_get_attribute_at(int directory, const char *name, const char *attribute, void *value, size_t size)
{
    struct attribute_value arguments = {.value = (uintptr_t)value, .size = (unsigned)size};
    ssize_t result = syscall(call_getxattrat, directory, name, AT_SYMLINK_NOFOLLOW, attribute, &arguments, sizeof arguments);
    if (result >= 0 || errno != ENOSYS)
        return result;
    int before = enter(directory);
    return before < 0 ? -1 : leave(before, lgetxattr(name, attribute, value, size));
}

int linux_set_attribute_at(int directory, const char *name, const char *attribute, const void *value, size_t size)
{
    struct attribute_value arguments = {.value = (uintptr_t)value, .size = (unsigned)size};
    long result = syscall(call_setxattrat, directory, name, AT_SYMLINK_NOFOLLOW, attribute, &arguments, sizeof arguments);
    if (result >= 0 || errno != ENOSYS)
        return (int)result;
    int before = enter(directory);
    return before < 0 ? -1 : (int)leave(before, lsetxattr(name, attribute, value, size, 0));
}

int linux_remove_attribute_at(int directory, const char *name, const char *attribute)
{
    long result = syscall(call_removexattrat, directory, name, AT_SYMLINK_NOFOLLOW, attribute);
    if (result >= 0 || errno != ENOSYS)
        return (int)result;
    int before = enter(directory);
    return before < 0 ? -1 : (int)leave(before, lremovexattr(name, attribute));
}

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

long long linux_monotonic_nanoseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

bool linux_write_all(int descriptor, const void *bytes, size_t count)
{
    const char *next = bytes;
    while (count > 0) {
        ssize_t written = write(descriptor, next, count);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        next += written;
        count -= (size_t)written;
    }
    return true;
}

bool linux_output_failed(void) { return ferror(stdout) != 0; }

unsigned linux_terminal_width(int file)
{
    struct winsize size;
    return ioctl(file, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

int linux_reboot(void) { return reboot(RB_AUTOBOOT); }

int linux_load_kernel(int tree, const char *kernel, const char *initramfs, const char *line)
{
    int first = linux_openat2(tree, kernel, O_RDONLY | O_CLOEXEC, 0, linux_resolve_in_root);
    int second = first < 0 ? -1 : linux_openat2(tree, initramfs, O_RDONLY | O_CLOEXEC, 0, linux_resolve_in_root);
    int result = -1, code;
    /* Some machines fail once. */
    for (int attempts = 0; second >= 0 && result != 0 && attempts < 2; attempts++)
        result = (int)syscall(SYS_kexec_file_load, first, second, strlen(line) + 1, line, 0UL);
    code = errno;
    close(first);
    close(second);
    errno = code;
    return result;
}

void linux_forget_kernel(void) { syscall(SYS_kexec_file_load, -1, -1, 0UL, NULL, (unsigned long)KEXEC_FILE_UNLOAD); }

int linux_start_kernel(void) { return reboot(RB_KEXEC); }

int linux_power_off(void) { return reboot(RB_POWER_OFF); }

int linux_load_module(int file, const char *parameters) { return (int)syscall(SYS_finit_module, file, parameters, 0); }

int linux_listen_for_devices(void)
{
    /* Group 1 is the kernel's, 2 udev's, which tells of a device when its links are made. */
    struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = 1 | 2};
    int opened = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT);
    if (opened >= 0 && bind(opened, (struct sockaddr *)&address, sizeof address) != 0) {
        close(opened);
        opened = -1;
    }
    return opened;
}
