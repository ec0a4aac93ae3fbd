// SPDX-License-Identifier: Apache-2.0
/* How it works: /proc/self/exe names the running file; helpers lie beside it. What protects it is in self_start.c. */
#include "sys/self.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/statvfs.h>

#include "sys/file.h"
#include "sys/mnt.h"
#include "sys/syscall.h"

#define ARGUMENTS_MAX (16 * 1024 * 1024)

#ifndef OAKUM_LIBEXECDIR
#define OAKUM_LIBEXECDIR "/usr/local/libexec/oakum"
#endif

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
 * (self_start has set it), which counts only if it leads to the file that is running.
 */
int self_path(char *buf, size_t size)
{
    _cleanup_free_ char *arguments = NULL;
    ssize_t n = readlinkat(AT_FDCWD, "/proc/self/exe", buf, size - 1);
    if (n <= 0)
        return -errno;
    buf[n] = '\0';
    if (is_own_file(buf) ||
        file_read(AT_FDCWD, "/proc/self/cmdline", ARGUMENTS_MAX, &arguments, NULL, NULL) < 0)
        return (int) n;
    return is_own_file(arguments) ? str_format(buf, size, "%s", arguments) : (int) n;
}

static int beside_self(const char *name, char *buf, size_t size)
{
    char exe[PATH_MAX];
    int r = self_path(exe, sizeof(exe));
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

int self_again(struct error *err)
{
    _cleanup_free_ char *text = NULL;
    size_t len = 0, n = 0;
    int r = file_read(AT_FDCWD, "/proc/self/cmdline", ARGUMENTS_MAX, &text, &len, err);
    if (r < 0)
        return r;
    for (size_t at = 0; at < len; at++)
        n += text[at] == '\0';
    _cleanup_free_ char **argv = xcalloc(n + 1, sizeof(*argv));
    n = 0;
    for (char *arg = text; arg < text + len; arg += strlen(arg) + 1)
        argv[n++] = arg;
    execve("/proc/self/exe", argv, environ);
    return error_errno(err, -errno, "cannot execute oakum again");
}

int self_protect(struct error *err)
{
    struct statvfs st;
    if (self_on_readonly_mount)
        return 0;
    /* Not started by a word that self_start knows; or it could not, and /proc/self/exe is on a read-only mount all the same. */
    if (statvfs("/proc/self/exe", &st) == 0 && (st.f_flag & ST_RDONLY))
        return 0;
    return error_set(
        err, -EPERM,
        "cannot protect oakum's own program file from the container (needs the right to clone its "
        "mount read-only: CAP_SYS_ADMIN and no seccomp filter against open_tree, mount_setattr and execveat)");
}
