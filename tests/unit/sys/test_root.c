// SPDX-License-Identifier: Apache-2.0
/* Paths in a hostile root: links and .. end at the root, also while a process swaps names under us. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scratch.h"
#include "sys/root.h"

#define ROUNDS 3000

static int root = -1;

static bool same(int a, int b)
{
    struct stat x, y;
    return fstat(a, &x) == 0 && fstat(b, &y) == 0 && x.st_ino == y.st_ino && x.st_dev == y.st_dev;
}

static bool is_at(int fd, const char *path)
{
    _cleanup_close_ int other = openat(scratch, path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    return other >= 0 && same(fd, other);
}

/* SCRATCH/root is the root, SCRATCH/outside what must never be reached. */
static void fresh(void)
{
    struct error err = { 0 };
    if (root >= 0)
        close(root);
    assert_int_equal(tree_remove(scratch, "root", &err), 0);
    assert_int_equal(tree_remove(scratch, "outside", &err), 0);
    assert_int_equal(dir_make_all(scratch, "root/etc", 0755, &err), 0);
    assert_int_equal(dir_make_all(scratch, "outside/etc", 0755, &err), 0);
    assert_int_equal(file_replace(scratch, "outside/etc/canary", "c", 1, 0644, false, &err), 0);
    assert_int_equal(file_replace(scratch, "root/etc/canary", "mine", 4, 0644, false, &err), 0);
    root = openat(scratch, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
    assert_true(root >= 0);
}

static void assert_opens(const char *path, const char *where)
{
    struct error err = { 0 };
    int fd = root_open(root, path, O_PATH, &err);
    if (fd < 0)
        fail_msg("%s", err.msg);
    assert_true(is_at(fd, where));
    assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
    close(fd);
}

static void test_open(void **state _unused_)
{
    struct error err = { 0 };
    fresh();
    _cleanup_free_ char *outside = xasprintf("%s/outside", scratch_path);
    assert_int_equal(symlinkat(outside, root, "abs"), 0);
    assert_int_equal(symlinkat("../../../../../etc", root, "up"), 0);
    assert_int_equal(symlinkat("loop", root, "loop"), 0);
    assert_opens("/", "root");
    assert_opens("", "root");
    assert_opens("..", "root");
    assert_opens("/../../etc/../etc/canary", "root/etc/canary");
    assert_opens("etc/canary", "root/etc/canary");
    assert_opens("up/canary", "root/etc/canary");
    assert_int_equal(root_open(root, "abs/etc/canary", O_PATH, &err), -ENOENT);
    assert_string_equal(err.msg, "cannot open /abs/etc/canary in the container: No such file or directory");
    assert_int_equal(root_open(root, "/loop", O_PATH, &err), -ELOOP);
    assert_int_equal(root_open(root, "etc/new", O_WRONLY | O_CREAT, &err), -EINVAL);
    int fd = root_open(root, "abs", O_PATH | O_NOFOLLOW, &err);
    assert_true(is_at(fd, "root/abs"));
    close(fd);
}

static void test_no_magic_links(void **state _unused_)
{
    struct error err = { 0 };
    _cleanup_close_ int host = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(root_open(host, "proc/self/root/etc", O_PATH, &err), -ELOOP);
}

static void assert_makes(const char *path, const char *where)
{
    struct error err = { 0 };
    int fd = root_mkdir_all(root, path, 0755, &err);
    if (fd < 0)
        fail_msg("%s", err.msg);
    assert_true(is_at(fd, where));
    close(fd);
}

static void test_mkdir_all(void **state _unused_)
{
    struct error err = { 0 };
    fresh();
    assert_int_equal(symlinkat("/run", root, "etc/dangling"), 0);
    assert_int_equal(symlinkat("../srv/./deep", root, "etc/relative"), 0);
    assert_int_equal(symlinkat("../../../../etc", root, "etc/up"), 0);
    assert_int_equal(symlinkat("a", root, "b"), 0);
    assert_int_equal(symlinkat("b", root, "a"), 0);
    assert_makes("/", "root");
    assert_makes("x/y//z/", "root/x/y/z");
    assert_makes("x/y/z", "root/x/y/z");
    assert_makes("/n/../../../m/q", "root/m/q");
    assert_makes("etc/dangling/lock", "root/run/lock");
    assert_makes("etc/relative/sub", "root/srv/deep/sub");
    assert_makes("etc/up/here", "root/etc/here");
    assert_int_equal(root_mkdir_all(root, "etc/canary", 0755, &err), -ENOTDIR);
    assert_int_equal(root_mkdir_all(root, "etc/canary/x", 0755, &err), -ENOTDIR);
    assert_int_equal(root_mkdir_all(root, "a/x", 0755, &err), -ELOOP);
    _cleanup_free_ char *outside = xasprintf("%s/outside", scratch_path);
    assert_int_equal(symlinkat(outside, root, "abs"), 0);
    int fd = root_mkdir_all(root, "abs/made", 0755, &err);
    assert_true(fd >= 0); /* the same path below the root */
    close(fd);
    assert_int_equal(faccessat(scratch, "outside/made", F_OK, 0), -1);
    char longish[5000];
    memset(longish, 'x', sizeof(longish));
    longish[sizeof(longish) - 1] = '\0';
    assert_int_equal(root_mkdir_all(root, longish, 0755, &err), -ENAMETOOLONG);
}

static void assert_touches(const char *path, const char *where)
{
    struct error err = { 0 };
    int fd = root_touch(root, path, &err);
    if (fd < 0)
        fail_msg("%s", err.msg);
    assert_true(is_at(fd, where));
    close(fd);
}

static void test_touch(void **state _unused_)
{
    struct error err = { 0 };
    struct stat st;
    fresh();
    assert_int_equal(symlinkat("/run/file", root, "etc/dangling"), 0);
    assert_int_equal(symlinkat("../../../../outside/etc/planted", root, "etc/evil"), 0);
    assert_touches("etc/canary", "root/etc/canary");
    assert_int_equal(fstatat(root, "etc/canary", &st, 0), 0);
    assert_int_equal(st.st_size, 4);
    assert_touches("/p/q/file", "root/p/q/file");
    assert_int_equal(fstatat(root, "p/q/file", &st, 0), 0);
    assert_true(S_ISREG(st.st_mode));
    assert_touches("top", "root/top");
    assert_touches("etc/dangling", "root/run/file");
    assert_touches("etc/evil", "root/outside/etc/planted");
    assert_touches("etc", "root/etc");
    assert_int_equal(faccessat(scratch, "outside/etc/planted", F_OK, 0), -1);
    assert_int_equal(root_touch(root, "new/", &err), -EISDIR);
    assert_int_equal(root_touch(root, "new/..", &err), -EISDIR);
    assert_int_equal(root_touch(root, "etc/canary/x", &err), -ENOTDIR);
}

/* A process that swaps root/d, a directory, with root/l, a link that leads outside, as fast as it can. */
static pid_t start_swapping(const char *target)
{
    assert_int_equal(mkdirat(root, "d", 0755), 0);
    assert_int_equal(symlinkat(target, root, "l"), 0);
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;)
            renameat2(root, "d", root, "l", RENAME_EXCHANGE);
    }
    assert_true(pid > 0);
    return pid;
}

static void stop_swapping(pid_t pid)
{
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static int count_one(int dirfd _unused_, const char *name _unused_, unsigned char type _unused_, void *arg)
{
    ++*(int *) arg;
    return 0;
}

static void assert_outside_untouched(void)
{
    struct stat st;
    int n = 0;
    assert_int_equal(fstatat(scratch, "outside/etc/canary", &st, 0), 0);
    assert_int_equal(st.st_size, 1);
    assert_int_equal(dir_each(scratch, "outside", count_one, &n, NULL), 0);
    assert_int_equal(dir_each(scratch, "outside/etc", count_one, &n, NULL), 0);
    assert_int_equal(n, 2); /* etc, canary */
}

static void race_once(int round, const char *at, int canary)
{
    char path[80];
    snprintf(path, sizeof(path), "%s/etc/canary", at);
    int fd = root_open(root, path, O_PATH, NULL);
    assert_false(fd >= 0 && same(fd, canary));
    close(fd);
    snprintf(path, sizeof(path), "%s/new%d/sub", at, round);
    fd = root_mkdir_all(root, path, 0755, NULL);
    close(fd);
    snprintf(path, sizeof(path), "%s/file%d/f", at, round);
    fd = root_touch(root, path, NULL);
    close(fd);
    snprintf(path, sizeof(path), "%s/only%d", at, round);
    fd = root_touch(root, path, NULL);
    close(fd);
    snprintf(path, sizeof(path), "%s/../%s/via%d", at, at, round);
    fd = root_mkdir_all(root, path, 0755, NULL);
    close(fd);
}

static void race(const char *target)
{
    fresh();
    _cleanup_close_ int canary = openat(scratch, "outside/etc/canary", O_PATH | O_CLOEXEC);
    pid_t pid = start_swapping(target);
    for (int i = 0; i < ROUNDS; i++)
        race_once(i, i % 2 == 0 ? "d" : "l", canary);
    stop_swapping(pid);
    assert_outside_untouched();
}

static void test_race_absolute(void **state _unused_)
{
    _cleanup_free_ char *outside = xasprintf("%s/outside", scratch_path);
    race(outside);
}

static void test_race_relative(void **state _unused_)
{
    race("../outside");
}

/* The directory we stand in is moved, so that .. of it is another: the kernel must not be led out by that either. */
static void test_race_dotdot(void **state _unused_)
{
    struct error err = { 0 };
    fresh();
    assert_int_equal(dir_make_all(root, "a/b/c/d", 0755, &err), 0);
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;) {
            renameat(root, "a/b/c", root, "c");
            renameat(root, "c", root, "a/b/c");
        }
    }
    int opened = 0;
    for (int i = 0; i < ROUNDS; i++) {
        int fd = root_open(root, "a/b/c/d/../../../../../../outside", O_PATH, NULL);
        assert_true(fd == -ENOENT || fd == -EAGAIN);
        fd = root_open(root, "a/b/c/d/../../..", O_PATH, NULL);
        opened += fd >= 0;
        assert_false(fd >= 0 && is_at(fd, ""));
        close(fd);
    }
    stop_swapping(pid);
    assert_true(opened > 0);
    assert_outside_untouched();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open),          cmocka_unit_test(test_no_magic_links),
        cmocka_unit_test(test_mkdir_all),     cmocka_unit_test(test_touch),
        cmocka_unit_test(test_race_absolute), cmocka_unit_test(test_race_relative),
        cmocka_unit_test(test_race_dotdot),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_drop);
}
