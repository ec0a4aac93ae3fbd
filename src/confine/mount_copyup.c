// SPDX-License-Identifier: Apache-2.0
/*
 * How it works: tmpcopyup. The tmpfs is still detached when it is filled, so nobody but us can reach it: a name that was made there
 * a moment ago is what it was. The source is walked by descriptors: each entry is looked at without following, opened beneath the
 * directory that is held open, and what was opened must be of the kind that was looked at.
 *
 * Threats: the image's names are its maker's, and may be swapped by another container of the same root while they are copied. A link
 * is copied as a link and never followed, also when it takes a file's place meanwhile; a mount below is somebody else's content and is
 * not entered; a device is not opened. A copy without end (directories nested without limit, a file that grows): depth and number
 * are bounded here, the size by the tmpfs and the container's memory budget. A file whose owner has no id in the container: the
 * copy is the container root's, so its set-user-ID bits are not copied.
 */
#include <errno.h>
#include <limits.h>
#include <sys/sendfile.h>
#include <sys/xattr.h>

#include "confine/mounts_internal.h"
#include "sys/file.h"

#define DEPTH_MAX 64 /* three descriptors each */
#define ENTRIES_MAX 1000000
#define NAMES_SIZE 65536 /* XATTR_LIST_MAX and XATTR_SIZE_MAX are both this */

struct copy {
    unsigned left;    /* entries that may still come */
    bool merge;       /* names that are there already stay: the devices of /dev */
    char *attributes; /* twice NAMES_SIZE: list of names, one value; made when first needed */
};

struct level {
    struct copy *c;
    int to;
    unsigned depth;
    struct error *err;
};

static int failed(const struct level *l, const char *name, int code)
{
    return error_errno(l->err, code, "tmpcopyup: cannot copy \"%s\"", name);
}

/* Beneath dirfd, no link, no other mount. */
static int open_entry(int dirfd, const char *name, int flags)
{
    int fd = sys_openat2(dirfd, name, (uint64_t) (flags | O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC), 0,
                         RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV);
    return fd < 0 ? -errno : fd;
}

/* ACLs, capabilities and the user's own. What the overlay or a security module keeps for itself is not the file's content. */
static bool is_copied(const char *name)
{
    return str_after(name, "user.") || str_eq(name, "security.capability") ||
           str_after(name, "system.posix_acl_");
}

/* As far as the tmpfs takes them: kernels before 6.6 know no user.* there, and a capability may not be ours to give. */
static int copy_attributes(struct copy *c, int from, int to)
{
    if (!c->attributes)
        c->attributes = xmalloc((size_t) 2 * NAMES_SIZE);
    char *names = c->attributes, *value = names + NAMES_SIZE;
    ssize_t n = flistxattr(from, names, NAMES_SIZE);
    for (char *name = names; n > 0 && name < names + n; name += strlen(name) + 1) {
        ssize_t size = is_copied(name) ? fgetxattr(from, name, value, NAMES_SIZE) : -1;
        if (size < 0 || fsetxattr(to, name, value, (size_t) size, 0) == 0)
            continue;
        if (errno != EOPNOTSUPP && errno != EPERM && errno != EINVAL)
            return -errno;
    }
    return 0;
}

/* Owner first: a change of owner takes set-user-ID and capabilities away. */
static int copy_metadata(struct copy *c, int from, const struct stat *st, int to)
{
    mode_t mode = st->st_mode & 07777;
    const struct timespec times[] = { st->st_atim, st->st_mtim };
    if (fchown(to, st->st_uid, st->st_gid) < 0) {
        if (errno != EINVAL)
            return -errno;
        mode &= 01777;
    }
    if (fchmod(to, mode) < 0)
        return -errno;
    int r = copy_attributes(c, from, to);
    return r == 0 && futimens(to, times) < 0 ? -errno : r;
}

/* One piece of data of a file that may have holes. */
static int copy_piece(int from, int to, off_t at, off_t end)
{
    if (lseek(to, at, SEEK_SET) < 0)
        return -errno;
    while (at < end) {
        ssize_t n = sendfile(to, from, &at, (size_t) MIN_OF(end - at, (off_t) 1 << 30));
        if (n < 0 && errno != EINTR)
            return -errno;
        if (n == 0) /* it has become shorter */
            break;
    }
    return 0;
}

static int copy_data(int from, int to, off_t size)
{
    int r = ftruncate(to, size) < 0 ? -errno : 0;
    for (off_t at = 0; r == 0 && at < size;) {
        off_t start = lseek(from, at, SEEK_DATA);
        if (start < 0)
            return errno == ENXIO ? 0 : -errno;
        off_t end = lseek(from, start, SEEK_HOLE);
        if (end < 0)
            return -errno;
        r = copy_piece(from, to, start, MIN_OF(end, size));
        at = end;
    }
    return r;
}

static int copy_file(const struct level *l, int dirfd, const char *name)
{
    struct stat st;
    _cleanup_close_ int from = open_entry(dirfd, name, 0);
    if (from < 0)
        return from;
    if (fstat(from, &st) < 0)
        return -errno;
    if (!S_ISREG(st.st_mode))
        return -ESTALE;
    _cleanup_close_ int to = openat(l->to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (to < 0)
        return errno == EEXIST && l->c->merge ? 0 : -errno;
    int r = copy_data(from, to, st.st_size);
    return r < 0 ? r : copy_metadata(l->c, from, &st, to);
}

static int copy_link(const struct level *l, int dirfd, const char *name, const struct stat *st)
{
    char target[PATH_MAX];
    ssize_t n = readlinkat(dirfd, name, target, sizeof(target) - 1);
    if (n < 0)
        return errno == EINVAL ? -ESTALE : -errno;
    target[n] = '\0';
    if (symlinkat(target, l->to, name) < 0)
        return errno == EEXIST && l->c->merge ? 0 : -errno;
    if (fchownat(l->to, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0 && errno != EINVAL)
        return -errno;
    return 0;
}

static int copy_fifo(const struct level *l, const char *name, const struct stat *st)
{
    if (mknodat(l->to, name, S_IFIFO | 0600, 0) < 0)
        return errno == EEXIST && l->c->merge ? 0 : -errno;
    if (fchownat(l->to, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0 && errno != EINVAL)
        return -errno;
    return fchmodat(l->to, name, st->st_mode & 0777, 0) < 0 ? -errno : 0;
}

static int copy_tree(const struct level *l, int from);

static int copy_directory(const struct level *l, int dirfd, const char *name)
{
    struct stat st;
    _cleanup_close_ int from = open_entry(dirfd, name, O_DIRECTORY);
    if (from == -EXDEV) /* something is mounted on it: the directory alone */
        return mkdirat(l->to, name, 0755) < 0 && errno != EEXIST ? -errno : 0;
    if (from < 0)
        return from;
    if (fstat(from, &st) < 0 || (mkdirat(l->to, name, 0700) < 0 && !(errno == EEXIST && l->c->merge)))
        return -errno;
    struct level below = { .c = l->c, .depth = l->depth + 1, .err = l->err };
    _cleanup_close_ int to = below.to = openat(l->to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (to < 0)
        return -errno;
    int r = below.depth > DEPTH_MAX ? -ELOOP : copy_tree(&below, from);
    return r < 0 ? r : copy_metadata(l->c, from, &st, to);
}

static int copy_entry(int dirfd, const char *name, unsigned char type, void *arg)
{
    const struct level *l = arg;
    struct stat st;
    int r = 0;
    (void) type;
    if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : failed(l, name, -errno);
    if (l->c->left-- == 0)
        return error_set(l->err, -E2BIG, "tmpcopyup: there are more than %d files to be copied", ENTRIES_MAX);
    if (S_ISDIR(st.st_mode))
        r = copy_directory(l, dirfd, name);
    else if (S_ISREG(st.st_mode))
        r = copy_file(l, dirfd, name);
    else if (S_ISLNK(st.st_mode))
        r = copy_link(l, dirfd, name, &st);
    else if (S_ISFIFO(st.st_mode))
        r = copy_fifo(l, name, &st);
    /* Devices and sockets are not content. What has gone meanwhile, or is a mount of its own, is not there. */
    if (r == -ENOENT || r == -EXDEV)
        return 0;
    return r < 0 && l->err && l->err->code == 0 ? failed(l, name, r) : r;
}

static int copy_tree(const struct level *l, int from)
{
    return dir_each(from, ".", copy_entry, (void *) l, l->err);
}

static int copy_up(int target_fd, int mount_fd, bool merge, bool top, struct error *err)
{
    struct copy c = { .left = ENTRIES_MAX, .merge = merge };
    struct level l = { .c = &c, .err = err };
    struct stat st;
    _cleanup_close_ int from = open_entry(target_fd, ".", O_DIRECTORY);
    _cleanup_close_ int to = l.to = openat(mount_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (from < 0 || to < 0 || fstat(from, &st) < 0)
        return error_errno(err, from < 0 ? from : -errno, "tmpcopyup: cannot open the directory");
    int r = copy_tree(&l, from);
    if (r >= 0 && top && fchown(to, st.st_uid, st.st_gid) < 0 && errno != EINVAL)
        r = error_errno(err, -errno, "tmpcopyup: cannot give the directory to its owner");
    free(c.attributes);
    return r;
}

int mount_copy_up(int target_fd, int mount_fd, bool merge, bool top, struct error *err)
{
    /* What is written to must be closed before the mount can become read-only; and a tree may be large. */
    int floor = cleanup_close_floor;
    cleanup_close_floor = 0;
    int r = copy_up(target_fd, mount_fd, merge, top, err);
    cleanup_close_floor = floor;
    return r;
}
