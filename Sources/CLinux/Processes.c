#include "CLinux.h"

#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/wait.h>

static int argument_count;
static char **arguments;

__attribute__((constructor)) static void keep_arguments(int argc, char **argv)
{
    argument_count = argc;
    arguments = argv;
}

int linux_argument_count(void) { return argument_count; }

const char *linux_argument(int index) { return arguments[index]; }

static struct rlimit first_file_limit;

void linux_raise_file_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    if (first_file_limit.rlim_max == 0)
        first_file_limit = limit;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

void linux_ignore_broken_pipes(void) { signal(SIGPIPE, SIG_IGN); }

void linux_hold_standard_streams(void)
{
    int held;
    do {
        held = open("/dev/null", O_RDWR);
        /* An initramfs may have none yet. Nobody can write to this one, and who is started does not have it. */
        if (held < 0) held = open("/", O_PATH | O_CLOEXEC);
    } while (held >= 0 && held <= STDERR_FILENO);
    if (held > STDERR_FILENO) close(held);
}

bool linux_is_ignored(int signal)
{
    struct sigaction action;
    return sigaction(signal, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

void linux_adopt_orphans(void) { prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); }

int linux_try_program(int root, const char *path)
{
    int status = 0;
    pid_t child = fork();
    if (child < 0)
        return errno;
    if (child == 0) {
        /* Without its slash: at the name /sbin/init the TOMOYO security module would load its policy, from the wrong root. */
        char *const none[] = {(char *)path + strspn(path, "/"), NULL};
        if (fchdir(root) == 0 && chroot(".") == 0) {
            /* Where nobody may trace (sysctl.kernel.yama.ptrace_scope=3), there is nothing to be told. */
            if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
                _exit(0);
            execve(none[0], none, none + 1);
        }
        _exit(errno);
    }
    if (waitpid(child, &status, 0) != child)
        return errno;
    if (WIFSTOPPED(status)) {
        kill(child, SIGKILL);
        waitpid(child, &status, 0);
        return 0;
    }
    /* A program that cannot be mapped as it says is killed by the kernel. */
    return WIFEXITED(status) ? WEXITSTATUS(status) : ENOEXEC;
}

static void restore_what_was_changed(void)
{
    signal(SIGPIPE, SIG_DFL);
    if (first_file_limit.rlim_max != 0)
        setrlimit(RLIMIT_NOFILE, &first_file_limit);
}

void linux_run_on_console(const char *path)
{
    pid_t child = fork(), ended;
    if (child == 0) {
        restore_what_was_changed();
        setsid();
        ioctl(STDIN_FILENO, TIOCSCTTY, 1);
        execl(path, path, (char *)NULL);
        _exit(127);
    }
    if (child < 0)
        return;
    do ended = wait(NULL);
    while (ended != child && (ended >= 0 || errno == EINTR));
}

int linux_fork_with(int descriptor)
{
    pid_t child = fork();
    if (child == 0) {
        if (descriptor > 0)
            close_range(0, descriptor - 1, 0);
        close_range(descriptor + 1, ~0U, 0);
        setsid();
    }
    return child;
}

void linux_become(const char *program)
{
    restore_what_was_changed();
    arguments[0] = (char *)program;
    execv(program, arguments);
}
