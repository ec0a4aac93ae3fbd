// SPDX-License-Identifier: Apache-2.0
/*
 * A mount is complete before anyone can reach it: created detached, restricted, then attached to a descriptor. A window in which
 * a bind mount is there but not yet read-only, or in which the target has become a link, does not exist.
 */
#include "sys/mnt.h"

#include <errno.h>
#include <linux/magic.h>
#include <sys/prctl.h>
#include <sys/vfs.h>
#include <sys/wait.h>

#include "base/strbuf.h"

#define VALUE_MAX 255 /* fs/fsopen.c: strndup_user(value, 256) */

/* What the kernel wrote for this context ("e overlay: …", one record a read), or "". */
static void read_log(int fs, struct strbuf *out)
{
    char record[512];
    for (int i = 0; i < 16; i++) {
        ssize_t n = read(fs, record, sizeof(record) - 1);
        if (n <= 0)
            return;
        record[n] = '\0';
        record[strcspn(record, "\n")] = '\0';
        if (record[0] == '\0' || record[1] != ' ')
            continue;
        strbuf_addf(out, "%s%s", out->len > 0 ? "; " : "", record + 2);
    }
}

static int new_failed(int fs, int code, const char *type, const char *what, struct error *err)
{
    _cleanup_strbuf_ struct strbuf log = STRBUF_INIT;
    if (err == NULL)
        return code;
    read_log(fs, &log);
    if (log.len > 0)
        return error_errno(err, code, "cannot mount %s (%s): %s", type, what, log.buf);
    return error_errno(err, code, "cannot mount %s (%s)", type, what);
}

static int set_option(int fs, const char *type, const char *option, struct error *err)
{
    const char *value = strchr(option, '=');
    int r;
    if (value == NULL) {
        r = sys_fsconfig(fs, FSCONFIG_SET_FLAG, option, NULL, 0);
    } else {
        _cleanup_free_ char *key = xstrndup(option, (size_t) (value - option));
        if (strlen(++value) > VALUE_MAX)
            return error_set(
                err, -EINVAL,
                "cannot mount %s: the value of option \"%s\" is longer than the %d bytes that the kernel takes",
                type, key, VALUE_MAX);
        r = sys_fsconfig(fs, FSCONFIG_SET_STRING, key, value, 0);
    }
    if (r == 0)
        return 0;
    r = -errno;
    _cleanup_free_ char *what = xasprintf("option \"%s\"", option);
    return new_failed(fs, r, type, what, err);
}

int mnt_new(const char *type, const char *source, const char *const *options, unsigned attr,
            struct error *err)
{
    _cleanup_close_ int fs = sys_fsopen(type, FSOPEN_CLOEXEC);
    if (fs < 0 && errno == ENODEV)
        return error_set(err, -ENODEV, "cannot mount %s: this kernel has no such file system", type);
    if (fs < 0)
        return error_errno(err, -errno, "cannot mount %s", type);
    if (source != NULL && strlen(source) > VALUE_MAX)
        return error_set(err, -EINVAL,
                         "cannot mount %s: the source is longer than the %d bytes that the kernel takes",
                         type, VALUE_MAX);
    if (source != NULL && sys_fsconfig(fs, FSCONFIG_SET_STRING, "source", source, 0) < 0)
        return new_failed(fs, -errno, type, "source", err);
    for (size_t i = 0; options != NULL && options[i] != NULL; i++) {
        int r = set_option(fs, type, options[i], err);
        if (r < 0)
            return r;
    }
    if (sys_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
        return new_failed(fs, -errno, type, "creating it", err);
    int fd = sys_fsmount(fs, FSMOUNT_CLOEXEC, attr);
    return fd >= 0 ? fd : new_failed(fs, -errno, type, "attributes", err);
}

int mnt_clone(int dirfd, const char *path, bool recursive, struct error *err)
{
    unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0);
    int fd = sys_open_tree(dirfd, path, flags);
    if (fd >= 0)
        return fd;
    const char *name = path[0] != '\0' ? path : "the object";
    if (errno == EINVAL)
        return error_set(
            err, -EINVAL,
            "cannot bind %s: it is unbindable, in another mount namespace, or has locked mounts below it",
            name);
    return error_errno(err, -errno, "cannot bind %s", name);
}

static int setattr(int fd, struct mount_attr *attr, bool recursive)
{
    return sys_mount_setattr(fd, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), attr, sizeof(*attr)) < 0
               ? -errno
               : 0;
}

int mnt_setattr(int fd, uint64_t set, uint64_t clear, bool recursive, struct error *err)
{
    struct mount_attr attr = { .attr_set = set, .attr_clr = clear };
    int r = setattr(fd, &attr, recursive);
    return r < 0 ? error_errno(err, r, "cannot change the attributes of a mount (set %#llx, clear %#llx)",
                               (unsigned long long) set, (unsigned long long) clear)
                 : 0;
}

int mnt_propagation(int fd, uint64_t propagation, bool recursive, struct error *err)
{
    struct mount_attr attr = { .propagation = propagation };
    int r = setattr(fd, &attr, recursive);
    return r < 0 ? error_errno(err, r, "cannot change the propagation of a mount") : 0;
}

int mnt_idmap(int fd, int userns_fd, bool recursive, struct error *err)
{
    struct mount_attr attr = { .attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (uint64_t) userns_fd };
    int r = setattr(fd, &attr, recursive);
    if (r == -EINVAL)
        return error_set(
            err, r,
            "cannot map the ids of a mount: its file system cannot do that (or the mount is attached already)");
    if (r == -EPERM)
        return error_set(
            err, r, "cannot map the ids of a mount: it is mapped already, or the right to do it is missing");
    return r < 0 ? error_errno(err, r, "cannot map the ids of a mount") : 0;
}

/* move_mount says EINVAL to this as to much else. */
static bool kinds_differ(int a, int b)
{
    struct stat x, y;
    return fstat(a, &x) == 0 && fstat(b, &y) == 0 && S_ISDIR(x.st_mode) != S_ISDIR(y.st_mode);
}

int mnt_attach(int mount_fd, int target_fd, struct error *err)
{
    if (sys_move_mount(mount_fd, "", target_fd, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) == 0)
        return 0;
    int r = -errno;
    if ((r == -EINVAL || r == -ENOTDIR) && kinds_differ(mount_fd, target_fd))
        return error_set(
            err, -ENOTDIR,
            "cannot attach a mount: of source and target, one is a directory and the other is not");
    if (r == -EINVAL)
        return error_set(
            err, r,
            "cannot attach a mount: its target is in another mount namespace, or it is attached already");
    return error_errno(err, r, "cannot attach a mount");
}

int mnt_unmount(int dirfd, const char *name, bool detach)
{
    char path[300];
    int r = str_format(path, sizeof(path), "/proc/self/fd/%d/%s", dirfd, name);
    if (r < 0)
        return r;
    return umount2(path, UMOUNT_NOFOLLOW | (detach ? MNT_DETACH : 0)) < 0 ? -errno : 0;
}

int mnt_clone_attr(int dirfd, const char *path, bool recursive, uint64_t set, uint64_t clear,
                   uint64_t propagation, struct error *err)
{
    static bool two_calls;
    struct mount_attr attr = { .attr_set = set, .attr_clr = clear, .propagation = propagation };
    unsigned flags = AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0);
    int fd = -1;
    if (!two_calls) {
        fd = sys_open_tree_attr(dirfd, path, flags | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC, &attr,
                                sizeof(attr));
        two_calls = fd < 0 && errno == ENOSYS;
    }
    if (two_calls)
        fd = sys_open_tree(dirfd, path, flags | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    if (fd < 0)
        return error_errno(err, -errno, "cannot clone the mount at %s", path[0] ? path : "it");
    if (two_calls && sys_mount_setattr(fd, "", flags, &attr, sizeof(attr)) < 0) {
        int code = -errno;
        close(fd);
        return error_errno(err, code, "cannot set mount attributes");
    }
    return fd;
}

/* In a child that has our descriptors but not our directories: leaves the clone at number to. Errno. */
static int clone_in(int ns_fd, const char *path, uint32_t type, int to)
{
    struct statfs fs;
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || setns(ns_fd, CLONE_NEWNS) < 0)
        return errno;
    int at = sys_openat2(AT_FDCWD, path, O_PATH | O_DIRECTORY | O_CLOEXEC, 0,
                         RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
    int tree = -1, code = at < 0 ? errno : 0;
    if (code == 0 && (fstatfs(at, &fs) < 0 || (uint32_t) fs.f_type != type))
        code = EINVAL;
    if (code == 0)
        tree = sys_open_tree(at, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    if (code == 0 && (tree < 0 || dup3(tree, to, O_CLOEXEC) < 0))
        code = errno;
    if (at >= 0)
        close(at);
    if (tree >= 0)
        close(tree);
    return code;
}

static int clone_of(int ns_fd, const char *path, uint32_t type, struct error *err)
{
    struct clone_args args = { .flags = CLONE_FILES, .exit_signal = SIGCHLD };
    int status = 0;
    _cleanup_close_ int fd = fcntl(ns_fd, F_DUPFD_CLOEXEC, 3); /* the number that the clone gets */
    pid_t pid = fd < 0 ? -1 : sys_clone3(&args, sizeof(args));
    if (pid < 0)
        return error_errno(err, -errno, "cannot make a process");
    if (pid == 0)
        _exit(clone_in(ns_fd, path, type, fd));
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (!WIFEXITED(status))
        return error_set(err, -ECHILD, "cannot look at %s: the process that looks was killed", path);
    if (WEXITSTATUS(status) == EINVAL)
        return error_set(err, -EINVAL, "%s is not a memory file system", path);
    if (WEXITSTATUS(status) != 0)
        return error_errno(err, -WEXITSTATUS(status), "cannot look at %s", path);
    return TAKE_FD(fd);
}

int mnt_clone_tmpfs_of(int ns_fd, const char *path, struct error *err)
{
    return clone_of(ns_fd, path, TMPFS_MAGIC, err);
}

int mnt_clone_ramfs_of(int ns_fd, const char *path, struct error *err)
{
    return clone_of(ns_fd, path, RAMFS_MAGIC, err);
}

/* From the old root, which "/" still is: what the host has on it is detached or, where a user namespace locks it, covered. */
static int hide_host_kernel_files(const char *path, struct error *err)
{
    static const char *const options[] = { "mode=000", "size=4k", NULL };
    while (umount2(path, MNT_DETACH) == 0)
        continue;
    if (errno == ENOENT)
        return 0;
    _cleanup_close_ int at = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    _cleanup_close_ int cover = at < 0 ? -1 : mnt_new("tmpfs", NULL, options, MOUNT_ATTR_RDONLY, err);
    if (at < 0)
        return error_errno(err, -errno, "cannot open the host's %s", path);
    return cover < 0 ? cover : mnt_attach(cover, at, err);
}

/*
 * The new root is on top of "/" already, so it only has to become ours. The host's procfs and sysfs would stay in the mount namespace,
 * and a nested user namespace could mount them anew without masks because of that.
 */
static int change_root(struct error *err)
{
    int r = hide_host_kernel_files("/proc", err);
    if (r >= 0)
        r = hide_host_kernel_files("/sys", err);
    if (r < 0)
        return r;
    return chroot(".") < 0 ? error_errno(err, -errno, "cannot change to the new root") : 0;
}

int mnt_enter_root(int root_fd, int stacked, bool no_pivot, struct error *err)
{
    if (fchdir(root_fd) < 0)
        return error_errno(err, -errno, "cannot enter the root");
    if (no_pivot)
        return change_root(err);
    /*
     * The old root ends up stacked on the new one, with the others on top of it. umount takes the topmost at "." each time, so it
     * is called as often as there are: once more would take the new root itself.
     */
    if (sys_pivot_root(".", ".") < 0)
        return error_errno(err, -errno, "cannot pivot to the new root");
    for (int i = 0; i < stacked; i++)
        if (umount2(".", MNT_DETACH) < 0)
            return error_errno(err, -errno, "cannot detach the host's file systems");
    return 0; /* the working directory is the new root */
}
