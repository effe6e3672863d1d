#include "CLinux.h"

#include <linux/btrfs.h>
#include <linux/btrfs_tree.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/kexec.h>
#include <linux/magic.h>
#include <linux/netlink.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

__attribute__((used, section(".note.docker-btrfs"), aligned(4))) static const struct {
    unsigned name_size, version_size, type;
    char name[16], version[sizeof DOCKER_BTRFS_VERSION];
} version_note = { sizeof "docker-btrfs", sizeof DOCKER_BTRFS_VERSION, 1, "docker-btrfs", DOCKER_BTRFS_VERSION };

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

int linux_btrfs_commit(int file) { return ioctl(file, BTRFS_IOC_SYNC); }

int linux_btrfs_send(int subvolume, int file)
{
    struct btrfs_ioctl_send_args arguments = {.send_fd = file};
    return ioctl(subvolume, BTRFS_IOC_SEND, &arguments);
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
    unsigned long long data_free = 0, metadata_free = 0, data_used = 0, metadata_used = 0, reserve = 0;
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
    found_space->data_used = data_used;
    found_space->metadata_used = metadata_used;
    return 0;
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
