// SPDX-License-Identifier: Apache-2.0
/*
 * Tests that change the process they run in (ids, namespaces, limits), or that leave something behind when they stop in the
 * middle: each body runs in a child, which stops at the first check() that fails; the parent cleans up.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>

#include "base/error.h"

static struct error forked_err;

#define check(condition)                                                                          \
    do {                                                                                          \
        if (!(condition)) {                                                                       \
            fprintf(stderr, "%s:%d: not so: %s (errno %d; message \"%s\")\n", __FILE__, __LINE__, \
                    #condition, errno, forked_err.msg);                                           \
            _exit(1);                                                                             \
        }                                                                                         \
    } while (0)
#define check_says(text) check(strstr(forked_err.msg, text) != NULL)

/* The exit status of body in a child; 128+n for a signal. */
static inline int forked_status(void (*body)(void))
{
    int status;
    fflush(NULL);
    error_clear(&forked_err);
    pid_t pid = fork();
    if (pid == 0) {
        body();
        fflush(NULL);
        _exit(0);
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static inline void forked(void (*body)(void))
{
    assert_int_equal(forked_status(body), 0);
}

static inline bool need_root(void)
{
    if (geteuid() == 0)
        return true;
    print_message("skipped: needs root\n");
    return false;
}
#define NEED_ROOT()       \
    do {                  \
        if (!need_root()) \
            skip();       \
    } while (0)

/* A small file of /proc/self as text, static. */
static inline const char *own_proc(const char *name)
{
    static char text[8192];
    char path[64];
    snprintf(path, sizeof(path), "/proc/self/%s", name);
    int fd = openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
    text[n > 0 ? n : 0] = '\0';
    if (fd >= 0)
        close(fd);
    return text;
}
