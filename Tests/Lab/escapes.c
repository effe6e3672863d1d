/* escapes DISK: tries from inside a root to reach the machine, and prints a line for each try: its name, and "refused" or "REACHED".
 * DISK is the device that the root is on, as its two numbers: 7:5. With "harmless" after it, only what hurts nothing where it is not
 * refused: on the machine itself, where nearly all must reach something, or this shows nothing.
 * The image has /srv/nodes with devices of its own.
 * As a library of a program (-shared -DLIBRARY) it tries to change the file of that program, which is one of the machine where a script
 * begins with "#!/proc/self/exe". */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/btrfs.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/perf_event.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/capability.h>
#include <sys/io.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <termios.h>
#include <unistd.h>

static unsigned disk_major, disk_minor;

/* Each try is made by a process of its own. */
static void try(const char *name, int (*reaches)(void)) {
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        alarm(10);
        _exit(reaches() ? 1 : 0);
    }
    int status;
    waitpid(child, &status, 0);
    printf("%s %s\n", name, WIFEXITED(status) && WEXITSTATUS(status) == 1 ? "REACHED" : "refused");
}

static int opens(const char *path, int flags) { return open(path, flags | O_CLOEXEC) >= 0; }
static int reads(const char *path) {
    char byte;
    int file = open(path, O_RDONLY | O_NONBLOCK);
    return file >= 0 && read(file, &byte, 1) == 1;
}
static int has_entries(const char *path) {
    DIR *directory = opendir(path);
    int count = 0;
    while (directory && readdir(directory)) count++;
    return count > 2;
}
static int makes_node(mode_t mode, unsigned major, unsigned minor) {
    unlink("/new-node");
    if (mknod("/new-node", mode | 0600, makedev(major, minor)) != 0) return 0;
    unlink("/new-node");
    return 1;
}

#define TRY(name, expression) static int name(void) { return (expression); }
TRY(above_the_root, opens("/../../../.docker-btrfs/settings", O_RDONLY) || opens("../../../../../settings", O_RDONLY))
TRY(proc_1_root, opens("/proc/1/root/.", O_RDONLY))
TRY(proc_1_cwd, opens("/proc/1/cwd/.", O_RDONLY))
TRY(proc_1_exe, opens("/proc/1/exe", O_RDONLY))
TRY(proc_1_exe_written, opens("/proc/1/exe", O_WRONLY))
TRY(proc_1_files, has_entries("/proc/1/fd"))
TRY(proc_1_mem, reads("/proc/1/environ") || opens("/proc/1/mem", O_RDWR))
TRY(proc_1_mounts, opens("/proc/1/ns/mnt", O_RDONLY))
TRY(ptrace_1, ptrace(PTRACE_SEIZE, 1, 0, 0) == 0)
TRY(node_of_the_disk, makes_node(S_IFBLK, disk_major, disk_minor))
TRY(node_of_memory, makes_node(S_IFCHR, 1, 1))
TRY(images_disk, opens("/srv/nodes/disk", O_RDONLY))
TRY(images_memory, opens("/srv/nodes/mem", O_RDONLY))
TRY(images_messages, opens("/srv/nodes/kmsg", O_WRONLY))
TRY(images_console, opens("/srv/nodes/console", O_WRONLY | O_NOCTTY | O_NONBLOCK))
TRY(dev_has_more, opens("/dev/kmsg", O_WRONLY) || opens("/dev/mem", O_RDONLY) || opens("/dev/loop-control", O_RDWR))
TRY(mount_proc, mount("proc", "/mnt", "proc", 0, 0) == 0)
TRY(mount_tmpfs, mount("tmpfs", "/mnt", "tmpfs", 0, 0) == 0)
TRY(bind_root, mount("/", "/mnt", 0, MS_BIND, 0) == 0)
TRY(fsopen_tmpfs, fsopen("tmpfs", 0) >= 0)
TRY(open_tree_clone, open_tree(AT_FDCWD, "/", OPEN_TREE_CLONE) >= 0)
TRY(umount_cover, umount2("/proc/sys", MNT_DETACH) == 0 || umount2("/sys", MNT_DETACH) == 0)
TRY(remount_with_devices, mount(0, "/", 0, MS_REMOUNT | MS_BIND, 0) == 0)
TRY(remount_settings, mount(0, "/proc/sys", 0, MS_REMOUNT | MS_BIND, 0) == 0)
TRY(pivot, syscall(SYS_pivot_root, ".", ".") == 0)
TRY(new_mounts, unshare(CLONE_NEWNS) == 0)
TRY(new_user, unshare(CLONE_NEWUSER) == 0)
TRY(new_cgroups, unshare(CLONE_NEWCGROUP) == 0)
static int new_user_by_clone(void) {
    pid_t child = (pid_t)syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
    if (child == 0) _exit(0);
    return child > 0;
}
static int out_of_a_chroot(void) {
    mkdir("/below", 0700);
    if (chroot("/below") != 0) return 0;
    for (int step = 0; step < 32; step++) if (chdir("..") != 0) return 0;
    return chroot(".") == 0 && (opens("/.docker-btrfs/settings", O_RDONLY) || opens("settings", O_RDONLY));
}
/* The top of subvolume 5, by its number: FILEID_BTRFS_WITHOUT_PARENT. */
static int file_handle(void) {
    struct { unsigned bytes; int type; unsigned long long object, root; unsigned generation; } handle = {20, 0x4d, 256, 5, 0};
    int root = open("/", O_RDONLY);
    return syscall(SYS_open_by_handle_at, root, &handle, O_RDONLY) >= 0;
}
static int tree_search(void) {
    static struct btrfs_ioctl_search_args search;
    search.key.tree_id = 5;
    search.key.max_objectid = search.key.max_offset = search.key.max_transid = ~0ULL;
    search.key.max_type = ~0U;
    search.key.nr_items = 1;
    return ioctl(open("/", O_RDONLY), BTRFS_IOC_TREE_SEARCH, &search) == 0;
}
/* Who may not is refused before it is looked for; there is none of this number. */
static int subvolume_by_number(void) {
    static struct btrfs_ioctl_vol_args_v2 which = {.flags = BTRFS_SUBVOL_SPEC_BY_ID};
    which.subvolid = 1ULL << 40;
    return ioctl(open("/", O_RDONLY), BTRFS_IOC_SNAP_DESTROY_V2, &which) == 0 || errno != EPERM;
}
static int label(void) {
    char name[FSLABEL_MAX] = "";
    int root = open("/", O_RDONLY);
    return ioctl(root, FS_IOC_SETFSLABEL, name) == 0 || errno != EPERM;
}
static int default_subvolume(void) {
    unsigned long long id = 5;
    return ioctl(open("/", O_RDONLY), BTRFS_IOC_DEFAULT_SUBVOL, &id) == 0;
}
TRY(keyring, syscall(SYS_add_key, "user", "docker-btrfs-escape", "x", 1, -4 /* KEY_SPEC_USER_KEYRING */) >= 0)
TRY(keyring_read, syscall(SYS_keyctl, 6 /* KEYCTL_DESCRIBE */, -4, 0, 0, 0) >= 0)
TRY(type_into_terminal, ioctl(0, TIOCSTI, " ") == 0 || errno != EPERM)
TRY(module, syscall(SYS_init_module, "", 0, "") == 0 || (errno != EPERM && errno != ENOSYS))
TRY(kexec, syscall(SYS_kexec_load, 0, 0, 0, 0) == 0 || errno != EPERM)
TRY(restart, syscall(SYS_reboot, 0xfee1dead, 672274793, 0 /* CAD_OFF */, 0) == 0)
static int clock_(void) {
    struct timeval now;
    gettimeofday(&now, 0);
    return settimeofday(&now, 0) == 0;
}
TRY(swap, swapoff("/nothing") == 0 || errno != EPERM)
TRY(ports, ioperm(0x80, 1, 1) == 0)
TRY(core_pattern, opens("/proc/sys/kernel/core_pattern", O_WRONLY))
TRY(sysrq, opens("/proc/sysrq-trigger", O_WRONLY))
TRY(scsi, opens("/proc/scsi/scsi", O_WRONLY))
TRY(caching, opens("/proc/mtrr", O_WRONLY))
TRY(kernel_log, opens("/proc/dynamic_debug/control", O_WRONLY))
TRY(firmware, has_entries("/proc/acpi") || has_entries("/sys/firmware") || has_entries("/sys/devices/virtual/powercap"))
TRY(sound, has_entries("/proc/asound"))
TRY(processes, reads("/proc/sched_debug") || reads("/proc/latency_stats") || reads("/proc/timer_list"))
TRY(uevent_helper, opens("/sys/kernel/uevent_helper", O_WRONLY) || opens("/sys/kernel/profiling", O_WRONLY) || opens("/sys/power/state", O_WRONLY))
TRY(memory_image, reads("/proc/kcore"))
TRY(symbols, reads("/proc/kallsyms"))
static int bpf_(void) {
    union bpf_attr attributes = {.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1};
    return syscall(SYS_bpf, BPF_MAP_CREATE, &attributes, sizeof attributes) >= 0;
}
static int perf(void) {
    struct perf_event_attr attributes = {.type = PERF_TYPE_SOFTWARE, .size = sizeof attributes};
    return syscall(SYS_perf_event_open, &attributes, 0, -1, -1, 0) >= 0;
}
TRY(userfaults, syscall(SYS_userfaultfd, 0) >= 0)
TRY(priority, setpriority(PRIO_PROCESS, 0, -20) == 0)
static int other_networks(void) {
    struct if_nameindex *names = if_nameindex();
    int count = 0;
    while (names && names[count].if_index) if (strcmp(names[count++].if_name, "lo") != 0) return 1;
    return 0;
}
static int open_files(void) {
    int count = 0;
    for (int file = 3; file < 1024; file++) count += fcntl(file, F_GETFD) >= 0;
    return count > 0;
}
static int more_capabilities(void) {
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2] = {{~0U, ~0U, 0}, {0xff, 0xff, 0}};
    data[0].effective = data[0].permitted = 1U << 21 /* SYS_ADMIN */;
    data[1].effective = data[1].permitted = 0;
    return syscall(SYS_capset, &header, data) == 0;
}
/* A program with a capability that the process may not get is not started at all. */
static int file_capability(void) {
    struct { unsigned magic; struct { unsigned permitted, inheritable; } data[2]; } value = {0x02000001, {{1U << 21, 0}, {0, 0}}};
    if (system("cp /bin/busybox /root-busybox") != 0) return 0;
    if (setxattr("/root-busybox", "security.capability", &value, sizeof value, 0) != 0) return 0;
    return system("/root-busybox true 2>/dev/null") == 0;
}
static int immutable(void) {
    int flags = FS_IMMUTABLE_FL, file = open("/immutable", O_RDWR | O_CREAT, 0600), result = ioctl(file, FS_IOC_SETFLAGS, &flags);
    flags = 0;
    ioctl(file, FS_IOC_SETFLAGS, &flags);
    unlink("/immutable");
    return result == 0;
}
static int kernel_threads(void) {
    char name[16] = "";
    int file = open("/proc/2/comm", O_RDONLY);
    return read(file, name, sizeof name) > 0 && strcmp(name, "kthreadd\n") == 0;
}
TRY(audit, syscall(SYS_fanotify_init, 0x10 /* FAN_CLASS_... with all events of a mount */ | 0x20, 0) >= 0)
TRY(accounting, acct(0) == 0)

#define ROW(name) try(#name, name)
#ifdef LIBRARY
#define PROGRAM "/proc/self/exe"
TRY(program_mode, chmod(PROGRAM, 04777) == 0)
TRY(program_owner, chown(PROGRAM, 1234, -1) == 0)
static int program_attribute(void) {
    struct { unsigned magic; struct { unsigned permitted, inheritable; } data[2]; } value = {0x02000001, {{1, 0}, {0, 0}}};
    return setxattr(PROGRAM, "security.capability", &value, sizeof value, 0) == 0;
}
TRY(program_times, utimensat(AT_FDCWD, PROGRAM, 0, 0) == 0)
__attribute__((constructor)) static void of_the_program(void) {
    ROW(program_mode); ROW(program_owner); ROW(program_attribute); ROW(program_times);
    fflush(stdout);
    _exit(0);
}
#endif

int main(int count, char **arguments) {
    if (count < 2 || sscanf(arguments[1], "%u:%u", &disk_major, &disk_minor) != 2) return 2;
    int hurts = count < 3;
    setvbuf(stdout, 0, _IOLBF, 0);
    ROW(proc_1_root); ROW(proc_1_cwd); ROW(proc_1_exe); ROW(proc_1_files); ROW(proc_1_mem); ROW(proc_1_mounts);
    ROW(node_of_the_disk); ROW(node_of_memory); ROW(dev_has_more); ROW(mount_proc); ROW(mount_tmpfs); ROW(bind_root);
    ROW(fsopen_tmpfs); ROW(open_tree_clone); ROW(new_mounts); ROW(new_user); ROW(new_cgroups); ROW(new_user_by_clone); ROW(tree_search);
    ROW(subvolume_by_number); ROW(keyring); ROW(keyring_read); ROW(module); ROW(kexec); ROW(swap); ROW(core_pattern); ROW(sysrq); ROW(symbols); ROW(bpf_);
    ROW(perf); ROW(userfaults); ROW(priority); ROW(other_networks); ROW(more_capabilities); ROW(immutable);
    ROW(scsi); ROW(caching); ROW(kernel_log); ROW(firmware); ROW(sound); ROW(processes);
    ROW(kernel_threads); ROW(audit); ROW(file_handle); ROW(memory_image); ROW(type_into_terminal);
    if (!hurts) return 0;
    ROW(above_the_root); ROW(out_of_a_chroot); ROW(proc_1_exe_written); ROW(ptrace_1); ROW(images_disk); ROW(images_memory);
    ROW(images_messages); ROW(images_console); ROW(umount_cover); ROW(remount_with_devices); ROW(remount_settings); ROW(pivot);
    ROW(default_subvolume); ROW(label); ROW(restart); ROW(clock_); ROW(ports); ROW(uevent_helper); ROW(open_files); ROW(file_capability);
    ROW(accounting);
    return 0;
}
