// SPDX-License-Identifier: Apache-2.0
/*
 * What the cgroup tests share: a scratch cgroup that is killed and removed whatever happens to the test, children that run a
 * function inside it, and their results. Needs root; the test programs skip visibly without it.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>

#include "confine/cgroup_impl.h"

#define MIB (1024LL * 1024)
/* A field that is given. */
#define SET(x)                \
    {                         \
        .set = true, .v = (x) \
    }
/* r: resources with these device rules. */
#define RULES(r, ...)                                     \
    struct oci_device_rule r##_rules[] = { __VA_ARGS__ }; \
    struct oci_resources r = { .devices = r##_rules, .n_devices = ARRAY_LEN(r##_rules) }
#define PAUSE_MS(ms) ((void) poll(NULL, 0, ms))

static char scratch_path[128], scratch_outer[64];
static struct cgroup *scratch;
static struct error scratch_err;

#define assert_ok(call)                                      \
    do {                                                     \
        int assert_r_ = (call);                              \
        if (assert_r_ < 0)                                   \
            print_error("%s: %s\n", #call, scratch_err.msg); \
        assert_true(assert_r_ >= 0);                         \
    } while (0)
#define assert_says(text)                                      \
    do {                                                       \
        if (!strstr(scratch_err.msg, text))                    \
            print_error("message was: %s\n", scratch_err.msg); \
        assert_non_null(strstr(scratch_err.msg, text));        \
    } while (0)

static int scratch_setup(void **state _unused_)
{
    static int count;

    error_clear(&scratch_err);
    snprintf(scratch_outer, sizeof scratch_outer, "/oakum-test-%d-%d", (int) getpid(), ++count);
    snprintf(scratch_path, sizeof scratch_path, "%s", scratch_outer);
    return 0;
}

static void scratch_destroy(const char *path)
{
    struct cgroup *cg;

    if (cgroup_open(path, &cg, NULL) == 0) {
        (void) cgroup_signal(cg, SIGKILL, NULL);
        cgroup_free(cg);
    }
    while (waitpid(-1, NULL, WNOHANG) > 0)
        ;
    if (cgroup_remove(path, &scratch_err) < 0)
        print_error("left behind: %s\n", scratch_err.msg);
}

static int scratch_teardown(void **state _unused_)
{
    cgroup_free(scratch);
    scratch = NULL;
    scratch_destroy(scratch_path);
    if (strcmp(scratch_outer, scratch_path) != 0)
        scratch_destroy(scratch_outer);
    while (waitpid(-1, NULL, 0) > 0)
        ;
    return 0;
}

/* Runs fn(arg) as a process that is in cg; its return value is the exit code. 120: it could not get in. */
static _unused_ pid_t scratch_spawn(const struct cgroup *cg, int (*fn)(void *), void *arg)
{
    struct clone_args args = { .exit_signal = SIGCHLD };
    int joined[2];
    char byte;
    pid_t pid;

    assert_int_equal(pipe2(joined, O_CLOEXEC), 0);
    if (cgroup_clone_fd(cg) >= 0) {
        args.flags = CLONE_INTO_CGROUP;
        args.cgroup = (uint64_t) cgroup_clone_fd(cg);
    }
    pid = sys_clone3(&args, sizeof args);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (cgroup_join_self(cg, NULL) < 0)
            _exit(120);
        close(joined[0]);
        close(joined[1]);
        _exit(fn(arg));
    }
    assert_true(pid > 0);
    close(joined[1]);
    (void) !read(joined[0], &byte, 1); /* its end is closed when it is in, or dead */
    close(joined[0]);
    return pid;
}

/* Exit code, or 128 + signal. */
static _unused_ int scratch_wait(pid_t pid)
{
    int status;

    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static _unused_ int scratch_run(const struct cgroup *cg, int (*fn)(void *), void *arg)
{
    return scratch_wait(scratch_spawn(cg, fn, arg));
}

static _unused_ int child_sleep(void *arg _unused_)
{
    while (true)
        pause();
    return 0;
}

static _unused_ int child_touch(void *arg)
{
    size_t size = *(size_t *) arg;
    char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED)
        return 1;
    for (size_t i = 0; i < size; i += 4096)
        *(volatile char *) (p + i) = 1;
    return 0;
}

/* Forks until EAGAIN and waits for all; exit code: how many (at most 100). */
static _unused_ int child_count_forks(void *arg _unused_)
{
    int n = 0;

    while (n < 100) {
        pid_t pid = fork();
        if (pid < 0)
            break;
        if (pid == 0)
            child_sleep(NULL);
        n++;
    }
    return n;
}

/* Every process forks as fast as it can, for ever. */
static _unused_ int child_bomb(void *arg _unused_)
{
    signal(SIGCHLD, SIG_IGN);
    for (;;) {
        (void) !fork();
    }
    return 0;
}

static _unused_ int child_counter(void *arg)
{
    for (;;)
        ++*(volatile uint64_t *) arg;
    return 0;
}

/* errno of opening (or making and removing) device node major:minor in a private directory; 0 when it works. */
struct device_try {
    int type; /* S_IFCHR, S_IFBLK */
    unsigned major, minor;
    int flags;  /* O_RDONLY …; -1: only mknod */
    int dir_fd; /* holds node "N" for opening, made outside */
};
static _unused_ int child_device(void *arg)
{
    const struct device_try *t = arg;
    int fd;

    if (t->flags == -1)
        return mknodat(t->dir_fd, "made", (mode_t) t->type | 0600, makedev(t->major, t->minor)) == 0 ? 0
                                                                                                     : errno;
    fd = openat(t->dir_fd, "node", t->flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    return fd >= 0 ? 0 : errno;
}
static _unused_ int try_device(const struct cgroup *cg, int type, unsigned major, unsigned minor, int flags)
{
    char dir[] = "/tmp/oakum-test-XXXXXX";
    struct device_try t = { type, major, minor, flags, -1 };
    int r;

    assert_non_null(mkdtemp(dir));
    t.dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(mknodat(t.dir_fd, "node", (mode_t) type | 0600, makedev(major, minor)), 0);
    r = scratch_run(cg, child_device, &t);
    unlinkat(t.dir_fd, "node", 0);
    unlinkat(t.dir_fd, "made", 0);
    close(t.dir_fd);
    rmdir(dir);
    return r;
}

/* Content of a control file of the scratch cgroup without its newline. */
static _unused_ const char *value_of(enum cgroup_controller c, const char *file)
{
    static char buf[4096];
    const struct cgroup_hier *h = cgroup_hier_of(scratch, c);
    char *text;

    h = h ? h : cgroup_hier_v2(scratch);
    assert_non_null(h);
    assert_ok(file_read(h->dirfd, file, sizeof buf - 1, &text, NULL, &scratch_err));
    snprintf(buf, sizeof buf, "%s", text);
    free(text);
    buf[strcspn(buf, "\n")] = '\0';
    return buf;
}

static _unused_ size_t count_pids(void)
{
    pid_t *pids;
    size_t n;

    assert_ok(cgroup_pids(scratch, &pids, &n, &scratch_err));
    free(pids);
    return n;
}

/* So many, as soon as they are all in: that takes its time on a busy machine. */
static _unused_ void wait_for_pids(size_t n)
{
    for (int i = 0; i < 500 && count_pids() != n; i++)
        PAUSE_MS(10);
    assert_int_equal(count_pids(), n);
}

static _unused_ uint64_t *shared_counter(void)
{
    uint64_t *p = mmap(NULL, sizeof *p, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    assert_ptr_not_equal(p, MAP_FAILED);
    return p;
}

static _unused_ bool moves(const uint64_t *counter)
{
    uint64_t before = *(const volatile uint64_t *) counter;

    PAUSE_MS(30);
    return *(const volatile uint64_t *) counter != before;
}

/* On a busy machine it may be a while before it gets a turn. */
static _unused_ bool goes_on(const uint64_t *counter)
{
    for (int i = 0; i < 200; i++) {
        if (moves(counter))
            return true;
    }
    return false;
}

static _unused_ double now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double) t.tv_sec * 1e3 + (double) t.tv_nsec / 1e6;
}

#define SCRATCH_TEST(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

static inline void need_root(void)
{
    if (geteuid() == 0)
        return;
    printf("1..0 # SKIP needs root\n");
    exit(0);
}
