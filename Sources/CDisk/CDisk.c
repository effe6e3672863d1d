#define _GNU_SOURCE
#include "CDisk.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/blkpg.h>
#include <linux/btrfs.h>
#include <linux/loop.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* linux/fs.h cannot be included beside sys/mount.h in every glibc. */
#ifndef FIFREEZE
#define FIFREEZE _IOWR('X', 119, int)
#define FITHAW _IOWR('X', 120, int)
#endif

int disk_attach(int file, unsigned long long offset, unsigned long long size, int *number)
{
    struct loop_config config = {
        .fd = (unsigned)file, .info = {.lo_offset = offset, .lo_sizelimit = size, .lo_flags = LO_FLAGS_AUTOCLEAR}
    };
    int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
    if (control < 0) return -1;
    int device = -1;
    /* Another process may take the one that was free. */
    for (int attempts = 0; attempts < 100; attempts++) {
        char name[32];
        *number = ioctl(control, LOOP_CTL_GET_FREE);
        if (*number < 0) break;
        snprintf(name, sizeof name, "/dev/loop%d", *number);
        device = open(name, O_RDWR | O_CLOEXEC);
        if (device < 0) break;
        if (ioctl(device, LOOP_CONFIGURE, &config) == 0) break;
        int code = errno;
        close(device);
        device = -1;
        errno = code;
        if (code != EBUSY) break;
    }
    int code = errno;
    close(control);
    errno = code;
    return device;
}

int disk_own_mounts(void)
{
    return unshare(CLONE_NEWNS) < 0 ? -1 : mount("none", "/", NULL, MS_REC | MS_SLAVE, NULL);
}

/* The child of disk_guard_start: it is a copy of one thread, in which only the system itself may be called. */
static void guard_freeze(int file, int pipe)
{
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    setsid();
    /* Two descriptors stay: others may be locks of files, which would outlive the parent. */
    if (dup2(file, 3) < 0 || dup2(pipe, 4) < 0) _exit(1);
    close_range(5, ~0U, 0);
    for (int number = 0; number < 3; number++) close(number);
    char state = mlockall(MCL_CURRENT | MCL_FUTURE) == 0 ? 0 : errno;
    if (write(4, &state, 1) != 1 || state) _exit(1);
    /* A byte says how many seconds it may take from now on. */
    unsigned char seconds;
    if (read(4, &seconds, 1) != 1) _exit(0);
    struct pollfd waiting = {.fd = 4, .events = POLLIN};
    int came = poll(&waiting, 1, seconds * 1000);
    /* Another one says that all is done; the end of the pipe, that the parent is gone. */
    if (came > 0 && read(4, &state, 1) == 1) _exit(0);
    /* The end of the pipe comes after FIFREEZE; before that it may still wait for who writes, and there is nothing to thaw. */
    while (ioctl(3, FITHAW, 0) < 0) {
        if (came > 0) _exit(2);
        came = poll(&waiting, 1, 100);
        if (came > 0 && read(4, &state, 1) == 1) _exit(0);
    }
    _exit(2);
}

static long long now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

int disk_guard_start(int file, disk_guard *guard)
{
    int ends[2], high = fcntl(file, F_DUPFD_CLOEXEC, 5);
    if (high < 0) return -1;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) {
        close(high);
        return -1;
    }
    /* Above what the child uses. */
    int child = fcntl(ends[1], F_DUPFD_CLOEXEC, 5);
    close(ends[1]);
    guard->pipe = ends[0];
    guard->process = child < 0 ? -1 : fork();
    if (guard->process == 0) {
        close(ends[0]);
        guard_freeze(high, child);
    }
    int code = errno;
    close(high);
    if (child >= 0) close(child);
    if (guard->process < 0) {
        close(ends[0]);
        errno = code;
        return -1;
    }
    char state = 0;
    if (read(ends[0], &state, 1) == 1 && state == 0) return 0;
    disk_guard_stop(guard);
    errno = state ? state : ECHILD;
    return -1;
}

void disk_guard_stop(disk_guard *guard)
{
    close(guard->pipe);
    waitpid(guard->process, NULL, 0);
}

int disk_freeze(int file, unsigned char seconds, disk_guard *guard)
{
    int code = ECHILD;
    if (send(guard->pipe, &seconds, 1, MSG_NOSIGNAL) == 1) {
        guard->began = now();
        if (ioctl(file, FIFREEZE, 0) == 0) return 0;
        code = errno;
        /* What somebody else froze is not for the child to thaw. */
        char done = 1;
        if (send(guard->pipe, &done, 1, MSG_NOSIGNAL) != 1) kill(guard->process, SIGKILL);
    }
    disk_guard_stop(guard);
    errno = code;
    return -1;
}

int disk_thaw(int file, disk_guard *guard)
{
    int status = 0, result = -1, code = EINVAL;
    pid_t gone = waitpid(guard->process, &status, WNOHANG);
    /* Where the child thawed it, what is frozen now is somebody else's. */
    if (gone != guard->process || !WIFEXITED(status)) {
        result = ioctl(file, FITHAW, 0);
        code = errno;
    }
    guard->ended = now();
    char done = 1;
    send(guard->pipe, &done, 1, MSG_NOSIGNAL);
    close(guard->pipe);
    if (gone == 0) gone = waitpid(guard->process, &status, 0);
    if (gone != guard->process || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        if (result == 0) code = EINVAL;
        result = -1;
    }
    errno = code;
    return result;
}

unsigned disk_crc32c(const void *bytes, unsigned long long count)
{
    static unsigned table[8][256];
    static volatile int is_made;
    if (!is_made) {
        for (unsigned value = 0; value < 256; value++) {
            unsigned sum = value;
            for (int bit = 0; bit < 8; bit++) sum = sum >> 1 ^ (sum & 1 ? 0x82f63b78 : 0);
            table[0][value] = sum;
        }
        for (unsigned value = 0; value < 256; value++)
            for (int step = 1; step < 8; step++) table[step][value] = table[step - 1][value] >> 8 ^ table[0][table[step - 1][value] & 255];
        is_made = 1;
    }
    const unsigned char *next = bytes;
    unsigned sum = ~0U;
    for (; count >= 8; count -= 8, next += 8) {
        unsigned low = sum ^ (next[0] | next[1] << 8 | next[2] << 16 | (unsigned)next[3] << 24);
        sum = table[7][low & 255] ^ table[6][low >> 8 & 255] ^ table[5][low >> 16 & 255] ^ table[4][low >> 24]
            ^ table[3][next[4]] ^ table[2][next[5]] ^ table[1][next[6]] ^ table[0][next[7]];
    }
    while (count--) sum = sum >> 8 ^ table[0][(sum ^ *next++) & 255];
    return ~sum;
}

int disk_connect(const char *path, int seconds)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    strcpy(address.sun_path, path);
    struct timeval limit = {.tv_sec = seconds};
    int opened = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (opened < 0) return -1;
    if (setsockopt(opened, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0
        && connect(opened, (struct sockaddr *)&address, sizeof address) == 0) return opened;
    int code = errno;
    close(opened);
    errno = code;
    return -1;
}

int disk_listens(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int is_on = 1, opened = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (opened < 0) return -1;
    /* As QEMU does it. */
    setsockopt(opened, SOL_SOCKET, SO_REUSEADDR, &is_on, sizeof is_on);
    int result = bind(opened, (struct sockaddr *)&address, sizeof address) == 0 ? listen(opened, 1) : -1, code = errno;
    close(opened);
    errno = code;
    return result;
}

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

int disk_resize_partition(int disk, int number, long long start, long long length)
{
    struct blkpg_partition partition = {.pno = number, .start = start, .length = length};
    struct blkpg_ioctl_arg argument = {.op = BLKPG_RESIZE_PARTITION, .datalen = sizeof partition, .data = &partition};
    return ioctl(disk, BLKPG, &argument);
}

unsigned disk_major(unsigned long long device) { return major(device); }
unsigned disk_minor(unsigned long long device) { return minor(device); }
