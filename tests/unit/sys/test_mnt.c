// SPDX-License-Identifier: Apache-2.0
/* Detached mounts: made, restricted, attached; errors that say why. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/statvfs.h>

#include "scratch.h"
#include "sys/mnt.h"
#include "sys/root.h"

static int new_and_attach(void)
{
    struct error err = { 0 };
    struct statvfs vfs;
    struct stat st;
    if (!private_mounts())
        return CANNOT_MOUNT;
    CHECK(mkdirat(scratch, "on", 0755) == 0 && mkdirat(scratch, "copy", 0755) == 0 &&
          mknodat(scratch, "file", S_IFREG | 0600, 0) == 0);
    int m = mnt_new("tmpfs", "source", (const char *const[]){ "size=64k", "mode=0751", NULL },
                    MOUNT_ATTR_NOSUID, &err);
    CHECK_OK(m, err);
    int on = root_open(scratch, "on", O_PATH | O_DIRECTORY, &err);
    CHECK_OK(mnt_attach(m, on, &err), err);
    CHECK(fstatat(scratch, "on", &st, 0) == 0 && (st.st_mode & 07777) == 0751);
    CHECK(fstatvfs(m, &vfs) == 0 && (vfs.f_flag & ST_NOSUID) != 0 && vfs.f_blocks * vfs.f_frsize == 65536);
    CHECK(mkdirat(scratch, "on/d", 0755) == 0);
    int clone = mnt_clone(m, "d", false, &err);
    CHECK_OK(clone, err);
    CHECK_OK(mnt_setattr(clone, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOEXEC, 0, true, &err), err);
    CHECK_OK(mnt_propagation(clone, MS_PRIVATE, false, &err), err);
    int copy = root_open(scratch, "copy", O_PATH | O_DIRECTORY, &err);
    int file = root_open(scratch, "file", O_PATH, &err);
    CHECK(mnt_attach(clone, file, &err) == -ENOTDIR);
    CHECK_OK(mnt_attach(clone, copy, &err), err);
    CHECK(mkdirat(scratch, "copy/x", 0755) < 0 && errno == EROFS);
    CHECK(mkdirat(scratch, "on/d/x", 0755) == 0); /* the original stays writable */
    CHECK_OK(mnt_setattr(clone, 0, MOUNT_ATTR_RDONLY, false, &err), err);
    CHECK(mkdirat(scratch, "copy/y", 0755) == 0);
    int whole = mnt_clone(on, "", true, &err);
    CHECK_OK(whole, err);
    int f = mnt_clone(file, "", false, &err); /* a bind mount of a file */
    CHECK_OK(f, err);
    CHECK_OK(mnt_attach(f, file, &err), err);
    return 0;
}

static void test_new_and_attach(void **state _unused_)
{
    run_mount_test(new_and_attach, "a mount");
}

static int messages(void)
{
    struct error err = { 0 };
    char longish[400];
    if (!private_mounts())
        return CANNOT_MOUNT;
    CHECK(mnt_new("nosuchfs", NULL, NULL, 0, &err) == -ENODEV);
    CHECK(str_eq(err.msg, "cannot mount nosuchfs: this kernel has no such file system"));
    CHECK(mnt_new("tmpfs", NULL, (const char *const[]){ "bogus=1", NULL }, 0, &err) == -EINVAL);
    CHECK(strstr(err.msg, "option \"bogus=1\"") != NULL &&
          strstr(err.msg, "bogus'") != NULL); /* the kernel's own line */
    memset(longish, 'x', sizeof(longish));
    memcpy(longish, "size=", 5);
    longish[sizeof(longish) - 1] = '\0';
    CHECK(mnt_new("tmpfs", NULL, (const char *const[]){ longish, NULL }, 0, &err) == -EINVAL);
    CHECK(str_eq(
        err.msg,
        "cannot mount tmpfs: the value of option \"size\" is longer than the 255 bytes that the kernel takes"));
    longish[5 + 255] = '\0';
    CHECK(mnt_new("tmpfs", NULL, (const char *const[]){ longish, NULL }, 0, &err) == -EINVAL);
    CHECK(strstr(err.msg, "255 bytes") == NULL); /* the kernel's turn */
    int r = mnt_new("overlay", "overlay", (const char *const[]){ "lowerdir=/nonexistent", NULL }, 0, &err);
    CHECK(r < 0 && strstr(err.msg, "overlay") != NULL);
    fprintf(stderr, "%s\n", err.msg);
    CHECK(mnt_new("tmpfs", NULL, (const char *const[]){ "bogus=1", NULL }, 0, NULL) == -EINVAL);
    CHECK(mnt_clone(scratch, "missing", false, &err) == -ENOENT);
    return 0;
}

static void test_messages(void **state _unused_)
{
    run_mount_test(messages, "a refused mount");
}

/* A user namespace in which 0 is 100000, held by a child that waits for the pipe to close. */
static int make_userns(pid_t *ret_pid)
{
    int ready[2], hold[2];
    char path[64], c;
    if (pipe2(ready, O_CLOEXEC) < 0 || pipe2(hold, O_CLOEXEC) < 0)
        return -1;
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        close(hold[1]);
        if (unshare(CLONE_NEWUSER) < 0)
            _exit(1);
        write_all(ready[1], "x", 1);
        _exit(read(hold[0], &c, 1) < 0);
    }
    close(ready[1]);
    *ret_pid = pid;
    if (read(ready[0], &c, 1) != 1)
        return -1;
    snprintf(path, sizeof(path), "/proc/%d/uid_map", pid);
    if (file_write_value(AT_FDCWD, path, "0 100000 65536", NULL) < 0)
        return -1;
    snprintf(path, sizeof(path), "/proc/%d/gid_map", pid);
    if (file_write_value(AT_FDCWD, path, "0 100000 65536", NULL) < 0)
        return -1;
    snprintf(path, sizeof(path), "/proc/%d/ns/user", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    close(hold[1]);
    return fd;
}

static int idmapped(void)
{
    struct error err = { 0 };
    struct stat st;
    pid_t pid;
    if (!private_mounts())
        return CANNOT_MOUNT;
    int userns = make_userns(&pid);
    if (userns < 0)
        return CANNOT_MOUNT;
    int m = mnt_new("tmpfs", NULL, NULL, 0, &err);
    CHECK_OK(m, err);
    int r = mnt_idmap(m, userns, false, &err);
    if (r == -EINVAL) { /* tmpfs has it since 6.3 */
        CHECK(strstr(err.msg, "cannot do that") != NULL);
        return 0;
    }
    CHECK_OK(r, err);
    CHECK(fstat(m, &st) == 0 && st.st_uid == 100000);
    int p = mnt_new("proc", NULL, NULL, 0, &err);
    CHECK_OK(p, err);
    CHECK(mnt_idmap(p, userns, false, &err) == -EINVAL &&
          strstr(err.msg, "its file system cannot do that") != NULL);
    return 0;
}

static void test_idmap(void **state _unused_)
{
    run_mount_test(idmapped, "an id-mapped mount");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_new_and_attach),
        cmocka_unit_test(test_messages),
        cmocka_unit_test(test_idmap),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_drop);
}
