#include "CLinux.h"

#include <stdint.h>
#include <sys/syscall.h>

/* The same numbers on all architectures that Swift has. */
enum { call_setxattrat = 463, call_getxattrat, call_listxattrat, call_removexattrat };

struct attribute_value {
    _Alignas(8) unsigned long long value;
    unsigned size, flags;
};

/* Goes to a directory and returns a descriptor of the one before. */
static int enter(int directory)
{
    int before = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (before >= 0 && fchdir(directory) != 0) {
        close(before);
        return -1;
    }
    return before;
}

/* Goes back and passes a result on. */
static ssize_t leave(int before, ssize_t result)
{
    int code = errno;
    if (fchdir(before) != 0)
        result = -1;
    else
        errno = code;
    close(before);
    return result;
}

ssize_t linux_list_attributes_at(int directory, const char *name, char *list, size_t size)
{
    ssize_t result = syscall(call_listxattrat, directory, name, AT_SYMLINK_NOFOLLOW, list, size);
    if (result >= 0 || errno != ENOSYS)
        return result;
    int before = enter(directory);
    return before < 0 ? -1 : leave(before, llistxattr(name, list, size));
}

ssize_t linux_get_attribute_at(int directory, const char *name, const char *attribute, void *value, size_t size)
{
    struct attribute_value arguments = {.value = (uintptr_t)value, .size = (unsigned)size};
    ssize_t result = syscall(call_getxattrat, directory, name, AT_SYMLINK_NOFOLLOW, attribute, &arguments, sizeof arguments);
    if (result >= 0 || errno != ENOSYS)
        return result;
    int before = enter(directory);
    return before < 0 ? -1 : leave(before, lgetxattr(name, attribute, value, size));
}

int linux_set_attribute_at(int directory, const char *name, const char *attribute, const void *value, size_t size)
{
    struct attribute_value arguments = {.value = (uintptr_t)value, .size = (unsigned)size};
    long result = syscall(call_setxattrat, directory, name, AT_SYMLINK_NOFOLLOW, attribute, &arguments, sizeof arguments);
    if (result >= 0 || errno != ENOSYS)
        return (int)result;
    int before = enter(directory);
    return before < 0 ? -1 : (int)leave(before, lsetxattr(name, attribute, value, size, 0));
}

int linux_remove_attribute_at(int directory, const char *name, const char *attribute)
{
    long result = syscall(call_removexattrat, directory, name, AT_SYMLINK_NOFOLLOW, attribute);
    if (result >= 0 || errno != ENOSYS)
        return (int)result;
    int before = enter(directory);
    return before < 0 ? -1 : (int)leave(before, lremovexattr(name, attribute));
}
