// SPDX-License-Identifier: Apache-2.0
/*
 * base/util.h: memory, ownership and the few macros that everything uses.
 *
 * Memory: the x* allocators never return NULL. When memory runs out they write one line to standard error and end the
 * process with status 125. That is safe here because every state that oakum keeps on disk is written so that a process may
 * be killed at any instruction; running out of memory is just one more way to be killed.
 *
 * Ownership: a variable declared with a cleanup attribute owns its value until TAKE_PTR()/TAKE_FD() hands it on.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

/* Where programs are looked for when nothing says where: docker's choice, in containers and for those of the host. */
#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define MIN_OF(a, b) ((a) < (b) ? (a) : (b))
#define MAX_OF(a, b) ((a) > (b) ? (a) : (b))
#define _printf_(fmt, first) __attribute__((format(printf, fmt, first)))
#define _unused_ __attribute__((unused))
#define _noreturn_ __attribute__((noreturn))
#define _warn_unused_ __attribute__((warn_unused_result))

static inline void cleanup_free(void *p)
{
    free(*(void **) p);
}

/*
 * Descriptors below this are left open by the cleanup. 0 everywhere but in a process that is about to execute another program and
 * whose descriptors are all O_CLOEXEC: the exec closes them for nothing, where each close would be a system call.
 */
extern int cleanup_close_floor;

static inline void cleanup_close(int *fd)
{
    if (*fd >= cleanup_close_floor)
        close(*fd);
}

#define _cleanup_free_ __attribute__((cleanup(cleanup_free)))
#define _cleanup_close_ __attribute__((cleanup(cleanup_close)))

/* Hand a pointer or descriptor on; the variable is left empty, so its cleanup does nothing. */
#define TAKE_PTR(p)                    \
    ({                                 \
        __typeof__(p) take_tmp_ = (p); \
        (p) = NULL;                    \
        take_tmp_;                     \
    })
#define TAKE_FD(fd)           \
    ({                        \
        int take_tmp_ = (fd); \
        (fd) = -1;            \
        take_tmp_;            \
    })

void *xmalloc(size_t size) __attribute__((malloc, returns_nonnull));
void *xcalloc(size_t n, size_t size) __attribute__((malloc, returns_nonnull));
void *xrealloc(void *p, size_t size) __attribute__((returns_nonnull));
/* Overflow of n * size ends the process like lack of memory. */
void *xreallocarray(void *p, size_t n, size_t size) __attribute__((returns_nonnull));
char *xstrdup(const char *s) __attribute__((malloc, returns_nonnull));
char *xstrndup(const char *s, size_t n) __attribute__((malloc, returns_nonnull));
char *xasprintf(const char *fmt, ...) _printf_(1, 2) __attribute__((malloc, returns_nonnull));

static inline bool str_eq(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

/* NULL and "" are both empty. */
static inline bool str_empty(const char *s)
{
    return s == NULL || s[0] == '\0';
}

/* The rest of s after prefix, or NULL when s does not begin with it. */
static inline const char *str_after(const char *s, const char *prefix)
{
    size_t n = strlen(prefix);
    return strncmp(s, prefix, n) == 0 ? s + n : NULL;
}

/* snprintf into a fixed buffer that must fit: a cut-off is -ENAMETOOLONG, never silence. Returns the length. */
int str_format(char *buf, size_t size, const char *fmt, ...) _printf_(3, 4) _warn_unused_;

/* size random bytes as 2*size lower-case hex digits and a NUL into out (size <= 32). Never fails: ends the process if the kernel has no randomness. */
void random_hex(char *out, size_t size);
