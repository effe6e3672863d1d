#include "CLinux.h"

#include <linux/kexec.h>
#include <linux/netlink.h>
#include <sys/syscall.h>

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
