// SPDX-License-Identifier: Apache-2.0
/*
 * Memory that never comes back NULL. The out-of-memory path allocates nothing and runs no exit handler: it may be reached in
 * a child that shares its parent's memory (CLONE_VFORK), where flushing stdio twice would be worse than dying.
 */
#include "base/util.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/random.h>

int cleanup_close_floor = 0;

#define EXIT_OUT_OF_MEMORY 125

static void _noreturn_ die(const char *line)
{
    ssize_t ignored _unused_ = write(STDERR_FILENO, line, strlen(line));
    _exit(EXIT_OUT_OF_MEMORY);
}

static void *need(void *p)
{
    if (p == NULL)
        die("oakum: out of memory\n");
    return p;
}

/* malloc(0) may be NULL; ours may not. */
void *xmalloc(size_t size)
{
    return need(malloc(size == 0 ? 1 : size));
}

void *xcalloc(size_t n, size_t size)
{
    return n == 0 || size == 0 ? need(calloc(1, 1)) : need(calloc(n, size));
}

void *xrealloc(void *p, size_t size)
{
    return need(realloc(p, size == 0 ? 1 : size));
}

void *xreallocarray(void *p, size_t n, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(n, size, &bytes))
        need(NULL);
    return xrealloc(p, bytes);
}

char *xstrdup(const char *s)
{
    return need(strdup(s));
}

char *xstrndup(const char *s, size_t n)
{
    /* s need not end within n bytes, nor at all behind them. */
    const char *end = memchr(s, '\0', n);
    size_t len = end != NULL ? (size_t) (end - s) : n;
    char *copy = xmalloc(len + 1);
    memcpy(copy, s, len);
    copy[len] = '\0';
    return copy;
}

char *xasprintf(const char *fmt, ...)
{
    char *s = NULL;
    va_list ap;
    va_start(ap, fmt);
    int n = vasprintf(&s, fmt, ap);
    va_end(ap);
    return need(n < 0 ? NULL : s);
}

int str_format(char *buf, size_t size, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(buf, size, fmt, ap);
    va_end(ap);
    return n < 0 || (size_t) n >= size ? -ENAMETOOLONG : n;
}

void random_hex(char *out, size_t size)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char bytes[32];
    if (size > sizeof(bytes))
        die("oakum: random_hex: too many bytes asked for\n");
    for (size_t have = 0; have < size;) {
        ssize_t n = getrandom(bytes + have, size - have, 0);
        if (n < 0 && errno != EINTR)
            die("oakum: the kernel has no random numbers\n");
        have += n > 0 ? (size_t) n : 0;
    }
    for (size_t i = 0; i < size; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[2 * size] = '\0';
}
