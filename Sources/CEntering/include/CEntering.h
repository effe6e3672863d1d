/* What a process does between its clone(2) and its execve(2), when it enters a root.
 *
 * Swift has no fork(2), and a copy of one thread of a Swift program must not run Swift: its runtime and malloc may be locked by
 * threads that the copy has not. So all that is done there is prepared before as data, and this C does it: system calls, and no
 * memory of its own. */
#pragma once
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

enum entering_action {
    ENTERING_PRIVATE,   /* mount(MS_REC | MS_PRIVATE) of / */
    ENTERING_PIVOT,     /* move_mount of `tree` to `path`, fchdir, pivot_root, umount2 */
    ENTERING_ATTACH,    /* move_mount of `tree` to `path` */
    ENTERING_MOUNT,     /* fsopen of `source`, fsconfig of `options`, fsmount, move_mount to `path` */
    ENTERING_BIND,      /* open_tree of `source`, mount_setattr, move_mount to `path` */
    ENTERING_DIRECTORY, /* mkdir */
    ENTERING_NODE,      /* mknod: `mode` says of what */
    ENTERING_LINK,      /* symlink to `source` */
    ENTERING_HOSTNAME,  /* sethostname to `source` */
    ENTERING_LOOPBACK,  /* ioctl(SIOCSIFFLAGS) of lo */
    ENTERING_CHILD,     /* clone: the command, of which this process is the init */
    ENTERING_SESSION,   /* setsid, and ioctl(TIOCSCTTY) where there is a terminal */
    ENTERING_FILTER,    /* seccomp */
    ENTERING_BOOT_FILTER, /* seccomp, for what boots a root */
    ENTERING_LIMITS,    /* prctl(PR_CAPBSET_DROP), setgroups, setresgid, setresuid, capset */
    ENTERING_EXEC,      /* execve */
};

struct entering_step {
    enum entering_action action;
    const char *path;
    const char *source;
    const char *options;           /* with commas */
    unsigned long long attributes; /* MOUNT_ATTR_ */
    unsigned mode, major, minor;
    int tree;                      /* a descriptor of fsmount(2) or open_tree(2) */
    bool optional;                 /* nothing is done where `path` is not there */
};

struct entering_command {
    const struct entering_step *steps;
    int count;
    unsigned long long namespaces; /* CLONE_NEW */
    char *const *arguments;
    char *const *environment;      /* NULL: the caller's */
    const char *folder;            /* where it starts; "/" where that is not there */
    unsigned long long capabilities; /* those that are kept; all others go */
    uid_t user;
    gid_t group;
    const gid_t *groups;
    int group_count;
    int outputs[2];                /* what it gets as its standard output and error; below 0: the caller's */
    int terminal;                  /* the end of a pty that it gets; below 0: the caller's files */
    bool without_init;             /* it becomes the command itself, which is a program of the machine */
};

/* A step was begun (`error` 0), or was not possible. */
struct entering_report {
    int step, error;
};

/* Starts this program again, from a mount of its file that is read-only and that nobody sees; returns 0 where it runs from there, and
 * -1 with errno where that is not possible. An image that has a script of "#!/proc/self/exe" gets the program of who enters, as its
 * own process: owner, mode and attributes of the file must not be its to change (CVE-2019-5736). */
int entering_restart(char *const *arguments);

/* Whether it is a pipe that has a name, and with that a mode and an owner of its own. */
bool entering_is_named_pipe(int number);

/* By its name in /proc a file that is open is opened once more, for writing too, and its mode, owner and attributes are changed. So in
 * place of a standard input that is a file or a disk comes the same one at the same place, to be read, on a mount that is read-only; of any
 * of the three numbers that is another device and no terminal, the same device by a file of its own. -1 with errno where that is not
 * possible, and for a standard input that is a directory or cannot be read. */
int entering_shield(int number);

/* Starts it. Returns the process, and in `reports` where to read what it does: until the command runs or nothing more comes. Below 0
 * with errno where there is none. It is killed when the calling thread ends. */
pid_t entering_start(const struct entering_command *command, int *reports);

/* What is refused to all that runs there, by a name of a system call each; NULL at the end. */
const char *entering_refused(int index);

/* pidfd_open(2): what poll(2) tells the end of a process by. */
int entering_watch(pid_t process);

/* ioctl(2) is variadic. */
int entering_peer(int master);                       /* TIOCGPTPEER */
int entering_unlock(int master);                     /* TIOCSPTLCK */
int entering_copy_size(int from, int to);            /* TIOCGWINSZ, TIOCSWINSZ */

/* open_tree(2) with its flags, which are macros that Swift does not see in every glibc; mount_setattr(2) of it. */
int entering_open_tree(const char *path, unsigned long long attributes);
