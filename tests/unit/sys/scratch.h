// SPDX-License-Identifier: Apache-2.0
/* A directory of its own for each test program, and children in which a test may unshare, mount and be killed. */
#pragma once

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "sys/file.h"

static int scratch = -1; /* descriptor of the directory */
static char scratch_path[4096];

static inline int scratch_make(void **state _unused_)
{
    const char *base = getenv("TMPDIR");
    snprintf(scratch_path, sizeof(scratch_path), "%.4000s/oakum-test-XXXXXX", base != NULL ? base : "/tmp");
    if (mkdtemp(scratch_path) == NULL)
        return -1;
    scratch = dir_open(AT_FDCWD, scratch_path, NULL);
    return scratch < 0 ? -1 : 0;
}

static inline int scratch_drop(void **state _unused_)
{
    close(scratch);
    return tree_remove(AT_FDCWD, scratch_path, NULL);
}

/* Runs fn in a child; its return value (0 to 125) comes back, -1 when it died otherwise. */
static inline int in_child(int (*fn)(void))
{
    int status;
    fflush(stdout);
    fflush(stderr);
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        _exit(fn());
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
        return -1;
    return WEXITSTATUS(status);
}

#define CANNOT_MOUNT 77

/* In a child: a mount namespace of its own, from which nothing gets out. The descriptor is taken anew: the old one is on the old mount. */
static inline bool private_mounts(void)
{
    if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        return false;
    scratch = dir_open(AT_FDCWD, scratch_path, NULL);
    return scratch >= 0;
}

/* In a child: ends it with the line when the condition does not hold. */
#define CHECK(condition)                                                                      \
    do {                                                                                      \
        if (!(condition)) {                                                                   \
            fprintf(stderr, "%s:%d: %s (errno %d)\n", __FILE__, __LINE__, #condition, errno); \
            return 1;                                                                         \
        }                                                                                     \
    } while (0)

/* As CHECK, with what the error object says. */
#define CHECK_OK(call, err)                                                           \
    do {                                                                              \
        if ((call) < 0) {                                                             \
            fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #call, (err).msg); \
            return 1;                                                                 \
        }                                                                             \
    } while (0)

static inline void run_mount_test(int (*fn)(void), const char *what)
{
    int r = in_child(fn);
    if (r == CANNOT_MOUNT) {
        print_message("skipped: %s needs the right to mount\n", what);
        skip();
    }
    assert_int_equal(r, 0);
}
