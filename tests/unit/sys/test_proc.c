// SPDX-License-Identifier: Apache-2.0
/* procfs that is procfs, and processes that are the ones meant. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/vfs.h>

#include "scratch.h"
#include "sys/mnt.h"
#include "sys/proc.h"

static void test_open(void **state _unused_)
{
    struct error err = { 0 };
    struct statfs fs;
    _cleanup_close_ int fd = proc_open(&err);
    assert_true(fd >= 0);
    _cleanup_close_ int private = proc_open_private(&err);
    assert_true(private >= 0);
    assert_int_equal(fstatfs(private, &fs), 0);
    assert_int_equal(fs.f_type, 0x9fa0);
    char a[37], b[37];
    assert_int_equal(proc_boot_id(fd, a, &err), 0);
    assert_int_equal(proc_boot_id(private, b, &err), 0);
    assert_string_equal(a, b);
    assert_int_equal(strlen(a), 36);
}

static void test_start_time(void **state _unused_)
{
    struct error err = { 0 };
    uint64_t start = 0, again = 0;
    _cleanup_close_ int fd = proc_open(&err);
    assert_int_equal(prctl(PR_SET_NAME, ") R 1 (x) 2"), 0); /* a name that tries to be fields */
    assert_int_equal(proc_start_time(fd, getpid(), &start, &err), 0);
    assert_true(start > 0);
    assert_int_equal(prctl(PR_SET_NAME, "test"), 0);
    assert_int_equal(proc_start_time(fd, getpid(), &again, &err), 0);
    assert_true(start == again);
    assert_int_equal(proc_state(fd, getpid(), start), 'R');
    assert_int_equal(proc_state(fd, getpid(), 0), 'R');
    assert_int_equal(proc_state(fd, getpid(), start + 1), 0);
    assert_int_equal(proc_start_time(fd, 0, &again, &err), -ESRCH);
    assert_int_equal(proc_start_time(fd, -1, &again, &err), -ESRCH);
}

static void test_pidfd(void **state _unused_)
{
    struct error err = { 0 };
    uint64_t start = 0;
    _cleanup_close_ int fd = proc_open(&err);
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;)
            pause();
    }
    assert_int_equal(proc_start_time(fd, pid, &start, &err), 0);
    assert_int_equal(proc_pidfd(fd, pid, start + 1, &err), -ESRCH);
    int pidfd = proc_pidfd(fd, pid, start, &err);
    assert_true(pidfd >= 0);
    assert_int_equal(sys_pidfd_send_signal(pidfd, SIGKILL, NULL, 0), 0);
    siginfo_t info;
    assert_int_equal(waitid(P_PID, (id_t) pid, &info, WEXITED | WNOWAIT), 0);
    assert_int_equal(proc_state(fd, pid, start), 'Z');
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_int_equal(proc_state(fd, pid, start), 0);
    assert_int_equal(proc_pidfd(fd, pid, start, &err), -ESRCH);
    assert_int_equal(proc_start_time(fd, pid, &start, &err), -ESRCH);
    close(pidfd);
}

static void test_namespaces(void **state _unused_)
{
    static const char *const files[] = { "user", "pid" }, *const wrong[] = { "user", "nothing" };
    struct error err = { 0 };
    uint64_t start = 0;
    int got[2] = { -1, -1 };
    struct stat a, b;
    _cleanup_close_ int fd = proc_open(&err);
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;)
            pause();
    }
    assert_int_equal(proc_start_time(fd, pid, &start, &err), 0);
    assert_int_equal(proc_open_namespaces(fd, pid, start, files, 2, got, &err), 0);
    assert_int_equal(fstat(got[1], &a), 0);
    assert_int_equal(fstatat(AT_FDCWD, "/proc/self/ns/pid", &b, 0), 0);
    assert_true(a.st_ino == b.st_ino);
    close(got[0]);
    close(got[1]);
    int lowest = dup(fd); /* nothing stays open when it fails */
    close(lowest);
    assert_int_equal(proc_open_namespaces(fd, pid, start + 1, files, 2, got, &err), -ESRCH);
    assert_true(proc_open_namespaces(fd, pid, start, wrong, 2, got, &err) < 0);
    int after = dup(fd);
    close(after);
    assert_int_equal(after, lowest);
    int root = proc_open_root(fd, pid, start, &err);
    assert_int_equal(fstat(root, &a), 0);
    assert_int_equal(fstatat(AT_FDCWD, "/", &b, 0), 0);
    assert_true(a.st_ino == b.st_ino && a.st_dev == b.st_dev);
    close(root);
    assert_int_equal(proc_open_root(fd, pid, start + 1, &err), -ESRCH); /* the number was given to another */
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_int_equal(proc_open_namespaces(fd, pid, start, files, 2, got, &err), -ESRCH);
    assert_int_equal(proc_open_root(fd, pid, start, &err), -ESRCH);
}

static void test_write(void **state _unused_)
{
    struct error err = { 0 };
    char name[16];
    _cleanup_close_ int fd = proc_open(&err);
    assert_int_equal(proc_write(fd, "self/comm", "renamed", &err), 0);
    assert_int_equal(prctl(PR_GET_NAME, name), 0);
    assert_string_equal(name, "renamed");
    assert_int_equal(proc_write(fd, "self/none", "x", &err), -ENOENT);
    assert_true(proc_write(fd, "../etc/passwd", "x", &err) < 0);
    assert_true(proc_write(fd, "self/root/tmp/x", "x", &err) < 0);
    assert_true(proc_write(fd, "self/cwd/x", "x", &err) < 0);
}

/* CVE-2019-16884: something that looks like procfs, or a file mounted over the one to be written. */
static int decoys(void)
{
    struct error err = { 0 };
    if (!private_mounts())
        return CANNOT_MOUNT;
    _cleanup_close_ int private = proc_open_private(&err);
    CHECK(file_replace(scratch, "decoy", "", 0, 0600, false, &err) == 0);
    char decoy[4200], target[64];
    snprintf(decoy, sizeof(decoy), "%s/decoy", scratch_path);
    snprintf(target, sizeof(target), "/proc/%d/comm", getpid());
    CHECK(mount(decoy, target, NULL, MS_BIND, NULL) == 0);
    _cleanup_close_ int shared = proc_open(&err);
    CHECK_OK(shared, err);
    CHECK(proc_write(shared, "self/comm", "x", &err) == -EXDEV);
    CHECK_OK(proc_write(private, "self/comm", "y", &err), err);    /* its own instance has nothing on it */
    snprintf(target, sizeof(target), "/proc/%d/limits", getpid()); /* procfs over procfs is refused as well */
    snprintf(decoy, sizeof(decoy), "/proc/%d/status", getpid());
    CHECK(mount(decoy, target, NULL, MS_BIND, NULL) == 0);
    CHECK(proc_write(shared, "self/limits", "x", &err) == -EXDEV);
    CHECK(mount("tmpfs", "/proc", "tmpfs", 0, NULL) == 0);
    CHECK(proc_open(&err) == -EPERM);
    CHECK(umount2("/proc", MNT_DETACH) == 0 && mount("/proc/sys", "/proc", NULL, MS_BIND, NULL) == 0);
    CHECK(proc_open(&err) == -EPERM); /* procfs, but not its root */
    int again = proc_open_private(&err);
    CHECK_OK(again, err);
    return 0;
}

static void test_decoys(void **state _unused_)
{
    run_mount_test(decoys, "a decoy over /proc");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open),       cmocka_unit_test(test_start_time), cmocka_unit_test(test_pidfd),
        cmocka_unit_test(test_namespaces), cmocka_unit_test(test_write),      cmocka_unit_test(test_decoys),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_drop);
}
