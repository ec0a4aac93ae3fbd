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
#include "sys/mnt.h"
#include "sys/syscall.h"

#ifndef OAKUM_LIBEXECDIR
#define OAKUM_LIBEXECDIR "/usr/local/libexec/oakum"
#endif

#define ARGUMENTS_MAX (16 * 1024 * 1024)

extern char **environ;

static bool same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static bool is_own_file(const char *path)
{
    struct stat ours, named;
    return path[0] == '/' && stat("/proc/self/exe", &ours) == 0 && stat(path, &named) == 0 &&
           same_file(&ours, &named);
}

/*
 * Where the program lies. In the protected one the link of procfs ends at the clone; there the first argument is the path
 * (self_protect() has set it), which counts only if it leads to the file that is running.
 */
static int own_path(char *buf, size_t size)
{
    _cleanup_free_ char *arguments = NULL;
    ssize_t n = readlinkat(AT_FDCWD, "/proc/self/exe", buf, size - 1);
    if (n <= 0)
        return -errno;
    buf[n] = '\0';
    if (is_own_file(buf) ||
        file_read(AT_FDCWD, "/proc/self/cmdline", ARGUMENTS_MAX, &arguments, NULL, NULL) < 0)
        return 0;
    return is_own_file(arguments) ? str_format(buf, size, "%s", arguments) : 0;
}

static int beside_self(const char *name, char *buf, size_t size)
{
    char exe[PATH_MAX];
    int r = own_path(exe, sizeof(exe));
    if (r < 0)
        return r;
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

int self_owner(uid_t *ret, struct error *err)
{
    struct stat st;
    if (stat("/proc/self/exe", &st) < 0)
        return error_errno(err, -errno, "cannot look at oakum's own program file");
    *ret = st.st_uid;
    return 0;
}

/* The arguments that we were started with, the name replaced by the path; in one allocation with its strings. */
static char **own_arguments(char *path, struct error *err)
{
    char *text = NULL;
    size_t len = 0, n = 0, i = 1;
    if (file_read(AT_FDCWD, "/proc/self/cmdline", ARGUMENTS_MAX, &text, &len, err) < 0)
        return NULL;
    for (size_t at = 0; at < len; at++)
        n += text[at] == '\0';
    char **argv = xcalloc(n + 2, sizeof(*argv));
    argv[0] = path;
    for (char *arg = text + strlen(text) + 1; arg < text + len; arg += strlen(arg) + 1)
        argv[i++] = arg;
    return argv;
}

/*
 * The clone is of the directory, so that the process keeps the program's name; of the file alone when its path does not lead to
 * it any more (a package was upgraded meanwhile).
 */
static int execute_clone(int exe, char *path, char **argv, struct error *err)
{
    char *slash = strrchr(path, '/');
    struct stat ours, named;
    int dir = -1;
    if (slash && slash != path && is_own_file(path)) {
        *slash = '\0';
        dir = mnt_clone_attr(AT_FDCWD, path, false, MOUNT_ATTR_RDONLY, 0, MS_PRIVATE, NULL);
        *slash = '/';
    }
    if (dir >= 0 && fstat(exe, &ours) == 0 && fstatat(dir, slash + 1, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
        same_file(&ours, &named))
        sys_execveat(dir, slash + 1, argv, environ, AT_SYMLINK_NOFOLLOW);
    int file = mnt_clone_attr(exe, "", false, MOUNT_ATTR_RDONLY, 0, MS_PRIVATE, err);
    if (file < 0)
        return error_context(err, file, "cannot protect oakum's own program file from the container");
    sys_execveat(file, "", argv, environ, AT_EMPTY_PATH);
    return error_errno(err, -errno, "cannot execute oakum from a read-only mount");
}

int self_protect(struct error *err)
{
    struct statvfs st;
    char path[PATH_MAX];
    _cleanup_close_ int exe = file_open(AT_FDCWD, "/proc/self/exe", O_PATH, 0, err);
    if (exe < 0)
        return exe;
    if (fstatvfs(exe, &st) < 0)
        return error_errno(err, -errno, "cannot look at oakum's own program file");
    if (st.f_flag & ST_RDONLY)
        return 0;
    int r = own_path(path, sizeof(path));
    if (r < 0)
        return error_errno(err, r, "cannot find oakum's own program file");
    char **argv = own_arguments(path, err);
    return argv ? execute_clone(exe, path, argv, err) : -EIO;
}
