#define _GNU_SOURCE
#include "CDisk.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* linux/fs.h cannot be included beside sys/mount.h in every glibc. */
#ifndef FIFREEZE
#define FIFREEZE _IOWR('X', 119, int)
#define FITHAW _IOWR('X', 120, int)
#endif

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
