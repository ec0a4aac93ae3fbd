// SPDX-License-Identifier: Apache-2.0
/*
 * How it works: /proc/self/exe names the running file. Protection clones the mount of that file (open_tree), makes the clone
 * read-only, and executes the file through it: opening /proc/PID/exe for writing then meets a read-only mount. No copy
 * is made, as runc's memfd would, and nothing is left: the clone goes when the process does.
 */
#include "sys/self.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/statvfs.h>

#include "sys/file.h"
#include "sys/syscall.h"

#ifndef OAKUM_LIBEXECDIR
#define OAKUM_LIBEXECDIR "/usr/local/libexec/oakum"
#endif

extern char **environ;

static int beside_self(const char *name, char *buf, size_t size)
{
    char exe[PATH_MAX];
    ssize_t n = readlinkat(AT_FDCWD, "/proc/self/exe", exe, sizeof(exe) - 1);
    if (n <= 0)
        return -errno;
    exe[n] = '\0';
    char *slash = strrchr(exe, '/');
    if (!slash)
        return -ENOENT;
    *slash = '\0';
    return str_format(buf, size, "%s/%s", exe, name);
}

static int open_helper(const char *path)
{
    return file_open(AT_FDCWD, path, O_PATH, 0, NULL);
}

int self_helper_path(const char *name, char *buf, size_t size, struct error *err)
{
    if (beside_self(name, buf, size) > 0) {
        _cleanup_close_ int fd = open_helper(buf);
        if (fd >= 0)
            return 0;
    }
    if (str_format(buf, size, OAKUM_LIBEXECDIR "/%s", name) < 0)
        return error_set(err, -ENAMETOOLONG, "%s: path is too long", name);
    _cleanup_close_ int fd = open_helper(buf);
    return fd >= 0
               ? 0
               : error_set(err, -ENOENT,
                           "the helper program %s is missing (looked beside oakum and in " OAKUM_LIBEXECDIR
                           ")",
                           name);
}

int self_helper_open(const char *name, struct error *err)
{
    char path[PATH_MAX];
    int r = self_helper_path(name, path, sizeof(path), err);
    return r < 0 ? r : file_open(AT_FDCWD, path, O_PATH, 0, err);
}

int self_protect(char *const argv[], struct error *err)
{
    struct statvfs st;
    _cleanup_close_ int exe = file_open(AT_FDCWD, "/proc/self/exe", O_PATH, 0, err);
    if (exe < 0)
        return exe;
    if (fstatvfs(exe, &st) < 0)
        return error_errno(err, -errno, "cannot look at oakum's own program file");
    if (st.f_flag & ST_RDONLY)
        return 0;
    _cleanup_close_ int clone = sys_open_tree(exe, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };
    if (clone < 0 || sys_mount_setattr(clone, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0)
        return error_errno(err, -errno, "cannot protect oakum's own program file from the container");
    sys_execveat(clone, "", argv, environ, AT_EMPTY_PATH);
    return error_errno(err, -errno, "cannot execute oakum from a read-only mount");
}
