#define _GNU_SOURCE
#include "CDisk.h"

#include <linux/blkpg.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>

int disk_resize_partition(int disk, int number, long long start, long long length)
{
    struct blkpg_partition partition = {.pno = number, .start = start, .length = length};
    struct blkpg_ioctl_arg argument = {.op = BLKPG_RESIZE_PARTITION, .datalen = sizeof partition, .data = &partition};
    return ioctl(disk, BLKPG, &argument);
}

unsigned disk_major(unsigned long long device) { return major(device); }
unsigned disk_minor(unsigned long long device) { return minor(device); }
