/* What Swift cannot call itself: variadic ioctl(2), fork(2), unshare(2), which needs _GNU_SOURCE, sockets with addresses whose kind it
 * cannot name, and macros. A checksum is here too: it is to be fast. */
#pragma once

/* Attaches a part of a file to a free loop device, which is freed when nothing has it open any more, not even a mount. Returns the open
 * device, and its number: /dev/loopN. Below 0 on a failure. */
int disk_attach(int file, unsigned long long offset, unsigned long long size, int *number);

/* Mounts of this thread's own, which nobody else sees: 0, or below 0 on a failure. A program that it becomes has them, too. */
int disk_own_mounts(void);

/* Starts a child with all its memory locked that will watch over a freeze of the filesystem that this file is on; below 0 on a failure.
 * `guard` has what the next ones take. */
typedef struct { int process, pipe; long long began, ended; } disk_guard;
int disk_guard_start(int file, disk_guard *guard);
/* Ends it where nothing was frozen. */
void disk_guard_stop(disk_guard *guard);
/* FIFREEZE: nothing of the filesystem changes any more, and all of it is on the disk. The child thaws it when `seconds` are over or this
 * process ends, so that nothing this process does can leave it frozen. At the end `guard` has when the freeze began and ended
 * (CLOCK_MONOTONIC, in nanoseconds). Below 0 on a failure; then nothing is frozen, and the child is gone. */
int disk_freeze(int file, unsigned char seconds, disk_guard *guard);
/* FITHAW: 0; below 0 with EINVAL where the filesystem was thawed before this, or the child did not watch to the end. The child is gone
 * after it. */
int disk_thaw(int file, disk_guard *guard);

/* CRC-32C as btrfs has it (RFC 3720, B.4), of a block in memory. */
unsigned disk_crc32c(const void *bytes, unsigned long long count);

/* connect(2) takes an address whose kind Swift cannot name: a stream to a socket's file, or below 0. Reads of it end after `seconds`. */
int disk_connect(const char *path, int seconds);
/* Whether a port of this machine can be listened on, of 127.0.0.1: 0, or below 0 where not. One that was used a moment ago can. */
int disk_listens(int port);

/* The number of a btrfs's device and its size in bytes, by any file of it; the number is 0 where it has several devices. Returns 0, or below 0
 * on a failure, as the others. */
int disk_btrfs_size(int file, unsigned long long *device, unsigned long long *size);
/* Whether a btrfs of one device is being scrubbed: 1 or 0, or below 0 on a failure. Only root may ask. */
int disk_btrfs_is_scrubbed(int file);
/* Takes from a subvolume what says that it was received; it has to be writable. */
int disk_btrfs_forget_received(int subvolume);
/* Lets a btrfs have all of its device. */
int disk_btrfs_resize(int file, unsigned long long device);
/* Tells the kernel how long a partition is, also one that is mounted; in bytes. */
int disk_resize_partition(int disk, int number, long long start, long long length);

unsigned disk_major(unsigned long long device);
unsigned disk_minor(unsigned long long device);
