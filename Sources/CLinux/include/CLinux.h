/* The C interfaces that docker-btrfs is built on, for Swift.
 *
 * Swift cannot see variadic functions and function-like macros. Each function below stands for one of those, does nothing
 * else, and says which. Whatever Swift can call by itself is called by its own name. */
#pragma once
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/utsname.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include <blkid/blkid.h>
#include <btrfsutil.h>
#include <jansson.h>
#include <nettle/md5.h>
#include <nettle/sha2.h>
#include <sha2.h>

/* The version of both programs. CLinux.c has it as an ELF note too, which says what a docker-btrfs-init is without running it. */
#define DOCKER_BTRFS_VERSION "0.2.0"

/* errno is a macro over a thread-local. */
int linux_errno(void);

/* open(2) is variadic. */
int linux_open(const char *path, int flags, mode_t mode);

/* flock(2) has the name of a structure too. */
int linux_flock(int descriptor, int operation);

/* openat2(2) has no wrapper in glibc. `resolve` is one of the combinations below (linux/openat2.h cannot be included
 * beside fcntl.h in every glibc). */
int linux_openat2(int directory, const char *path, int flags, mode_t mode, unsigned long long resolve);
extern const unsigned long long linux_resolve_in_root; /* RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS */
extern const unsigned long long linux_resolve_one_mount; /* the next one | RESOLVE_NO_XDEV */
extern const unsigned long long linux_resolve_no_links; /* RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS */

/* ioctl(2) is variadic, and its request numbers are function-like macros. */
int linux_clone_file(int destination, int source);                      /* FICLONE */
int linux_get_flags(int descriptor, int *flags);                        /* FS_IOC_GETFLAGS */
int linux_set_flags(int descriptor, int flags);                         /* FS_IOC_SETFLAGS */
int linux_btrfs_scan_device(int control, const char *device);           /* BTRFS_IOC_SCAN_DEV: tell the kernel of a member */
int linux_btrfs_devices_ready(int control, const char *device);         /* BTRFS_IOC_DEVICES_READY: 0 when all are there */

/* BTRFS_IOC_TREE_SEARCH_V2: items of the tree of the subvolume that this file is in, from one key through another, from those blocks of
 * the tree alone that were written in the transaction `since` or later. The buffer of `size` bytes is aligned to 8; its first
 * linux_btrfs_search_start are the kernel's, and then comes each item: a linux_btrfs_item and its bytes. Says how many fit, 0 at the
 * end; below 0 on a failure. */
typedef struct { unsigned long long object, offset; unsigned type; } linux_btrfs_key;
typedef struct { unsigned long long transaction, object, offset; unsigned type, length; } linux_btrfs_item; /* btrfs_ioctl_search_header */
extern const int linux_btrfs_search_start;
int linux_btrfs_search(
    int file, linux_btrfs_key first, linux_btrfs_key last, unsigned long long since, void *buffer, unsigned long long size);
/* BTRFS_IOC_SYNC: what was changed before is in the trees when this returns. */
int linux_btrfs_commit(int file);
bool linux_is_same_btrfs(int one, int other); /* BTRFS_IOC_FS_INFO: also where each is of another subvolume */

/* BTRFS_IOC_SEND: writes a read-only subvolume to a file or a pipe, as `btrfs receive` reads it. */
int linux_btrfs_send(int subvolume, int file);

/* FS_IOC_FIEMAP: how many bytes of a file's content no other file shares; below 0 on a failure. */
long long linux_own_bytes(int file);

int linux_btrfs_lift_limits(int subvolume);                             /* BTRFS_IOC_QGROUP_LIMIT: none; 0 without quotas */

/* BTRFS_IOC_SPACE_INFO: bytes free in the chunks of data and of metadata, and those that are used. What no chunk has taken
 * counts as free for both, as does what is free in a chunk for both: that is `either`. Of metadata, what the kernel reserves for
 * deleting is taken off. */
typedef struct { unsigned long long data, metadata, either, data_used, metadata_used; } linux_space;
int linux_btrfs_space(int descriptor, linux_space *space);

/* Macros of linux/fs.h, which cannot be included beside sys/mount.h in every glibc. */
extern const int linux_copied_flags;    /* FS_*_FL that a copy has too: not those that make a file unchangeable */
extern const int linux_locking_flags;   /* FS_IMMUTABLE_FL | FS_APPEND_FL */
extern const int linux_inherited_flags; /* the ones that btrfs gives a new file from its directory */

/* Extended attributes of what cannot be opened: a symlink, device, fifo or socket named in a directory. glibc has no wrappers
 * for getxattrat(2) and its like, and kernels before 6.13 have no such calls. There the name is looked up in the working
 * directory, which is changed and changed back: /proc/self/fd may not be there, and this program has one thread. */
ssize_t linux_list_attributes_at(int directory, const char *name, char *list, size_t size);
ssize_t linux_get_attribute_at(int directory, const char *name, const char *attribute, void *value, size_t size);
int linux_set_attribute_at(int directory, const char *name, const char *attribute, const void *value, size_t size);
int linux_remove_attribute_at(int directory, const char *name, const char *attribute);

/* RLIMIT_NOFILE is a macro or an enum, as the headers are read. Lets this process have as many open files as it may. */
void linux_raise_file_limit(void);

/* BTRFS_SUPER_MAGIC, and what fstatfs(2) says of a descriptor. */
bool linux_is_btrfs(int descriptor);
bool linux_keeps_change_times(int descriptor); /* the same for the filesystems that are known to */
bool linux_keeps_modes(int descriptor); /* false for those of FAT, on which every file has the mode that the mount gives it */

/* Time of a clock in nanoseconds: CLOCK_MONOTONIC is a macro over an int that Swift cannot pass as clockid_t everywhere. */
long long linux_monotonic_nanoseconds(void);

/* finit_module(2) has no wrapper in glibc. */
int linux_load_module(int file, const char *parameters);

/* sockaddr_nl and the numbers of netlink are in kernel headers. A socket that gets what the kernel and udev tell of devices. */
int linux_listen_for_devices(void);

/* Swift has no fork(2).
 *
 * Whether the kernel would start a program below the directory `root`: 0, or the errno of execve(2). It is started, traced and
 * ended before its first instruction. */
int linux_try_program(int root, const char *path);
/* Runs a program as the leader of a session on the console and returns when it ended. Children that others left are reaped. */
void linux_run_on_console(const char *path);

/* A child with one open file, in a session of its own: 0 in it, below 0 where there is none. */
int linux_fork_with(int descriptor);

/* execv(2) takes pointers to C strings: becomes a program, with this program's other arguments and its environment, and with
 * the signals and the limits that this program began with. */
void linux_become(const char *program);

/* What ramfs and tmpfs say of a descriptor in fstatfs(2). */
bool linux_is_in_memory(int descriptor);

/* SIG_IGN is a cast macro. A reader of our messages that goes away must not end the boot. */
void linux_ignore_broken_pipes(void);
/* Where a standard stream is closed, what is opened next would have its number, and get what is said: a device, a kernel. */
void linux_hold_standard_streams(void);
bool linux_is_ignored(int signal);

/* prctl(2) is variadic. What children of this program leave behind when they end becomes its child, and not that of process 1. */
void linux_adopt_orphans(void);

/* reboot(2) takes its command as a macro over int: RB_AUTOBOOT, or RB_POWER_OFF. */
int linux_reboot(void);
int linux_power_off(void);

/* kexec_file_load(2) has no wrapper in glibc, and RB_KEXEC is a macro over int too. The files are below the directory `tree`, as if
 * that was `/`. */
int linux_load_kernel(int tree, const char *kernel, const char *initramfs, const char *line);
void linux_forget_kernel(void);
int linux_start_kernel(void);

/* The program's arguments: Embedded Swift has no CommandLine, and /proc may not be mounted. glibc hands argc and argv to
 * constructors, in static programs too. */
int linux_argument_count(void);
const char *linux_argument(int index);

/* Embedded Swift's print() goes through putchar; this writes a whole buffer to a descriptor. */
bool linux_write_all(int descriptor, const void *bytes, size_t count);
/* Whether something of what was printed could not be written. */
bool linux_output_failed(void);
/* TIOCGWINSZ: in columns, or 0 where the file is no terminal or does not say. */
unsigned linux_terminal_width(int file);
