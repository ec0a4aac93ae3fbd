// SPDX-License-Identifier: Apache-2.0
/* confine/landlock.h: what a process may still write and execute, when the mounts themselves do not say no any more. */
#include "test_forked.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "confine/landlock.h"
#include "sys/file.h"

#define BUSYBOX "/bin/busybox"

static void copy_busybox(const char *to)
{
    char buf[65536];
    int in = open(BUSYBOX, O_RDONLY | O_CLOEXEC), out = open(to, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
    check(in >= 0 && out >= 0);
    for (ssize_t n; (n = read(in, buf, sizeof(buf))) > 0;)
        check(write_all(out, buf, (size_t) n) == 0);
    close(in);
    close(out);
}

/* A root on a tmpfs that nobody else sees: /bin, /etc, /data, /noexec and /opt/a/noexec are all writable and executable as far as mounts go. */
static void make_root(void)
{
    static const char *const dirs[] = { "bin", "etc", "data", "noexec", "opt", "opt/a", "opt/a/noexec" };
    check(unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
    check(mount("tmpfs", "/mnt", "tmpfs", 0, NULL) == 0);
    for (size_t i = 0; i < ARRAY_LEN(dirs); i++) {
        char path[64];
        snprintf(path, sizeof(path), "/mnt/%s", dirs[i]);
        check(mkdir(path, 0755) == 0);
        if (i == 2 || i == 3 || i == 6)
            check(mount("tmpfs", path, "tmpfs", 0, NULL) == 0);
        if (i != 1) {
            snprintf(path, sizeof(path), "/mnt/%s/busybox", dirs[i]);
            copy_busybox(path);
        }
    }
    check(chroot("/mnt") == 0 && chdir("/") == 0);
}

static struct oci_spec *make_spec(bool readonly)
{
    static const char *const rw[] = { "rw", NULL }, *const noexec[] = { "noexec", "rw", NULL };
    struct oci_spec *spec = oci_spec_new();
    spec->root_readonly = readonly;
    spec->process.no_new_privileges = true;
    oci_mount_add(spec, "/data", "tmpfs", "tmpfs", rw);
    oci_mount_add(spec, "/noexec", "tmpfs", "tmpfs", noexec);
    oci_mount_add(spec, "/opt/a/noexec", "tmpfs", "tmpfs", noexec);
    oci_pairs_set(spec->arena, &spec->annotations, ANNOTATION_LANDLOCK, "on");
    return spec;
}

static int run_status(const char *path)
{
    pid_t pid = fork();
    if (pid == 0) {
        execl(path, "true", NULL);
        _exit(errno == EACCES ? 99 : 98);
    }
    int status = 0;
    waitpid(pid, &status, 0);
    return WEXITSTATUS(status);
}

static int try_write(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    int code = fd < 0 ? errno : 0;
    if (fd >= 0)
        close(fd);
    return code;
}

static void body_readonly(void)
{
    struct oci_spec *spec = make_spec(true);
    make_root();
    check(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
    check(landlock_apply(spec, -1, &forked_err) == 0);
    check(try_write("/data/x") == 0 && try_write("/noexec/x") == 0);
    check(try_write("/etc/x") == EACCES && try_write("/x") == EACCES && try_write("/bin/busybox") == EACCES);
    check(mkdir("/etc/d", 0700) < 0 && errno == EACCES);
    check(unlink("/bin/busybox") < 0 && errno == EACCES);
    check(run_status("/bin/busybox") == 0 && run_status("/data/busybox") == 0);
    check(run_status("/noexec/busybox") == 99);
    /* Below the top level: not the mount, but what is beside the way to it. */
    check(run_status("/opt/a/noexec/busybox") == 99);
    check(run_status("/opt/a/busybox") == 0 && run_status("/opt/busybox") == 0);
    check(open("/bin/busybox", O_RDONLY | O_CLOEXEC) >= 0 &&
          open("/noexec/busybox", O_RDONLY | O_CLOEXEC) >= 0);
    /* And the mounts cannot be changed, whatever capabilities are left. */
    check(mount("tmpfs", "/etc", "tmpfs", 0, NULL) < 0 && errno == EPERM);
    oci_spec_free(spec);
}

static void body_writable(void)
{
    struct oci_spec *spec = make_spec(false);
    make_root();
    check(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
    check(landlock_apply(spec, -1, &forked_err) == 0);
    check(try_write("/etc/x") == 0 && try_write("/data/x") == 0);
    check(run_status("/bin/busybox") == 0);
    oci_spec_free(spec);
}

/* A program outside of the root that may be executed all the same: oakum-init. */
static void body_exec_fd(void)
{
    struct oci_spec *spec = make_spec(true);
    int fd = open(BUSYBOX, O_PATH | O_CLOEXEC), other = open("/bin/sh", O_PATH | O_CLOEXEC);
    make_root();
    check(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
    check(landlock_apply(spec, fd, &forked_err) == 0);
    char *argv[] = { (char *) "true", NULL };
    pid_t pid = fork();
    if (pid == 0) {
        sys_execveat(fd, "", argv, argv + 1, AT_EMPTY_PATH);
        _exit(98);
    }
    int status;
    check(waitpid(pid, &status, 0) == pid && status == 0);
    check(sys_execveat(other, "", argv, argv + 1, AT_EMPTY_PATH) < 0 && errno == EACCES);
    oci_spec_free(spec);
}

static void body_not_asked(void)
{
    struct oci_spec *spec = make_spec(true);
    oci_pairs_set(spec->arena, &spec->annotations, ANNOTATION_LANDLOCK, "off");
    check(!landlock_wanted(spec));
    make_root();
    check(landlock_apply(spec, -1, &forked_err) == 0);
    check(try_write("/etc/x") == 0);
    oci_spec_free(spec);
}

static void body_without_nnp(void)
{
    struct oci_spec *spec = make_spec(true);
    spec->process.no_new_privileges = false;
    check(landlock_apply(spec, -1, &forked_err) == -EINVAL);
    check_says(ANNOTATION_LANDLOCK);
    oci_spec_free(spec);
}

static void test_all(void **state _unused_)
{
    NEED_ROOT();
    if (landlock_abi() == 0 || access(BUSYBOX, X_OK) < 0) {
        print_message("skipped: needs Landlock and %s (Debian package busybox-static)\n", BUSYBOX);
        skip();
    }
    forked(body_readonly);
    forked(body_writable);
    forked(body_exec_fd);
    forked(body_not_asked);
    forked(body_without_nnp);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_all) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
