// SPDX-License-Identifier: Apache-2.0
/*
 * engine/host_mounts.c: what the mount API of this kernel can do. Mounts are detached, or made in a child's own mount
 * namespace, so that they end with their descriptor or their child.
 */
#include "engine/host_mounts.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

#include "sys/file.h"
#include "sys/mnt.h"
#include "sys/proc.h"

bool host_mount_api(void)
{
    static const char *const none[] = { NULL };
    int fd = mnt_new("tmpfs", NULL, none, 0, NULL);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

/* A child that sleeps in a user namespace with ids 0..65535 as 100000..165535; its namespace's descriptor. */
static int make_userns(pid_t *ret_pid)
{
    int ready[2];
    char path[48], byte;
    *ret_pid = -1;
    if (pipe2(ready, O_CLOEXEC) < 0)
        return -errno;
    pid_t pid = fork();
    if (pid == 0) {
        int r = unshare(CLONE_NEWUSER);
        if (r == 0 && write(ready[1], "x", 1) == 1)
            pause();
        _exit(1);
    }
    close(ready[1]);
    bool ok = pid > 0 && read(ready[0], &byte, 1) == 1;
    close(ready[0]);
    if (pid > 0)
        *ret_pid = pid;
    _cleanup_close_ int procfd = ok ? proc_open(NULL) : -EIO;
    if (procfd < 0)
        return procfd;
    int r = str_format(path, sizeof(path), "%d/uid_map", pid);
    if (r > 0)
        r = proc_write(procfd, path, "0 100000 65536", NULL);
    if (r >= 0)
        r = str_format(path, sizeof(path), "%d/gid_map", pid);
    if (r > 0)
        r = proc_write(procfd, path, "0 100000 65536", NULL);
    if (r >= 0)
        r = str_format(path, sizeof(path), "/proc/%d/ns/user", pid);
    return r < 0 ? r : file_open(AT_FDCWD, path, O_RDONLY, 0, NULL);
}

static void end_child(pid_t pid)
{
    if (pid <= 0)
        return;
    kill(pid, SIGKILL);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {}
}

/* The directory, or the nearest one above that there is. */
static int clone_nearest(const char *path)
{
    _cleanup_free_ char *copy = xstrdup(path);
    for (;;) {
        _cleanup_close_ int dirfd = dir_open(AT_FDCWD, copy, NULL);
        if (dirfd >= 0)
            return mnt_clone(dirfd, "", false, NULL);
        char *slash = strrchr(copy, '/');
        if (dirfd != -ENOENT || slash == NULL || str_eq(copy, "/"))
            return dirfd;
        slash[slash == copy] = '\0';
    }
}

void host_idmap(const char *path, bool *ret_root, bool *ret_tmpfs)
{
    static const char *const none[] = { NULL };
    pid_t pid;
    _cleanup_close_ int userns = make_userns(&pid);
    _cleanup_close_ int root = userns >= 0 ? clone_nearest(path) : -1;
    _cleanup_close_ int tmpfs = userns >= 0 ? mnt_new("tmpfs", NULL, none, 0, NULL) : -1;
    *ret_root = root >= 0 && mnt_idmap(root, userns, false, NULL) == 0;
    *ret_tmpfs = tmpfs >= 0 && mnt_idmap(tmpfs, userns, false, NULL) == 0;
    end_child(pid);
}

/* In a child with its own mount namespace: two directories of a tmpfs become an overlay, id-mapped when userns is given. */
static bool try_overlay(int userns)
{
    static const char *const none[] = { NULL };
    const char *options[] = { "lowerdir=/tmp/a:/tmp/b", NULL };
    if (unshare(CLONE_NEWNS) < 0)
        return false;
    /* Everything of the host becomes private first: nothing of this may reach it. */
    _cleanup_close_ int slash = openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    _cleanup_close_ int tmp = openat(AT_FDCWD, "/tmp", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (slash < 0 || tmp < 0 || mnt_propagation(slash, MS_PRIVATE, true, NULL) < 0)
        return false;
    _cleanup_close_ int fs = mnt_new("tmpfs", NULL, none, 0, NULL);
    if (fs < 0 || mkdirat(fs, "a", 0755) < 0 || mkdirat(fs, "b", 0755) < 0)
        return false;
    if (userns >= 0 && mnt_idmap(fs, userns, false, NULL) < 0)
        return false;
    if (mnt_attach(fs, tmp, NULL) < 0)
        return false;
    _cleanup_close_ int overlay = mnt_new("overlay", NULL, options, MOUNT_ATTR_RDONLY, NULL);
    return overlay >= 0;
}

static bool overlay_in_child(int userns)
{
    pid_t pid = fork();
    int status = 1;
    if (pid == 0)
        _exit(try_overlay(userns) ? 0 : 1);
    if (pid < 0)
        return false;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {}
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool host_overlay(bool *ret_mapped)
{
    pid_t pid;
    _cleanup_close_ int userns = make_userns(&pid);
    *ret_mapped = userns >= 0 && overlay_in_child(userns);
    end_child(pid);
    return *ret_mapped || overlay_in_child(-1);
}
