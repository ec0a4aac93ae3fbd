// SPDX-License-Identifier: Apache-2.0
/*
 * Whoever is in the container may rename, link and unlink while we walk. The kernel does the walking (RESOLVE_IN_ROOT: links and ".."
 * end at the root; it fails with EAGAIN when a rename could have led out), and nothing that was looked at is looked at again by
 * name: what is missing is made by mkdirat or mknodat of one name in a directory that is held open, which follow no link, and is
 * then opened from the root anew. The worst a racing renamer can reach is that we create or open something else inside his root.
 *
 * A dangling link is followed as the container would see it: its target is put in its place in the path, which is walked again.
 */
#include "sys/root.h"

#include <errno.h>
#include <limits.h>

#define TRIES 256 /* against a renamer; each round is a few microseconds */
#define LINKS 40  /* as many as the kernel follows */

static int in_root(int rootfd, const char *path, int flags)
{
    const uint64_t resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
    for (int i = 0; i < TRIES; i++) {
        int fd = sys_openat2(rootfd, path[0] == '\0' ? "/" : path, (uint64_t) (flags | O_CLOEXEC), 0,
                             resolve);
        if (fd >= 0)
            return fd;
        if (errno != EAGAIN && errno != EINTR)
            return -errno;
    }
    return -EAGAIN;
}

static int failed(struct error *err, int code, const char *verb, const char *path)
{
    if (code == -EAGAIN)
        return error_set(err, code, "cannot %s /%s in the container: names on the way keep changing", verb,
                         path + strspn(path, "/"));
    return error_errno(err, code, "cannot %s /%s in the container", verb, path + strspn(path, "/"));
}

int root_open(int rootfd, const char *path, int flags, struct error *err)
{
    int fd = (flags & O_CREAT) != 0 ? -EINVAL : in_root(rootfd, path, flags);
    return fd >= 0 ? fd : failed(err, fd, "open", path);
}

/*
 * Puts the target of the link with the name at [start, end) of path, in the directory parent, in its place. 0, -EINVAL when
 * it is no link, or another error.
 */
static int follow_link(int parent, char *path, size_t start, size_t end)
{
    char target[PATH_MAX], rest[PATH_MAX], name[NAME_MAX + 1];
    if (str_format(name, sizeof(name), "%.*s", (int) (end - start), path + start) < 0)
        return -ENAMETOOLONG;
    ssize_t n = readlinkat(parent, name, target, sizeof(target));
    if (n < 0)
        return -errno;
    if ((size_t) n >= sizeof(target) || str_format(rest, sizeof(rest), "%s", path + end) < 0)
        return -ENAMETOOLONG;
    target[n] = '\0';
    size_t keep = target[0] == '/' ? 0 : start;
    int r = str_format(path + keep, PATH_MAX - keep, "%s%s", target, rest);
    return r < 0 ? r : 0;
}

struct walk {
    int rootfd;
    mode_t mode;
    int links, tries; /* so far */
};

/*
 * One step: the directory at path (NUL-terminated at its component, which begins at start), made in parent when it is missing.
 * Descriptor, -ENOENT when it is still not there (a dangling link or a race), or another error.
 */
static int step(const struct walk *w, int parent, const char *path, size_t start)
{
    int fd = in_root(w->rootfd, path, O_PATH | O_DIRECTORY);
    if (fd != -ENOENT)
        return fd;
    if (mkdirat(parent, path + start, w->mode) < 0 && errno != EEXIST)
        return -errno;
    return in_root(w->rootfd, path, O_PATH | O_DIRECTORY);
}

/* After -ENOENT: 0 when path was changed or another try is worth it, else the error. */
static int step_again(struct walk *w, int parent, char *path, size_t start, size_t end)
{
    int r = follow_link(parent, path, start, end);
    if (r == 0)
        return ++w->links > LINKS ? -ELOOP : 0;
    if (r != -EINVAL && r != -ENOENT)
        return r;
    return ++w->tries > TRIES ? -EAGAIN : 0;
}

/* path (a buffer of PATH_MAX, changed) as a directory, with what is missing made. O_PATH descriptor or negative errno. */
static int make_walk(struct walk *w, char *path)
{
    _cleanup_close_ int parent = in_root(w->rootfd, "/", O_PATH | O_DIRECTORY);
    if (parent < 0)
        return parent;
    for (size_t at = 0;;) {
        size_t start = at + strspn(path + at, "/");
        size_t end = start + strcspn(path + start, "/");
        if (start == end)
            return TAKE_FD(parent);
        char after = path[end];
        path[end] = '\0';
        int fd = step(w, parent, path, start);
        path[end] = after;
        at = end;
        if (fd == -ENOENT) {
            int r = step_again(w, parent, path, start, end);
            if (r < 0)
                return r;
            at = 0;
            fd = in_root(w->rootfd, "/", O_PATH | O_DIRECTORY);
        }
        if (fd < 0)
            return fd;
        close(parent);
        parent = fd;
    }
}

int root_mkdir_all(int rootfd, const char *path, mode_t mode, struct error *err)
{
    char walked[PATH_MAX];
    struct walk w = { .rootfd = rootfd, .mode = mode };
    int fd = in_root(rootfd, path, O_PATH | O_DIRECTORY);
    if (fd == -ENOENT) {
        fd = str_format(walked, sizeof(walked), "%s", path);
        if (fd >= 0)
            fd = make_walk(&w, walked);
    }
    return fd >= 0 ? fd : failed(err, fd, "make directory", path);
}

/* One round of root_touch(): descriptor, -ENOENT when there shall be another, or the error. */
static int touch_once(struct walk *w, char *path)
{
    char dir[PATH_MAX];
    size_t end = strlen(path), start = end;
    while (start > 0 && path[start - 1] != '/')
        start--;
    if (start == end || str_eq(path + start, ".") || str_eq(path + start, ".."))
        return -EISDIR;
    if (str_format(dir, sizeof(dir), "%.*s", (int) start, path) < 0)
        return -ENAMETOOLONG;
    _cleanup_close_ int parent = make_walk(w, dir);
    if (parent < 0)
        return parent;
    /* As open with O_CREAT|O_EXCL, but nothing is opened: a racing name can be neither followed nor truncated. */
    if (mknodat(parent, path + start, S_IFREG | 0644, 0) < 0 && errno != EEXIST)
        return errno == ENOENT ? -ESTALE : -errno;
    int fd = in_root(w->rootfd, path, O_PATH);
    if (fd != -ENOENT)
        return fd;
    int r = step_again(w, parent, path, start, end);
    return r < 0 ? r : -ENOENT;
}

int root_touch(int rootfd, const char *path, struct error *err)
{
    char walked[PATH_MAX];
    struct walk w = { .rootfd = rootfd, .mode = 0755 };
    int fd = in_root(rootfd, path, O_PATH);
    if (fd == -ENOENT && str_format(walked, sizeof(walked), "%s", path) < 0)
        fd = -ENAMETOOLONG;
    while (fd == -ENOENT)
        fd = touch_once(&w, walked);
    return fd >= 0 ? fd : failed(err, fd, "make file", path);
}
