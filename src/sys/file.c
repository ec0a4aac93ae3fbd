// SPDX-License-Identifier: Apache-2.0
/*
 * Files of the host. Two threats are met here. A state directory that others can write would let them plant links and pipes: files are
 * opened so that a pipe cannot block us and what is no regular file is refused. And tree_remove() is given trees that hostile images
 * and containers made: its depth in descriptors and stack is fixed (a directory that lies deeper is first moved up to
 * the top of the tree, under a random name), it never walks by "..", and it opens every directory with openat2 so that neither a link nor a
 * mount, not even a bind mount of the same file system, is ever entered.
 */
#include "sys/file.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>

#define READ_FIRST 4096
#define REMOVE_DEPTH 32
#define REMOVE_PASSES 100000

int file_open(int dirfd, const char *path, int flags, mode_t mode, struct error *err)
{
    int fd;
    do
        fd = openat(dirfd, path, flags | O_CLOEXEC | O_NOCTTY, mode);
    while (fd < 0 && errno == EINTR);
    return fd >= 0 ? fd : error_errno(err, -errno, "cannot open %s", path);
}

/* The reader of both; first is the size to begin with. */
/* known: first is the size of a regular file, of which a short read is the end. */
static int read_all(int fd, const char *name, size_t first, bool known, size_t max, char **ret,
                    size_t *ret_len, struct error *err)
{
    max = MIN_OF(max, SIZE_MAX / 4);
    size_t cap = MIN_OF(first, max) + 1, len = 0; /* one more than may be there tells the end from too much */
    _cleanup_free_ char *buf = xmalloc(cap + 1);
    for (;;) {
        ssize_t n = read(fd, buf + len, cap - len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return error_errno(err, -errno, "cannot read %s", name);
        if (n == 0)
            break;
        len += (size_t) n;
        if (known && len < cap)
            break;
        if (len > max)
            return error_set(err, -EFBIG, "%s is larger than %zu bytes", name, max);
        if (len == cap) {
            cap = MIN_OF(cap * 2, max + 1);
            buf = xrealloc(buf, cap + 1);
        }
    }
    buf[len] = '\0';
    if (ret_len != NULL)
        *ret_len = len;
    *ret = TAKE_PTR(buf);
    return 0;
}

int file_read_fd(int fd, const char *name, size_t max, char **ret, size_t *ret_len, struct error *err)
{
    return read_all(fd, name, READ_FIRST, false, max, ret, ret_len, err);
}

int file_read(int dirfd, const char *path, size_t max, char **ret, size_t *ret_len, struct error *err)
{
    struct stat st;
    _cleanup_close_ int fd = file_open(dirfd, path, O_RDONLY | O_NONBLOCK, 0, err);
    if (fd < 0)
        return fd;
    if (fstat(fd, &st) < 0)
        return error_errno(err, -errno, "cannot look at %s", path);
    if (!S_ISREG(st.st_mode))
        return error_set(err, S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL, "%s is not a regular file", path);
    return read_all(fd, path, st.st_size > 0 ? (size_t) st.st_size : READ_FIRST, st.st_size > 0, max, ret,
                    ret_len, err);
}

ssize_t file_read_small(int dirfd, const char *path, char *buf, size_t size)
{
    _cleanup_close_ int fd = file_open(dirfd, path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW, 0, NULL);
    ssize_t n = fd;
    if (fd < 0)
        return n;
    do
        n = read(fd, buf, size);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return -errno;
    if ((size_t) n >= size)
        return -EFBIG;
    buf[n] = '\0';
    return n;
}

int file_write_value(int dirfd, const char *path, const char *text, struct error *err)
{
    _cleanup_close_ int fd = file_open(dirfd, path, O_WRONLY, 0, err);
    if (fd < 0)
        return fd;
    size_t len = strlen(text);
    ssize_t n;
    do
        n = write(fd, text, len);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return error_errno(err, -errno, "cannot write \"%.80s\" to %s", text, path);
    if ((size_t) n != len)
        return error_set(err, -EIO, "the kernel took only a part of \"%.80s\" for %s", text, path);
    return 0;
}

int write_all(int fd, const void *data, size_t len)
{
    for (const char *p = data; len > 0;) {
        ssize_t n = write(fd, p, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        p += n;
        len -= (size_t) n;
    }
    return 0;
}

/* Writes and renames; the caller takes temp away on failure. */
static int replace_with(int dirfd, int fd, const char *temp, const char *name, const void *data, size_t len,
                        mode_t mode, bool sync)
{
    int r = write_all(fd, data, len);
    if (r < 0)
        return r;
    if (fchmod(fd, mode) < 0) /* the umask has had its say */
        return -errno;
    if (sync && fsync(fd) < 0)
        return -errno;
    return renameat(dirfd, temp, dirfd, name) < 0 ? -errno : 0;
}

/* The directory that holds path, in buf. */
static int parent_of(const char *path, char *buf, size_t size)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL)
        return str_format(buf, size, ".");
    return str_format(buf, size, "%.*s", slash == path ? 1 : (int) (slash - path), path);
}

int file_replace(int dirfd, const char *name, const void *data, size_t len, mode_t mode, bool sync,
                 struct error *err)
{
    char temp[PATH_MAX], parent[PATH_MAX], random[17];
    const char *slash = strrchr(name, '/');
    const char *base = slash != NULL ? slash + 1 : name;
    random_hex(random, 8);
    int r = str_format(temp, sizeof(temp), "%.*s.%.200s.%s.tmp", (int) (base - name), name, base, random);
    if (r < 0 || parent_of(name, parent, sizeof(parent)) < 0)
        return error_errno(err, -ENAMETOOLONG, "cannot write %s", name);
    _cleanup_close_ int fd = file_open(dirfd, temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600, NULL);
    if (fd < 0)
        return error_errno(err, fd, "cannot write %s", name);
    r = replace_with(dirfd, fd, temp, name, data, len, mode, sync);
    if (r < 0) {
        unlinkat(dirfd, temp, 0);
        return error_errno(err, r, "cannot write %s", name);
    }
    if (!sync)
        return 0;
    _cleanup_close_ int dir = file_open(dirfd, parent, O_RDONLY | O_DIRECTORY, 0, err);
    if (dir < 0)
        return dir;
    return fsync(dir) < 0 ? error_errno(err, -errno, "cannot write %s to disk", parent) : 0;
}

static int check_is_directory(int dirfd, const char *path, struct error *err)
{
    struct stat st;
    if (fstatat(dirfd, path, &st, 0) < 0)
        return error_errno(err, -errno, "cannot make directory %s", path);
    return S_ISDIR(st.st_mode) ? 0 : error_errno(err, -ENOTDIR, "cannot make directory %s", path);
}

int dir_make_all(int dirfd, const char *path, mode_t mode, struct error *err)
{
    char prefix[PATH_MAX];
    /* Most calls find the directory, or its parent, in place. */
    if (mkdirat(dirfd, path, mode) == 0)
        return 0;
    if (errno == EEXIST)
        return check_is_directory(dirfd, path, err);
    if (errno != ENOENT)
        return error_errno(err, -errno, "cannot make directory %s", path);
    if (str_format(prefix, sizeof(prefix), "%s", path) < 0)
        return error_errno(err, -ENAMETOOLONG, "cannot make directory %s", path);
    for (char *p = prefix; *p != '\0';) {
        p += strspn(p, "/");
        p += strcspn(p, "/");
        char end = *p;
        *p = '\0';
        if (prefix[0] != '\0' && mkdirat(dirfd, prefix, mode) < 0 && errno != EEXIST)
            return error_errno(err, -errno, "cannot make directory %s", prefix);
        *p = end;
    }
    return check_is_directory(dirfd, path, err);
}

int dir_open(int dirfd, const char *path, struct error *err)
{
    /* openat would do. But oakum begins with a directory of its own, and a kernel without openat2 shall stop it there, before it
     * has made what it could not remove again. */
    int fd;
    do
        fd = sys_openat2(dirfd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0, 0);
    while (fd < 0 && errno == EINTR);
    return fd >= 0 ? fd : error_errno(err, -errno, "cannot open %s", path);
}

int dir_check_private(int fd, const char *name, struct error *err)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return error_errno(err, -errno, "cannot look at %s", name);
    if (!S_ISDIR(st.st_mode))
        return error_set(err, -EPERM, "%s is not a directory", name);
    if (st.st_uid != geteuid())
        return error_set(err, -EPERM,
                         "%s belongs to uid %u, not to uid %u who runs this: others could change it", name,
                         st.st_uid, geteuid());
    if ((st.st_mode & 022) != 0)
        return error_set(err, -EPERM,
                         "%s can be written by others (mode %04o): take that right away with chmod go-w",
                         name, st.st_mode & 07777U);
    return 0;
}

int dir_each(int dirfd, const char *path,
             int (*fn)(int dirfd, const char *name, unsigned char type, void *arg), void *arg,
             struct error *err)
{
    int fd = dir_open(dirfd, path, err);
    if (fd < 0)
        return fd;
    DIR *dir = fdopendir(fd);
    if (dir == NULL) {
        int r = error_errno(err, -errno, "cannot read directory %s", path);
        close(fd);
        return r;
    }
    int r = 0;
    while (r == 0) {
        errno = 0;
        struct dirent *e = readdir(dir);
        if (e == NULL) {
            if (errno != 0)
                r = error_errno(err, -errno, "cannot read directory %s", path);
            break;
        }
        if (!str_eq(e->d_name, ".") && !str_eq(e->d_name, ".."))
            r = fn(fd, e->d_name, e->d_type, arg);
    }
    closedir(dir);
    return r;
}

int file_lock(int fd, int operation, const char *name, struct error *err)
{
    while (flock(fd, operation) < 0) {
        if (errno == EWOULDBLOCK)
            return error_set(err, -EWOULDBLOCK, "%s is in use by another process", name);
        if (errno != EINTR)
            return error_errno(err, -errno, "cannot lock %s", name);
    }
    return 0;
}

struct removal {
    const char *root; /* for messages */
    int top;          /* the tree's own directory, -1 before it is open */
    struct error *err;
};

static int remove_dir(struct removal *rm, int parent, const char *name, int depth);

static int cannot_remove(const struct removal *rm, const char *name, int code)
{
    if (code == -EBUSY || code == -EXDEV)
        return error_set(rm->err, -EBUSY, "cannot remove %s: something is mounted on \"%.255s\" in it",
                         rm->root, name);
    return error_errno(rm->err, code, "cannot remove %s (at \"%.255s\")", rm->root, name);
}

/* Gives the owner back the rights on a directory of his; true when the call that failed is worth another try. */
static bool give_rights(int fd, int failure)
{
    struct stat st;
    return failure == EACCES && fstat(fd, &st) == 0 && (st.st_mode & 0700) != 0700 &&
           fchmod(fd, (st.st_mode & 07777) | 0700) == 0;
}

static int open_in_tree(int parent, const char *name, int flags)
{
    const uint64_t resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV;
    int fd = sys_openat2(parent, name, (uint64_t) (flags | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), 0, resolve);
    return fd < 0 ? -errno : fd;
}

/* A directory that its owner may not even read takes an O_PATH descriptor and its link in /proc. */
static int open_unreadable(int parent, const char *name)
{
    char link[64];
    _cleanup_close_ int fd = open_in_tree(parent, name, O_PATH);
    if (fd < 0 || str_format(link, sizeof(link), "/proc/self/fd/%d", fd) < 0)
        return fd < 0 ? fd : -EACCES;
    if (fchmodat(AT_FDCWD, link, 0700, 0) < 0)
        return -errno;
    return open_in_tree(parent, name, O_RDONLY);
}

static int unlink_at(int parent, const char *name, int flags)
{
    while (unlinkat(parent, name, flags) < 0)
        if (!give_rights(parent, errno))
            return errno == ENOENT ? 0 : -errno;
    return 0;
}

/* Too deep: to the top with it, where a later pass finds it. Its own ".." changes, so that it must be writable as well. */
static int move_up(struct removal *rm, int parent, const char *name)
{
    char random[33];
    bool opened = false;
    random_hex(random, 16);
    while (sys_renameat2(parent, name, rm->top, random, RENAME_NOREPLACE) < 0) {
        int failure = errno;
        if (failure == ENOENT)
            return 0;
        if (give_rights(parent, failure) || give_rights(rm->top, failure))
            continue;
        if (failure != EACCES || opened)
            return cannot_remove(rm, name, -failure);
        int fd = open_unreadable(parent, name);
        if (fd >= 0)
            close(fd);
        opened = true;
    }
    return 0;
}

static int remove_entry(struct removal *rm, int parent, const char *name, unsigned char type, int depth)
{
    if (type != DT_DIR) {
        int r = unlink_at(parent, name, 0);
        if (r != -EISDIR)
            return r < 0 ? cannot_remove(rm, name, r) : 0;
    }
    int r = unlink_at(parent, name, AT_REMOVEDIR); /* saves the opening of an empty one */
    if (r == -ENOTEMPTY || r == -EEXIST)
        return depth < REMOVE_DEPTH ? remove_dir(rm, parent, name, depth) : move_up(rm, parent, name);
    return r < 0 ? cannot_remove(rm, name, r) : 0;
}

/* One reading of the directory. 1 when something was there (readdir need not show what came meanwhile), 0, or the error. */
static int remove_pass(struct removal *rm, DIR *dir, int depth)
{
    int found = 0;
    for (;;) {
        errno = 0;
        struct dirent *e = readdir(dir);
        if (e == NULL)
            return errno != 0 ? cannot_remove(rm, ".", -errno) : found;
        if (str_eq(e->d_name, ".") || str_eq(e->d_name, ".."))
            continue;
        found = 1;
        int r = remove_entry(rm, dirfd(dir), e->d_name, e->d_type, depth + 1);
        if (r < 0)
            return r;
    }
}

static int remove_dir(struct removal *rm, int parent, const char *name, int depth)
{
    int fd = open_in_tree(parent, name, O_RDONLY);
    if (fd == -EACCES)
        fd = open_unreadable(parent, name);
    if (fd < 0)
        return fd == -ENOENT ? 0 : cannot_remove(rm, name, fd);
    DIR *dir = fdopendir(fd);
    if (dir == NULL) {
        int r = cannot_remove(rm, name, -errno);
        close(fd);
        return r;
    }
    if (depth == 0)
        rm->top = fd;
    int r = 1;
    for (int pass = 0; pass < REMOVE_PASSES && r > 0; pass++) {
        rewinddir(dir);
        int found = remove_pass(rm, dir, depth);
        r = found < 0 ? found : unlink_at(parent, name, AT_REMOVEDIR);
        if (found > 0 && (r == -ENOTEMPTY || r == -EEXIST))
            r = 1;
        else if (found >= 0 && r < 0)
            r = cannot_remove(rm, name, r);
    }
    closedir(dir);
    return r > 0 ? cannot_remove(rm, name, -ENOTEMPTY) : r;
}

int tree_remove(int dirfd, const char *name, struct error *err)
{
    struct removal rm = { .root = name, .top = -1, .err = err };
    char path[PATH_MAX], parent[PATH_MAX];
    int n = str_format(path, sizeof(path), "%s", name);
    while (n > 1 && path[n - 1] == '/')
        path[--n] = '\0';
    if (n < 0 || parent_of(path, parent, sizeof(parent)) < 0)
        return error_errno(err, -ENAMETOOLONG, "cannot remove %s", name);
    const char *slash = strrchr(path, '/');
    const char *base = slash != NULL ? slash + 1 : path;
    if (str_empty(base) || str_eq(base, ".") || str_eq(base, ".."))
        return error_set(err, -EINVAL, "cannot remove \"%s\": the name of a directory entry is needed", name);
    /* The last name is opened by itself, so that a mount on it is noticed before anything below it is lost. */
    _cleanup_close_ int fd = openat(dirfd, parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? 0 : error_errno(err, -errno, "cannot remove %s", name);
    return remove_entry(&rm, fd, base, DT_UNKNOWN, 0);
}
