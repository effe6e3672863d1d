#define _GNU_SOURCE
#include "CDisk.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

int disk_connect(const char *path, int seconds)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    strcpy(address.sun_path, path);
    struct timeval limit = {.tv_sec = seconds};
    int opened = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (opened < 0) return -1;
    if (setsockopt(opened, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0
        && connect(opened, (struct sockaddr *)&address, sizeof address) == 0) return opened;
    int code = errno;
    close(opened);
    errno = code;
    return -1;
}

int disk_listens(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int is_on = 1, opened = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (opened < 0) return -1;
    /* As QEMU does it. */
    setsockopt(opened, SOL_SOCKET, SO_REUSEADDR, &is_on, sizeof is_on);
    int result = bind(opened, (struct sockaddr *)&address, sizeof address) == 0 ? listen(opened, 1) : -1, code = errno;
    close(opened);
    errno = code;
    return result;
}
