#include "CLinux.h"

#include <linux/openat2.h>
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
