#define _GNU_SOURCE
#include "CDisk.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

int disk_attach(int file, unsigned long long offset, unsigned long long size, int *number)
{
    struct loop_config config = {
        .fd = (unsigned)file, .info = {.lo_offset = offset, .lo_sizelimit = size, .lo_flags = LO_FLAGS_AUTOCLEAR}
    };
    int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
    if (control < 0) return -1;
    int device = -1;
    /* Another process may take the one that was free. */
    for (int attempts = 0; attempts < 100; attempts++) {
        char name[32];
        *number = ioctl(control, LOOP_CTL_GET_FREE);
        if (*number < 0) break;
        snprintf(name, sizeof name, "/dev/loop%d", *number);
        device = open(name, O_RDWR | O_CLOEXEC);
        if (device < 0) break;
        if (ioctl(device, LOOP_CONFIGURE, &config) == 0) break;
        int code = errno;
        close(device);
        device = -1;
        errno = code;
        if (code != EBUSY) break;
    }
    int code = errno;
    close(control);
    errno = code;
    return device;
}
