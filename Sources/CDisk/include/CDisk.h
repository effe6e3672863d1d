/* What Swift cannot see of C, for making disks: loop devices, since ioctl(2) is variadic, and unshare(2), which needs _GNU_SOURCE. */
#pragma once

/* Attaches a part of a file to a free loop device, which is freed when nothing has it open any more, not even a mount. Returns the open
 * device, and its number: /dev/loopN. Below 0 on a failure. */
int disk_attach(int file, unsigned long long offset, unsigned long long size, int *number);

/* Mounts of this thread's own, which nobody else sees: 0, or below 0 on a failure. A program that it becomes has them, too. */
int disk_own_mounts(void);
