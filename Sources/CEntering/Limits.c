#include "Limits.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/btrfs.h>
#include <linux/filter.h>
#include <linux/fs.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

/* A process may also ask the kernel by the numbers of another architecture. There a call that is refused here has another number: so all of
 * those are refused, as calls that the kernel does not have. The filter of a boot lets those of 32 bits through but for the ioctl(2) calls that
 * are refused. */
#if defined __x86_64__
#define ARCHITECTURE AUDIT_ARCH_X86_64
#define ARCHITECTURE_OF_32_BITS AUDIT_ARCH_I386
#define OTHER_NUMBERS 0x40000000 /* x32 */
#elif defined __aarch64__
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#define ARCHITECTURE_OF_32_BITS AUDIT_ARCH_ARM
#define OTHER_NUMBERS 0x7fffffff
#endif

/* What capabilities do not keep from a root user. */
static const struct { int number; const char *name; } refused[] = {
    /* The kernel's keyrings belong to users and not to namespaces: root's here are root's there. */
    {SYS_keyctl, "keyctl"}, {SYS_add_key, "add_key"}, {SYS_request_key, "request_key"},
    /* With a handle every file of the filesystem is to be had, whatever the root is. */
    {SYS_open_by_handle_at, "open_by_handle_at"},
    /* Parts of the kernel in which faults were found again and again, and no system needs inside. */
    {SYS_bpf, "bpf"}, {SYS_userfaultfd, "userfaultfd"}, {SYS_perf_event_open, "perf_event_open"},
    {SYS_kexec_load, "kexec_load"}, {SYS_kexec_file_load, "kexec_file_load"},
};
static const int refused_count = sizeof refused / sizeof *refused;

#ifndef FS_IOC_SHUTDOWN /* Linux 6.8's linux/fs.h */
#define FS_IOC_SHUTDOWN _IOR('X', 125, __u32)
#endif

/* What acts on the machine's terminal, and on all of the filesystem that a root is in, whatever is mounted of it. */
static const unsigned refused_ioctls[] = {
    TIOCSTI, TIOCLINUX,
    BTRFS_IOC_SNAP_DESTROY_V2, BTRFS_IOC_DEFAULT_SUBVOL, BTRFS_IOC_RESIZE, BTRFS_IOC_ADD_DEV, BTRFS_IOC_RM_DEV, BTRFS_IOC_RM_DEV_V2,
    BTRFS_IOC_DEV_REPLACE, BTRFS_IOC_BALANCE_V2, BTRFS_IOC_BALANCE_CTL, BTRFS_IOC_SCRUB, BTRFS_IOC_SCRUB_CANCEL, BTRFS_IOC_TREE_SEARCH,
    BTRFS_IOC_TREE_SEARCH_V2, BTRFS_IOC_INO_LOOKUP, BTRFS_IOC_LOGICAL_INO, BTRFS_IOC_LOGICAL_INO_V2, BTRFS_IOC_QUOTA_CTL,
    BTRFS_IOC_QUOTA_RESCAN, BTRFS_IOC_QGROUP_ASSIGN, BTRFS_IOC_QGROUP_CREATE, BTRFS_IOC_QGROUP_LIMIT, BTRFS_IOC_SET_FEATURES,
    BTRFS_IOC_GET_DEV_STATS, FS_IOC_SETFSLABEL, FIFREEZE, FITHAW, FITRIM, FS_IOC_SHUTDOWN,
};
enum { refused_ioctl_count = sizeof refused_ioctls / sizeof *refused_ioctls };

const char *entering_refused(int index)
{
    /* In a user namespace of its own a process has every capability again, for what the kernel takes to be its own. */
    static const char *others[] = {
        "clone and unshare with CLONE_NEWUSER", "clone3 (its flags are not to be seen)",
        "ioctl with TIOCSTI, TIOCLINUX, or of a whole filesystem"};
    if (index < refused_count) return refused[index].name;
    return index < refused_count + 3 ? others[index - refused_count] : NULL;
}

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define EQUAL(value, yes, no) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, yes, no)
#define RETURN(value) BPF_STMT(BPF_RET | BPF_K, value)
#define REFUSE(error) RETURN(SECCOMP_RET_ERRNO | (error))
#define ALLOW RETURN(SECCOMP_RET_ALLOW)

/* A filter in the making. */
struct filter {
    struct sock_filter lines[32 + 4 * refused_ioctl_count + 2 * sizeof refused / sizeof *refused];
    unsigned short count;
};

static void add(struct filter *filter, const struct sock_filter *lines, size_t count)
{
    memcpy(filter->lines + filter->count, lines, count * sizeof *lines);
    filter->count += (unsigned short)count;
}

#define ADD(filter, ...) \
    do { \
        const struct sock_filter lines[] = {__VA_ARGS__}; \
        add(filter, lines, sizeof lines / sizeof *lines); \
    } while (0)

static void add_begin(struct filter *filter)
{
    ADD(filter, LOAD(arch), EQUAL(ARCHITECTURE, 1, 0), REFUSE(ENOSYS));
    ADD(filter, LOAD(nr), BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, OTHER_NUMBERS, 0, 1), REFUSE(ENOSYS));
}

/* The lower half of an argument comes first in memory: both architectures are little endian. */
static void add_ioctls(struct filter *filter, unsigned call)
{
    ADD(filter, EQUAL(call, 0, 2 + 2 * refused_ioctl_count), LOAD(args[1]));
    for (int index = 0; index < refused_ioctl_count; index++) ADD(filter, EQUAL(refused_ioctls[index], 0, 1), REFUSE(EPERM));
    ADD(filter, ALLOW);
}

static int install(const struct filter *filter)
{
    struct sock_fprog program = {.len = filter->count, .filter = (struct sock_filter *)filter->lines};
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
}

int entering_install_filter(void)
{
    struct filter filter = {.count = 0};
    add_begin(&filter);
    ADD(&filter, EQUAL(SYS_clone3, 0, 1), REFUSE(ENOSYS));
    ADD(&filter, EQUAL(SYS_clone, 1, 0), EQUAL(SYS_unshare, 0, 4));
    ADD(&filter, LOAD(args[0]), BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CLONE_NEWUSER, 0, 1), REFUSE(EPERM), ALLOW);
    add_ioctls(&filter, SYS_ioctl);
    for (int index = 0; index < refused_count; index++) ADD(&filter, EQUAL((unsigned)refused[index].number, 0, 1), REFUSE(EPERM));
    ADD(&filter, ALLOW);
    return install(&filter);
}

int entering_install_filter_of_boot(void)
{
    struct filter filter = {.count = 0};
    /* An image's programs of 32 bits run as on the machine. */
    ADD(&filter, LOAD(arch), EQUAL(ARCHITECTURE_OF_32_BITS, 0, 5 + 2 * refused_ioctl_count), LOAD(nr));
    add_ioctls(&filter, 54);
    ADD(&filter, ALLOW);
    add_begin(&filter);
    add_ioctls(&filter, SYS_ioctl);
    ADD(&filter, ALLOW);
    return install(&filter);
}

int entering_set_capabilities(unsigned long long kept)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    unsigned low = (unsigned)kept, high = (unsigned)(kept >> 32);
    struct __user_cap_data_struct data[2] = {{low, low, 0}, {high, high, 0}};
    return (int)syscall(SYS_capset, &header, data);
}

int entering_limit(const struct entering_command *command)
{
    for (int capability = 0; capability < 64; capability++) {
        if (command->capabilities >> capability & 1) continue;
        /* EINVAL: the kernel has no more. */
        if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0 && errno != EINVAL) return -1;
    }
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0) return -1;
    /* By the kernel's own calls: those of glibc ask all threads of the caller, which are not here. */
    if (syscall(SYS_setgroups, command->group_count, command->groups) != 0) return -1;
    if (syscall(SYS_setresgid, command->group, command->group, command->group) != 0) return -1;
    if (syscall(SYS_setresuid, command->user, command->user, command->user) != 0) return -1;
    return command->user == 0 ? entering_set_capabilities(command->capabilities) : 0;
}
