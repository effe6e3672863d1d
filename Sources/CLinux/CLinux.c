#include "CLinux.h"

#include <linux/btrfs.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

static int argument_count;
static char **arguments;

__attribute__((constructor)) static void keep_arguments(int argc, char **argv)
{
    argument_count = argc;
    arguments = argv;
}

int linux_argument_count(void) { return argument_count; }

const char *linux_argument(int index) { return arguments[index]; }

int linux_errno(void) { return errno; }

void linux_clear_errno(void) { errno = 0; }

int linux_open(const char *path, int flags, mode_t mode) { return open(path, flags, mode); }

const unsigned long long linux_resolve_in_root = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
const unsigned long long linux_resolve_no_links = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;

int linux_openat2(int directory, const char *path, int flags, mode_t mode, unsigned long long resolve)
{
    struct open_how how = {.flags = (unsigned)flags, .mode = mode, .resolve = resolve};
    return (int)syscall(SYS_openat2, directory, path, &how, sizeof how);
}

int linux_clone_file(int destination, int source) { return ioctl(destination, FICLONE, source); }

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

bool linux_is_btrfs(int descriptor)
{
    struct statfs found;
    return fstatfs(descriptor, &found) == 0 && (unsigned long)found.f_type == BTRFS_SUPER_MAGIC;
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
