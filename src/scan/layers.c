// SPDX-License-Identifier: Apache-2.0
/*
 * How: a directory is a list of descriptors, the highest layer's first. Going down a name asks each in turn: a directory is
 * added; an opaque one is the last; anything else (a file, a link, a whiteout) hides what is below. One directory's names are in
 * memory at a time, and those of its parents: the size of an image does not matter.
 */
#include "scan/layers.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/xattr.h>

void merged_dir_close(struct merged_dir *d)
{
    for (size_t i = 0; i < d->n; i++)
        close(d->fd[i]);
    free(d->fd);
    free(d->layer);
    *d = (struct merged_dir){ 0 };
}

static void add(struct merged_dir *d, int fd, size_t layer)
{
    d->fd = xreallocarray(d->fd, d->n + 1, sizeof(*d->fd));
    d->layer = xreallocarray(d->layer, d->n + 1, sizeof(*d->layer));
    d->fd[d->n] = fd;
    d->layer[d->n++] = layer;
}

static bool opaque(int fd)
{
    char value[2];
    return fgetxattr(fd, "user.overlay.opaque", value, sizeof(value)) == 1 && value[0] == 'y';
}

static bool is_whiteout(const struct stat *st)
{
    return S_ISCHR(st->st_mode) && st->st_rdev == 0;
}

int merged_root(const int *layers, size_t n, struct merged_dir *ret, struct error *err)
{
    struct merged_dir d = { 0 };
    if (n == 0 || n > LAYERS_MAX)
        return error_set(err, -EINVAL, "an image of %zu layers cannot be read (1 to %d)", n, LAYERS_MAX);
    for (size_t i = n; i-- > 0;) {
        int fd = fcntl(layers[i], F_DUPFD_CLOEXEC, 3);
        if (fd < 0) {
            int r = error_errno(err, -errno, "cannot open layer %zu", i);
            merged_dir_close(&d);
            return r;
        }
        add(&d, fd, i);
    }
    *ret = d;
    return 0;
}

int merged_child(const struct merged_dir *d, const char *name, struct merged_dir *ret)
{
    struct merged_dir child = { 0 };
    for (size_t i = 0; i < d->n; i++) {
        int fd = openat(d->fd[i], name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0 && errno == ENOENT)
            continue;
        if (fd < 0 && (errno == ENOTDIR || errno == ELOOP || errno == ENXIO))
            break;
        if (fd < 0) {
            int r = -errno;
            merged_dir_close(&child);
            return r;
        }
        add(&child, fd, d->layer[i]);
        if (opaque(fd))
            break;
    }
    if (child.n == 0)
        return -ENOENT;
    *ret = child;
    return 0;
}

int merged_descend(const struct merged_dir *d, const char *path, struct merged_dir *ret)
{
    _cleanup_free_ char *copy = xstrdup(path);
    struct merged_dir at = { 0 };
    char *rest = copy, *name;
    bool first = true;
    while ((name = strsep(&rest, "/")) != NULL) {
        struct merged_dir next = { 0 };
        int r = merged_child(first ? d : &at, name, &next);
        if (!first)
            merged_dir_close(&at);
        if (r < 0)
            return r;
        at = next;
        first = false;
    }
    *ret = at;
    return 0;
}

int merged_open(const struct merged_dir *d, const char *name, size_t *ret_layer, struct stat *ret_st)
{
    for (size_t i = 0; i < d->n; i++) {
        if (fstatat(d->fd[i], name, ret_st, AT_SYMLINK_NOFOLLOW) < 0) {
            if (errno == ENOENT)
                continue;
            return -errno;
        }
        if (!S_ISREG(ret_st->st_mode))
            return -ENOENT;
        *ret_layer = d->layer[i];
        int fd = openat(d->fd[i], name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        if (fd < 0)
            return -errno;
        if (fstat(fd, ret_st) < 0 || !S_ISREG(ret_st->st_mode)) {
            close(fd);
            return -ENOENT;
        }
        return fd;
    }
    return -ENOENT;
}

struct listing {
    struct merged_entry *v;
    size_t n, cap;
};

static int by_name(const void *a, const void *b)
{
    const struct merged_entry *x = a, *y = b;
    int r = strcmp(x->name, y->name);
    return r != 0 ? r : (x->layer < y->layer) - (x->layer > y->layer); /* the highest layer first */
}

static int list_one(int dirfd, size_t layer, struct listing *l)
{
    int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (dir == NULL) {
        int r = -errno;
        if (fd >= 0)
            close(fd);
        return r;
    }
    const struct dirent *e;
    while (errno = 0, (e = readdir(dir)) != NULL) { /* NOLINT(concurrency-mt-unsafe) */
        struct stat st;
        if (str_eq(e->d_name, ".") || str_eq(e->d_name, "..") ||
            fstatat(dirfd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
            continue;
        if (l->n == l->cap) {
            l->cap = l->cap * 2 + 16;
            l->v = xreallocarray(l->v, l->cap, sizeof(*l->v));
        }
        l->v[l->n++] = (struct merged_entry){ xstrdup(e->d_name), layer, is_whiteout(&st) ? 0 : st.st_mode,
                                              st.st_size };
    }
    int r = -errno;
    closedir(dir);
    return r;
}

int merged_list(const struct merged_dir *d, struct merged_entry **ret, size_t *ret_n)
{
    struct listing l = { 0 };
    for (size_t i = 0; i < d->n; i++) {
        int r = list_one(d->fd[i], d->layer[i], &l);
        if (r < 0) {
            merged_entries_free(l.v, l.n);
            return r;
        }
    }
    if (l.n > 1)
        qsort(l.v, l.n, sizeof(*l.v), by_name);
    size_t kept = 0;
    const char *before = NULL;
    for (size_t i = 0; i < l.n; i++) {
        bool hidden = before != NULL && str_eq(before, l.v[i].name);
        if (!hidden) {
            free((char *) before);
            before = xstrdup(l.v[i].name);
        }
        if (hidden || l.v[i].mode == 0)
            free(l.v[i].name);
        else
            l.v[kept++] = l.v[i];
    }
    free((char *) before);
    *ret = l.v;
    *ret_n = kept;
    return 0;
}

void merged_entries_free(struct merged_entry *e, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free(e[i].name);
    free(e);
}
