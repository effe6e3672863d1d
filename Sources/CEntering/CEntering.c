#include "CEntering.h"
#include "Limits.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

int entering_watch(pid_t process) { return (int)syscall(SYS_pidfd_open, process, 0); }

int entering_peer(int master) { return ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC); }

int entering_unlock(int master)
{
    int locked = 0;
    return ioctl(master, TIOCSPTLCK, &locked);
}

int entering_copy_size(int from, int to)
{
    struct winsize size;
    return ioctl(from, TIOCGWINSZ, &size) == 0 ? ioctl(to, TIOCSWINSZ, &size) : -1;
}

static int set_attributes(int tree, unsigned long long attributes)
{
    struct mount_attr attr = {.attr_set = attributes, .propagation = MS_PRIVATE};
    return mount_setattr(tree, "", AT_EMPTY_PATH, &attr, sizeof attr);
}

int entering_open_tree(const char *path, unsigned long long attributes)
{
    int tree = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    if (tree >= 0 && set_attributes(tree, attributes) != 0) {
        int error = errno;
        close(tree);
        errno = error;
        return -1;
    }
    return tree;
}

int entering_restart(char *const *arguments)
{
    /* Who runs from a descriptor has such a name (execveat(2)). */
    struct statvfs status;
    const char *name = (const char *)getauxval(AT_EXECFN);
    if (name && strncmp(name, "/dev/fd/", 8) == 0 && statvfs("/proc/self/exe", &status) == 0 && status.f_flag & ST_RDONLY)
        return prctl(PR_SET_NAME, program_invocation_short_name, 0, 0, 0);
    int program = entering_open_tree("/proc/self/exe", MOUNT_ATTR_RDONLY);
    if (program < 0) return -1;
    return (int)syscall(SYS_execveat, program, "", arguments, environ, AT_EMPTY_PATH);
}

/* What an image calls /proc may be a symlink to anywhere: none is followed. */
static int place(const char *path)
{
    struct open_how how = {.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC, .resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
    int found = (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how);
    /* A link at the end is opened as itself, and nothing is mounted on one. */
    struct stat status;
    if (found >= 0 && fstat(found, &status) == 0 && S_ISLNK(status.st_mode)) {
        close(found);
        errno = ELOOP;
        return -1;
    }
    return found;
}

static int attach(int tree, const char *path)
{
    int target = place(path);
    if (target < 0) return -1;
    int result = move_mount(tree, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
    close(target);
    return result;
}

static int configure(int context, const char *options)
{
    while (*options) {
        char key[64], *value;
        size_t length = strcspn(options, ",");
        if (length >= sizeof key) return errno = EINVAL, -1;
        memcpy(key, options, length);
        key[length] = 0;
        value = strchr(key, '=');
        if (value) *value++ = 0;
        if (fsconfig(context, value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, key, value, 0) != 0) return -1;
        options += length + (options[length] == ',');
    }
    return fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
}

static int mount_new(const struct entering_step *step)
{
    int context = fsopen(step->source, FSOPEN_CLOEXEC);
    if (context < 0 || configure(context, step->options) != 0) return -1;
    int tree = fsmount(context, FSMOUNT_CLOEXEC, (unsigned)step->attributes);
    return tree < 0 ? -1 : attach(tree, step->path);
}

/* What has this number, opened again on a mount that is read-only: its mode and its owner cannot be changed. Of a named pipe nobody else is
 * waited for. `flags` are those that it has (fcntl(2)). */
static int reopen(int number, int access, bool is_disk, int flags)
{
    off_t place = lseek(number, 0, SEEK_CUR);
    char name[64];
    snprintf(name, sizeof name, "/proc/self/fd/%d", number);
    int tree = entering_open_tree(name, MOUNT_ATTR_RDONLY);
    if (tree < 0) return -1;
    snprintf(name, sizeof name, "/proc/self/fd/%d", tree);
    int file = open(name, access | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    int done = file >= 0 && fcntl(file, F_SETFL, flags) == 0 && (place < 0 || lseek(file, place, SEEK_SET) >= 0);
    /* A disk is opened for writing whatever its mount is, where that has devices. */
    if (done && is_disk) done = set_attributes(tree, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV) == 0;
    if (done) done = dup2(file, number) == number;
    int error = errno;
    if (file >= 0) close(file);
    close(tree);
    errno = error;
    return done ? 0 : -1;
}

/* The device that has this number, by a file of its own. */
static int reopen_device(int number, const struct stat *status, int access)
{
    int context = fsopen("tmpfs", FSOPEN_CLOEXEC);
    int tree = context >= 0 && configure(context, "") == 0 ? fsmount(context, FSMOUNT_CLOEXEC, 0) : -1;
    int made = tree >= 0 && mknodat(tree, "device", status->st_mode, status->st_rdev) == 0
        && fchmodat(tree, "device", status->st_mode & 0777, 0) == 0;
    int file = made ? openat(tree, "device", access | O_NOCTTY | O_CLOEXEC) : -1;
    int done = file >= 0 && dup2(file, number) == number;
    int error = errno;
    if (file >= 0) close(file);
    if (tree >= 0) close(tree);
    if (context >= 0) close(context);
    errno = error;
    return done ? 0 : -1;
}

bool entering_is_named_pipe(int number)
{
    struct stat status;
    struct statfs filesystem;
    return fstat(number, &status) == 0 && S_ISFIFO(status.st_mode) && fstatfs(number, &filesystem) == 0
        && filesystem.f_type != PIPEFS_MAGIC;
}

int entering_shield(int number)
{
    struct stat status;
    int flags = fcntl(number, F_GETFL);
    if (flags < 0 || fstat(number, &status) != 0) return 0;
    /* A terminal on none of this system's mounts, as that of a container's caller, stays as it is. */
    if (S_ISCHR(status.st_mode) && isatty(number)) return reopen(number, flags & O_ACCMODE, false, flags) == 0 || errno == EINVAL ? 0 : -1;
    if (S_ISCHR(status.st_mode)) return reopen_device(number, &status, flags & O_ACCMODE);
    if (number != STDIN_FILENO) return 0;
    if (S_ISDIR(status.st_mode)) return errno = EISDIR, -1;
    if (!S_ISREG(status.st_mode) && !S_ISBLK(status.st_mode) && !entering_is_named_pipe(number)) return 0;
    if ((flags & O_ACCMODE) == O_WRONLY || flags & O_PATH) return errno = EBADF, -1;
    return reopen(number, O_RDONLY, S_ISBLK(status.st_mode), flags);
}

static int bind_path(const struct entering_step *step)
{
    int tree = entering_open_tree(step->source, step->attributes);
    return tree < 0 ? -1 : attach(tree, step->path);
}

static int pivot(const struct entering_step *step)
{
    if (attach(step->tree, step->path) != 0 || fchdir(step->tree) != 0) return -1;
    /* The old root lies on the new one then, and goes (pivot_root(2)). */
    if (syscall(SYS_pivot_root, ".", ".") != 0 || umount2(".", MNT_DETACH) != 0) return -1;
    return chdir("/");
}

static int bring_up_loopback(void)
{
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
    int socket_ = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    return socket_ < 0 ? -1 : ioctl(socket_, SIOCSIFFLAGS, &request);
}

static int take_session(const struct entering_command *command)
{
    if (setsid() < 0) return -1;
    if (command->terminal < 0) return 0;
    if (ioctl(command->terminal, TIOCSCTTY, 0) != 0) return -1;
    for (int file = 0; file < 3; file++) {
        /* Where the caller's errors go to a file, they still do. */
        if (file == STDERR_FILENO && !isatty(file) && errno != EBADF) continue;
        if (dup2(command->terminal, file) < 0) return -1;
    }
    return 0;
}

/* Only these are left: what is open here is a way to the machine, by /proc/self/fd in a path that the image names. */
static int close_others(int kept, int other)
{
    int next[] = {kept < other ? kept : other, kept < other ? other : kept};
    unsigned from = STDERR_FILENO + 1;
    for (int index = 0; index < 2; index++) {
        if (next[index] < (int)from) continue;
        if (next[index] > (int)from && syscall(SYS_close_range, from, next[index] - 1, 0) != 0) return -1;
        from = next[index] + 1;
    }
    return (int)syscall(SYS_close_range, from, ~0U, 0);
}

/* The home is what the image says, and may be a link to anything that is open. */
static int enter_folder(const char *folder)
{
    char place[PATH_MAX];
    /* What is not below the root begins with another character (getcwd(2)). */
    if (chdir(folder) == 0 && syscall(SYS_getcwd, place, sizeof place) > 0 && place[0] == '/') return 0;
    return chdir("/");
}

static int become(const struct entering_command *command)
{
    if (enter_folder(command->folder) != 0) return -1;
    sigset_t none;
    sigemptyset(&none);
    if (sigprocmask(SIG_SETMASK, &none, NULL) != 0) return -1;
    if (syscall(SYS_close_range, 3, ~0U, 4 /* CLOSE_RANGE_CLOEXEC */) != 0) return -1;
    /* PATH, too, is the one of there. */
    if (command->environment) environ = (char **)command->environment;
    return execvp(command->arguments[0], command->arguments);
}

/* Process 1: reaps what others left, hands on signals, and ends with the command, which ends all that is there. */
static void serve(pid_t child)
{
    sigset_t all;
    sigfillset(&all);
    entering_set_capabilities(1ULL << CAP_KILL);
    syscall(SYS_close_range, 0, ~0U, 0);
    for (;;) {
        int number = sigwaitinfo(&all, NULL);
        if (number == SIGCHLD) {
            int status;
            pid_t ended;
            while ((ended = waitpid(-1, &status, WNOHANG)) > 0) {
                if (ended == child) _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
            }
        } else if (number > 0) {
            /* One of a session that has no terminal is not stopped by the other. */
            kill(-child, number == SIGTSTP ? SIGSTOP : number);
        }
    }
}

/* Ends where nobody reads: who called was killed before this process was to be killed with it. */
static void report(int pipe, int step, int error)
{
    struct entering_report report = {step, error};
    while (write(pipe, &report, sizeof report) < 0)
        if (errno != EINTR) _exit(125);
}

static int perform(const struct entering_step *step, const struct entering_command *command)
{
    switch (step->action) {
    case ENTERING_PRIVATE: return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
    case ENTERING_PIVOT: return pivot(step);
    case ENTERING_ATTACH: return attach(step->tree, step->path);
    case ENTERING_MOUNT: return mount_new(step);
    case ENTERING_BIND: return bind_path(step);
    case ENTERING_DIRECTORY: return mkdir(step->path, step->mode) == 0 || errno == EEXIST ? 0 : -1;
    case ENTERING_NODE:
        if (mknod(step->path, step->mode, makedev(step->major, step->minor)) != 0) return -1;
        return chmod(step->path, step->mode & 07777);
    case ENTERING_LINK: return symlink(step->source, step->path);
    case ENTERING_HOSTNAME: return sethostname(step->source, strlen(step->source));
    case ENTERING_LOOPBACK: return bring_up_loopback();
    case ENTERING_SESSION: return take_session(command);
    case ENTERING_FILTER: return entering_install_filter();
    case ENTERING_BOOT_FILTER: return entering_install_filter_of_boot();
    case ENTERING_LIMITS: return entering_limit(command);
    case ENTERING_EXEC: return become(command);
    case ENTERING_CHILD: break;
    }
    return errno = EINVAL, -1;
}

static void run(const struct entering_command *command, int reports, int start)
{
    /* The caller has handlers of its own, and ignores SIGPIPE: neither is for the command. */
    for (int number = 1; number < 65; number++) signal(number, SIG_DFL);
    umask(022);
    for (int file = STDOUT_FILENO; file <= STDERR_FILENO; file++) {
        int output = command->outputs[file - STDOUT_FILENO];
        if (output >= 0 && dup2(output, file) < 0) _exit(125);
    }
    char byte;
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 || read(start, &byte, 1) != 1) _exit(125);
    /* What is in /proc of a process that is not to be dumped is closed to those there: the program of this one is a file of the host. */
    if (!command->without_init) prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    for (int index = 0; index < command->count; index++) {
        const struct entering_step *step = &command->steps[index];
        report(reports, index, 0);
        if (step->action == ENTERING_CHILD) {
            if (close_others(reports, command->terminal) != 0) {
                report(reports, index, errno);
                _exit(125);
            }
            pid_t child = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
            if (child > 0) serve(child);
            if (child == 0) continue;
        } else if (perform(step, command) == 0 || (step->optional && errno == ENOENT)) {
            continue;
        }
        report(reports, index, errno);
        _exit(step->action == ENTERING_EXEC ? errno == ENOENT ? 127 : 126 : 125);
    }
    _exit(125);
}

pid_t entering_start(const struct entering_command *command, int *reports)
{
    int out[2], start[2];
    if (pipe2(out, O_CLOEXEC) != 0) return -1;
    if (pipe2(start, O_CLOEXEC) != 0) return close(out[0]), close(out[1]), -1;
    /* A signal that comes before its process 1 is ready must not end it. */
    sigset_t all, before;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &before);
    pid_t child = (pid_t)syscall(SYS_clone, command->namespaces | SIGCHLD, 0, 0, 0, 0);
    if (child == 0) {
        /* Else the child would hold the other ends of both pipes, and neither side would see the end. */
        close(out[0]);
        close(start[1]);
        run(command, out[1], start[0]);
    }
    int error = errno;
    sigprocmask(SIG_SETMASK, &before, NULL);
    close(out[1]);
    close(start[0]);
    if (child > 0 && write(start[1], "", 1) == 1) {
        *reports = out[0];
    } else {
        close(out[0]);
    }
    close(start[1]);
    errno = error;
    return child;
}
