/* Smaller forms of what libblkid and jansson take from a static glibc. Linked into docker-btrfs-init in place of glibc's own,
 * they leave out scanf of every kind, floating point and wide characters: 80 kB of 690 kB compressed.
 *
 * Only where all is linked statically (LEAN): in other programs these names would take the place of everybody's functions. */
#include "CLinux.h"

#include <ctype.h>
#include <stdint.h>

/* Stores an integer of the size that a conversion has: 0 int, 1 long, 2 long long, -1 short, -2 char. */
static void store(void *place, int size, unsigned long long value)
{
    switch (size) {
    case -2: *(unsigned char *)place = (unsigned char)value; break;
    case -1: *(unsigned short *)place = (unsigned short)value; break;
    case 0: *(unsigned *)place = (unsigned)value; break;
    case 1: *(unsigned long *)place = (unsigned long)value; break;
    default: *(unsigned long long *)place = value; break;
    }
}

/* The length of the text at `next` that a %s or a %[^...] takes; `ends` are the characters that end it. */
static size_t text_length(const char *next, const char *ends, size_t ends_count, size_t width)
{
    size_t length = 0;
    while (length < width && next[length]) {
        if (ends ? memchr(ends, next[length], ends_count) != NULL : isspace((unsigned char)next[length]))
            break;
        length++;
    }
    return length;
}

int lean_vsscanf(const char *text, const char *format, va_list arguments)
{
    int assigned = 0;
    for (; *format; format++) {
        if (isspace((unsigned char)*format)) {
            while (isspace((unsigned char)*text)) text++;
            continue;
        }
        if (*format != '%') {
            if (*text++ != *format)
                return assigned;
            continue;
        }
        char *after;
        size_t width = strtoul(format + 1, &after, 10);
        format = after;
        int size = 0;
        for (; strchr("lhjzt", *format) && *format; format++) size += *format == 'h' ? -1 : 1;
        if (*format != '[')
            while (isspace((unsigned char)*text)) text++;
        if (!*text)
            return assigned ? assigned : EOF;
        if (*format == 's' || (*format == '[' && format[1] == '^')) {
            const char *ends = NULL, *end = format;
            if (*format == '[') {
                ends = format + 2;
                if (!(end = strchr(ends, ']')))
                    return assigned;
            }
            size_t length = text_length(text, ends, (size_t)(end - ends), width ? width : SIZE_MAX);
            if (!length)
                return assigned;
            char *place = va_arg(arguments, char *);
            memcpy(place, text, length);
            place[length] = 0;
            text += length;
            format = end;
        } else if (strchr("dux", *format)) {
            unsigned long long value = strtoull(text, &after, *format == 'x' ? 16 : 10);
            if (after == text)
                return assigned;
            store(va_arg(arguments, void *), size, value);
            text = after;
        } else {
            return assigned;
        }
        assigned++;
    }
    return assigned;
}

#ifdef LEAN

int __isoc99_sscanf(const char *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int assigned = lean_vsscanf(text, format, arguments);
    va_end(arguments);
    return assigned;
}

/* Takes all that a stream has: what is read so is one line, of /sys or of a pipe. */
int __isoc99_vfscanf(FILE *stream, const char *format, va_list arguments)
{
    char text[512];
    text[fread(text, 1, sizeof text - 1, stream)] = 0;
    return lean_vsscanf(text, format, arguments);
}

int __isoc99_fscanf(FILE *stream, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int assigned = __isoc99_vfscanf(stream, format, arguments);
    va_end(arguments);
    return assigned;
}

/* jansson's real numbers: nothing here reads or writes one, but a document may have some. */
int jsonp_strtod(void *buffer, double *value)
{
    (void)buffer;
    *value = 0;
    return 0;
}

int jsonp_dtostr(char *buffer, size_t size, double value, int precision)
{
    (void)buffer, (void)size, (void)value, (void)precision;
    return -1;
}

/* What printf would need for floating point and for wide streams. */
int __printf_fp(void *stream, const void *how, const void *const *arguments)
{
    (void)stream, (void)how, (void)arguments;
    return -1;
}

int __printf_fphex(void *stream, const void *how, const void *const *arguments)
{
    return __printf_fp(stream, how, arguments);
}

int __vfwprintf_internal(void *stream, const void *format, va_list arguments, unsigned mode)
{
    (void)stream, (void)format, (void)arguments, (void)mode;
    return -1;
}

#endif
