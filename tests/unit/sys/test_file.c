// SPDX-License-Identifier: Apache-2.0
/* Host files: reading, replacing, locking; removal of hostile trees. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/resource.h>

#include "scratch.h"

static void put(const char *name, const char *text)
{
    assert_int_equal(file_replace(scratch, name, text, strlen(text), 0644, false, NULL), 0);
}

static void test_read(void **state _unused_)
{
    struct error err = { 0 };
    char *s = NULL;
    size_t len = 0;
    put("r", "hello");
    assert_int_equal(file_read(scratch, "r", 5, &s, &len, &err), 0);
    assert_string_equal(s, "hello");
    assert_int_equal(len, 5);
    free(s);
    assert_int_equal(file_read(scratch, "r", 4, &s, &len, &err), -EFBIG);
    assert_string_equal(err.msg, "r is larger than 4 bytes");
    assert_int_equal(file_read(scratch, "none", 4, &s, &len, &err), -ENOENT);
    assert_string_equal(err.msg, "cannot open none: No such file or directory");
    assert_int_equal(file_read(AT_FDCWD, scratch_path, 4, &s, &len, &err), -EISDIR);
    assert_int_equal(mkfifoat(scratch, "fifo", 0600), 0);
    assert_int_equal(file_read(scratch, "fifo", 4, &s, &len, &err),
                     -EINVAL); /* and it did not wait for a writer */
    put("r", "");
    assert_int_equal(file_read(scratch, "r", 0, &s, &len, &err), 0);
    assert_string_equal(s, "");
    free(s);
    assert_int_equal(file_read(AT_FDCWD, "/proc/self/mountinfo", SIZE_MAX, &s, NULL, &err), 0);
    assert_true(strlen(s) > 20);
    free(s);
}

static void test_read_large(void **state _unused_)
{
    struct error err = { 0 };
    size_t size = 3 * 1024 * 1024 + 7, len;
    char *data = xmalloc(size), *s = NULL;
    for (size_t i = 0; i < size; i++)
        data[i] = (char) (i * 31 >> 3);
    assert_int_equal(file_replace(scratch, "large", data, size, 0600, true, &err), 0);
    assert_int_equal(file_read(scratch, "large", size, &s, &len, &err), 0);
    assert_int_equal(len, size);
    assert_memory_equal(s, data, size);
    free(s);
    int fd = file_open(scratch, "large", O_RDONLY, 0, &err); /* the growing way */
    assert_int_equal(file_read_fd(fd, "large", size + 1, &s, &len, &err), 0);
    assert_memory_equal(s, data, size);
    free(s);
    lseek(fd, 0, SEEK_SET);
    assert_int_equal(file_read_fd(fd, "large", size - 1, &s, &len, &err), -EFBIG);
    close(fd);
    free(data);
}

static int count_entry(int dirfd _unused_, const char *name, unsigned char type _unused_, void *arg)
{
    ++*(int *) arg;
    return str_eq(name, "stop") ? 42 : 0;
}

static void test_replace(void **state _unused_)
{
    struct error err = { 0 };
    struct stat st;
    int n = 0;
    mode_t old = umask(077);
    assert_int_equal(dir_make_all(scratch, "dir", 0700, &err), 0);
    assert_int_equal(file_replace(scratch, "dir/f", "1", 1, 0644, true, &err), 0);
    assert_int_equal(file_replace(scratch, "dir/f", "22", 2, 0640, true, &err), 0);
    umask(old);
    assert_int_equal(fstatat(scratch, "dir/f", &st, 0), 0);
    assert_int_equal(st.st_mode & 07777, 0640);
    assert_int_equal(st.st_size, 2);
    assert_int_equal(dir_make_all(scratch, "dir/taken", 0700, &err), 0);
    assert_true(file_replace(scratch, "dir/taken", "x", 1, 0600, false, &err) < 0);
    assert_int_equal(dir_each(scratch, "dir", count_entry, &n, &err), 0);
    assert_int_equal(n, 2); /* no temporary is left */
    assert_int_equal(file_replace(scratch, "no/f", "x", 1, 0600, false, &err), -ENOENT);
}

static void test_write_value(void **state _unused_)
{
    struct error err = { 0 };
    put("v", "old value");
    assert_int_equal(file_write_value(scratch, "v", "new", &err), 0);
    _cleanup_free_ char *s = NULL;
    assert_int_equal(file_read(scratch, "v", 100, &s, NULL, &err), 0);
    assert_string_equal(s, "new value");
    assert_int_equal(file_write_value(scratch, "missing", "x", &err), -ENOENT);
}

static void test_directories(void **state _unused_)
{
    struct error err = { 0 };
    int n = 0;
    assert_int_equal(dir_make_all(scratch, "a/b//c/d/", 0755, &err), 0);
    assert_int_equal(dir_make_all(scratch, "a/b/c/d", 0755, &err), 0);
    assert_int_equal(dir_make_all(scratch, "a/b/c/d/e", 0755, &err), 0);
    _cleanup_free_ char *absolute = xasprintf("%s/x/y/z", scratch_path);
    assert_int_equal(dir_make_all(AT_FDCWD, absolute, 0755, &err), 0);
    put("file", "");
    assert_int_equal(dir_make_all(scratch, "file", 0755, &err), -ENOTDIR);
    assert_int_equal(dir_make_all(scratch, "file/sub/x", 0755, &err), -ENOTDIR);
    assert_int_equal(symlinkat("a", scratch, "link"), 0);
    assert_int_equal(dir_open(scratch, "link", &err), -ENOTDIR);
    put("a/stop", "");
    assert_int_equal(dir_each(scratch, "a", count_entry, &n, &err) == 42, true);
    _cleanup_close_ int fd = dir_open(scratch, "a", &err);
    assert_int_equal(dir_check_private(fd, "a", &err), 0);
    assert_int_equal(fchmod(fd, 0775), 0);
    assert_int_equal(dir_check_private(fd, "a", &err), -EPERM);
}

static int try_lock(void)
{
    struct error err = { 0 };
    int fd = file_open(scratch, "lock", O_RDWR, 0, &err);
    return file_lock(fd, LOCK_EX | LOCK_NB, "lock", &err) == -EWOULDBLOCK ? 0 : 1;
}

static void test_lock(void **state _unused_)
{
    struct error err = { 0 };
    put("lock", "");
    _cleanup_close_ int fd = file_open(scratch, "lock", O_RDWR, 0, &err);
    assert_int_equal(file_lock(fd, LOCK_EX, "lock", &err), 0);
    assert_int_equal(in_child(try_lock), 0);
}

static void test_remove_kinds(void **state _unused_)
{
    struct error err = { 0 };
    struct stat st;
    assert_int_equal(tree_remove(scratch, "absent", &err), 0);
    assert_int_equal(tree_remove(scratch, "absent/x", &err), 0);
    put("one", "x");
    assert_int_equal(tree_remove(scratch, "one", &err), 0);
    put("keep", "x");
    assert_int_equal(dir_make_all(scratch, "t/sub/deep", 0755, &err), 0);
    assert_int_equal(symlinkat("../keep", scratch, "t/link"), 0);
    assert_int_equal(symlinkat("../..", scratch, "t/sub/up"), 0);
    assert_int_equal(mkfifoat(scratch, "t/fifo", 0600), 0);
    for (int i = 0; i < 3000; i++) {
        char name[64];
        snprintf(name, sizeof(name), "t/sub/f%d", i);
        put(name, "");
    }
    assert_int_equal(symlinkat("t", scratch, "tlink"), 0);
    assert_int_equal(tree_remove(scratch, "tlink", &err), 0); /* the link, not what it points to */
    assert_int_equal(fstatat(scratch, "t/sub", &st, 0), 0);
    assert_int_equal(tree_remove(scratch, "t/", &err), 0);
    assert_int_equal(fstatat(scratch, "t", &st, AT_SYMLINK_NOFOLLOW), -1);
    assert_int_equal(fstatat(scratch, "keep", &st, 0), 0);
    assert_int_equal(tree_remove(scratch, "..", &err), -EINVAL);
    assert_int_equal(tree_remove(scratch, "", &err), -EINVAL);
    assert_int_equal(tree_remove(scratch, "/", &err), -EINVAL);
}

#define LEVELS 10000

/* With few descriptors and a small stack, so that depth cannot hide behind generous limits. */
static int remove_deep(void)
{
    struct error err = { 0 };
    const struct rlimit few = { 64, 64 };
    CHECK(mkdirat(scratch, "deep", 0755) == 0);
    int at = openat(scratch, "deep", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (int i = 0; i < LEVELS; i++) {
        CHECK(mkdirat(at, "d", 0755) == 0);
        CHECK(i % 100 != 0 || (mkdirat(at, "e", 0755) == 0 && mkdirat(at, "e/x", 0755) == 0 &&
                               mknodat(at, "f", S_IFREG, 0) == 0));
        int next = openat(at, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        CHECK(next >= 0);
        close(at);
        at = next;
    }
    close(at);
    CHECK(setrlimit(RLIMIT_NOFILE, &few) == 0);
    CHECK_OK(tree_remove(scratch, "deep", &err), err);
    CHECK(faccessat(scratch, "deep", F_OK, 0) < 0);
    return 0;
}

static void test_remove_deep(void **state _unused_)
{
    assert_int_equal(in_child(remove_deep), 0);
}

/* An owner without rights on his own directories, as images have them. */
static int remove_without_rights(void)
{
    struct error err = { 0 };
    int dir = openat(scratch, "mine", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (geteuid() == 0) {
        CHECK(fchown(dir, 65534, 65534) == 0 && fchmodat(AT_FDCWD, scratch_path, 0755, 0) == 0);
        CHECK(setgid(65534) == 0 && setuid(65534) == 0);
    }
    CHECK(mkdirat(dir, "a", 0755) == 0 && mkdirat(dir, "a/b", 0755) == 0 && mkdirat(dir, "a/b/c", 0) == 0);
    CHECK(mkdirat(dir, "a/x", 0755) == 0 && mkdirat(dir, "a/x/y", 0755) == 0);
    CHECK(fchmodat(dir, "a/b", 0500, 0) == 0 && fchmodat(dir, "a/x", 0, 0) == 0 &&
          fchmodat(dir, "a", 0100, 0) == 0);
    CHECK_OK(tree_remove(dir, "a", &err), err);
    CHECK(faccessat(dir, "a", F_OK, 0) < 0);
    return 0;
}

static void test_remove_without_rights(void **state _unused_)
{
    assert_int_equal(mkdirat(scratch, "mine", 0755), 0);
    assert_int_equal(in_child(remove_without_rights), 0);
}

static int remove_mounted(void)
{
    struct error err = { 0 };
    char path[4200], other[4200];
    if (!private_mounts())
        return CANNOT_MOUNT;
    CHECK(dir_make_all(scratch, "m/a/on", 0755, &err) == 0 &&
          dir_make_all(scratch, "source", 0755, &err) == 0);
    CHECK(file_replace(scratch, "source/precious", "", 0, 0600, false, &err) == 0);
    snprintf(other, sizeof(other), "%s/source", scratch_path);
    snprintf(path, sizeof(path), "%s/m/a/on", scratch_path);
    CHECK(mount(other, path, NULL, MS_BIND, NULL) == 0); /* the same file system: st_dev would not tell */
    CHECK(tree_remove(scratch, "m", &err) == -EBUSY);
    CHECK(tree_remove(scratch, "m/a/on", &err) == -EBUSY);
    CHECK(strstr(err.msg, "something is mounted on \"on\"") != NULL);
    CHECK(faccessat(scratch, "source/precious", F_OK, 0) == 0);
    CHECK(umount2(path, MNT_DETACH) == 0);
    CHECK_OK(tree_remove(scratch, "m", &err), err);
    return 0;
}

static void test_remove_mounted(void **state _unused_)
{
    run_mount_test(remove_mounted, "removal of a tree with a mount in it");
}

static int remove_while_moved(void)
{
    struct error err = { 0 };
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;)
            renameat2(scratch, "race/d", scratch, "race/l", RENAME_EXCHANGE);
    }
    CHECK(dir_make_all(scratch, "outside/dir", 0755, &err) == 0);
    for (int i = 0; i < 1000; i++) {
        CHECK(dir_make_all(scratch, "race/d/x/y", 0755, &err) == 0 || err.code == -ENOTDIR ||
              err.code == -ENOENT || err.code == -EEXIST);
        CHECK(symlinkat("../outside", scratch, "race/l") == 0 || errno == EEXIST || errno == ENOENT);
        int r = tree_remove(scratch, "race", &err);
        CHECK(r == 0 || r == -ENOTDIR || r == -ELOOP);
        CHECK(faccessat(scratch, "outside/dir", F_OK, 0) == 0);
    }
    kill(pid, SIGKILL);
    CHECK(waitpid(pid, NULL, 0) == pid);
    return 0;
}

static void test_remove_race(void **state _unused_)
{
    assert_int_equal(in_child(remove_while_moved), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_read_large),
        cmocka_unit_test(test_replace),
        cmocka_unit_test(test_write_value),
        cmocka_unit_test(test_directories),
        cmocka_unit_test(test_lock),
        cmocka_unit_test(test_remove_kinds),
        cmocka_unit_test(test_remove_deep),
        cmocka_unit_test(test_remove_without_rights),
        cmocka_unit_test(test_remove_mounted),
        cmocka_unit_test(test_remove_race),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_drop);
}
