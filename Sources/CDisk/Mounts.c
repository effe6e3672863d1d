#define _GNU_SOURCE
#include "CDisk.h"

#include <sched.h>
#include <stddef.h>
#include <sys/mount.h>

int disk_own_mounts(void)
{
    return unshare(CLONE_NEWNS) < 0 ? -1 : mount("none", "/", NULL, MS_REC | MS_SLAVE, NULL);
}
