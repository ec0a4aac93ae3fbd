// SPDX-License-Identifier: Apache-2.0
/*
 * How: the container's directory overlay/upper and a read-only view of the image's layers (engine/view.h) are walked side by side: a directory of
 * the upper one with the directory of the same name below, if there is one. Character device 0:0 is a removal, and in an opaque directory all that is not in it too.
 *
 * Threat: the names are the container's, which may be changing them meanwhile: directories are opened by one name in a directory that is
 * held open, without following; nothing of a file is read.
 */
#include "engine/changes.h"

#include <errno.h>
#include <sys/xattr.h>

#include "base/strbuf.h"
#include "engine/engine_internal.h"
#include "engine/view.h"
#include "sys/file.h"

#define DEPTH_MAX 512

struct names {
    char **v;
    size_t n, cap;
};

struct walk {
    int (*fn)(void *arg, char kind, const char *path);
    void *arg;
    uint32_t ids_first;
    bool userxattr; /* whose form the marks have */
    struct strbuf path;
};

static int add_name(int dirfd _unused_, const char *name, unsigned char type _unused_, void *arg)
{
    struct names *l = arg;
    if (l->n == l->cap) {
        l->cap = l->cap == 0 ? 32 : 2 * l->cap;
        l->v = xreallocarray(l->v, l->cap, sizeof(*l->v));
    }
    l->v[l->n++] = xstrdup(name);
    return 0;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *) a, *(char *const *) b);
}

static void names_free(struct names *l)
{
    for (size_t i = 0; i < l->n; i++)
        free(l->v[i]);
    free(l->v);
}
#define _cleanup_names_ __attribute__((cleanup(names_free)))

static int read_names(int fd, struct names *l, struct error *err)
{
    int r = dir_each(fd, ".", add_name, l, err);
    if (r == 0 && l->n > 1)
        qsort(l->v, l->n, sizeof(*l->v), by_text);
    return r;
}

static int tell(const struct walk *w, char kind)
{
    return w->fn(w->arg, kind, w->path.buf);
}

static void cut(struct walk *w, size_t len)
{
    w->path.len = len;
    if (w->path.buf != NULL)
        w->path.buf[len] = '\0';
}

static bool is_opaque(const struct walk *w, int fd)
{
    char value[8];
    const char *mark = w->userxattr ? "user.overlay.opaque" : "trusted.overlay.opaque";
    return fgetxattr(fd, mark, value, sizeof(value)) == 1 && value[0] == 'y';
}

/* Its content is somewhere else than its name says. */
static bool is_redirected(int fd)
{
    return fgetxattr(fd, "trusted.overlay.redirect", NULL, 0) > 0;
}

static uint32_t inside(const struct walk *w, uint32_t id)
{
    return w->ids_first != 0 && id - w->ids_first < 65536 ? id - w->ids_first : id;
}

static bool same_directory(const struct walk *w, const struct stat *a, const struct stat *below)
{
    return a->st_mode == below->st_mode && inside(w, a->st_uid) == below->st_uid &&
           inside(w, a->st_gid) == below->st_gid && a->st_mtim.tv_sec == below->st_mtim.tv_sec &&
           a->st_mtim.tv_nsec == below->st_mtim.tv_nsec;
}

static int walk_dir(struct walk *w, int upper, int lower, int depth, struct error *err);

static int open_sub(int dirfd, const char *name)
{
    return openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static int walk_entry(struct walk *w, int upper, int lower, const char *name, int depth, struct error *err)
{
    struct stat st, below = { 0 };
    bool was = lower >= 0 && fstatat(lower, name, &below, AT_SYMLINK_NOFOLLOW) == 0;
    if (fstatat(upper, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : error_errno(err, -errno, "cannot look at %s", w->path.buf);
    if (S_ISCHR(st.st_mode) && st.st_rdev == 0)
        return was ? tell(w, 'D') : 0;
    int r = 0;
    if (!was)
        r = tell(w, 'A');
    else if (!S_ISDIR(st.st_mode) || !S_ISDIR(below.st_mode) || !same_directory(w, &st, &below))
        r = tell(w, 'C');
    if (r != 0 || !S_ISDIR(st.st_mode))
        return r;
    _cleanup_close_ int up = open_sub(upper, name);
    if (up < 0) /* it is another thing by now, or gone */
        return 0;
    _cleanup_close_ int low = was && S_ISDIR(below.st_mode) ? open_sub(lower, name) : -1;
    return walk_dir(w, up, low, depth + 1, err);
}

/* What the image has in an opaque directory and the container has not. */
static int tell_hidden(struct walk *w, const struct names *there, int lower, struct error *err)
{
    _cleanup_names_ struct names below = { 0 };
    size_t len = w->path.len;
    int r = read_names(lower, &below, err);
    for (size_t i = 0; i < below.n && r == 0; i++) {
        if (there->n > 0 && bsearch(&below.v[i], there->v, there->n, sizeof(*there->v), by_text) != NULL)
            continue;
        strbuf_addf(&w->path, "/%s", below.v[i]);
        r = tell(w, 'D');
        cut(w, len);
    }
    return r;
}

static int walk_dir(struct walk *w, int upper, int lower, int depth, struct error *err)
{
    _cleanup_names_ struct names l = { 0 };
    size_t len = w->path.len;
    if (depth > DEPTH_MAX)
        return error_set(err, -EINVAL, "the container has directories more than %d deep", DEPTH_MAX);
    if (is_redirected(upper))
        return error_set(
            err, -EOPNOTSUPP,
            "%s was renamed by reference: what the container has changed cannot be told where overlay's redirect_dir is on",
            w->path.buf);
    int r = read_names(upper, &l, err);
    if (r == 0 && lower >= 0 && is_opaque(w, upper))
        r = tell_hidden(w, &l, lower, err);
    for (size_t i = 0; i < l.n && r == 0; i++) {
        strbuf_addf(&w->path, "/%s", l.v[i]);
        r = walk_entry(w, upper, lower, l.v[i], depth, err);
        cut(w, len);
    }
    return r;
}

int engine_upper_open(struct engine *e, const char *id, struct error *err)
{
    _cleanup_close_ int dirfd = engine_open_container(e, id, -1, err);
    _cleanup_close_ int overlay = dirfd < 0 ? dirfd : dir_open(dirfd, "overlay", NULL);
    if (overlay < 0)
        return overlay;
    return dir_open(overlay, "upper", err);
}

int engine_changes(struct engine *e, const char *id, int (*fn)(void *arg, char kind, const char *path),
                   void *arg, struct error *err)
{
    struct walk w = { .fn = fn, .arg = arg, .path = STRBUF_INIT };
    struct engine_view below = { .fd = -1 };
    /* The view first: it is made in a mount namespace of this process's own. */
    int r = engine_view_below(e, id, &below, &w.userxattr, err);
    _cleanup_close_ int lower = below.fd;
    if (r < 0)
        return r;
    _cleanup_close_ int upper = engine_upper_open(e, id, err);
    if (upper == -ENOENT)
        return 0;
    if (upper < 0)
        return upper;
    w.ids_first = below.ids_first;
    r = walk_dir(&w, upper, lower, 0, err);
    strbuf_free(&w.path);
    return r;
}
