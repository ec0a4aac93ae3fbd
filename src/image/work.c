// SPDX-License-Identifier: Apache-2.0
/*
 * How: a directory in tmp/ belongs to the process that holds a flock on it, and the kernel lets go of that lock however the
 * process ends. So whoever starts work may remove each directory whose lock it gets. tmp/ itself is locked for the moment
 * in which a directory is there but not yet locked, and while the others are tried.
 *
 * A directory whose process died while it published may have given blobs and layers away that nothing names, and one whose
 * process removed an image may have left them; it has a file "publishing" in it, and whoever finds that collects them.
 */
#include <errno.h>
#include <limits.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/log.h"
#include "image/store_internal.h"
#include "sys/file.h"

struct dead {
    char name[NAME_MAX + 1];
    int fd;
};
struct deads {
    struct dead *v;
    size_t n;
};

static int try_lock(int dirfd, const char *name, unsigned char type, void *arg)
{
    struct deads *d = arg;

    (void) type;
    if (d->n >= 64) /* the rest is for the next one */
        return 0;
    int fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return 0;
    if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        close(fd);
        return 0;
    }
    d->v = xreallocarray(d->v, d->n + 1, sizeof(*d->v));
    d->v[d->n] = (struct dead){ .fd = fd };
    memcpy(d->v[d->n].name, name, strlen(name) + 1);
    d->n++;
    return 0;
}

/* true: one of them was killed while it published. */
static bool remove_dead(struct store *s, struct deads *d)
{
    bool published = false;
    struct stat st;

    for (size_t i = 0; i < d->n; i++) {
        struct error err = { 0 };
        published |= fstatat(d->v[i].fd, "publishing", &st, AT_SYMLINK_NOFOLLOW) == 0;
        if (tree_remove(s->tmp, d->v[i].name, &err) < 0)
            log_warn("cannot remove what a killed process left in %s/tmp: %s", s->path, err.msg);
        close(d->v[i].fd);
    }
    free(d->v);
    return published;
}

static void collect_after_death(struct store *s, struct work *w)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct image_index index;
    struct error err = { 0 };
    _cleanup_close_ int lock = store_lock(s, LOCK_EX, &err);

    if (lock < 0 || store_index_read(s, a, &index, &err) < 0 || store_collect(s, &index, w, &err) < 0)
        log_warn("cannot collect what a killed process left: %s", err.msg);
}

int work_new(struct store *s, struct work **ret, struct error *err)
{
    struct work *w = xcalloc(1, sizeof(*w));
    struct deads dead = { 0 };

    w->store = s;
    w->fd = -1;
    random_hex(w->name, 16);
    /* A descriptor of its own: two works of one process must not share the lock. */
    _cleanup_close_ int tmp = dir_open(s->root, "tmp", err);
    int r = tmp < 0 ? tmp : file_lock(tmp, LOCK_EX, "the store's tmp", err);
    if (r == 0)
        r = dir_each(s->tmp, ".", try_lock, &dead, err);
    if (r == 0 && mkdirat(s->tmp, w->name, 0700) < 0)
        r = error_errno(err, -errno, "cannot make a directory in %s/tmp", s->path);
    if (r == 0) {
        w->fd = dir_open(s->tmp, w->name, err);
        r = w->fd < 0 ? w->fd : file_lock(w->fd, LOCK_EX | LOCK_NB, "a work directory", err);
    }
    if (tmp >= 0)
        flock(tmp, LOCK_UN);
    bool published = remove_dead(s, &dead);
    if (r < 0) {
        work_free(w);
        return r;
    }
    if (published)
        collect_after_death(s, w);
    *ret = w;
    return 0;
}

int work_mark(struct work *w, struct error *err)
{
    _cleanup_close_ int fd = file_open(w->fd, "publishing", O_WRONLY | O_CREAT | O_NOFOLLOW, 0600, err);
    return MIN_OF(fd, 0);
}

void work_free(struct work *w)
{
    struct error err = { 0 };

    if (w == NULL)
        return;
    /* What is left with the mark in it is found as that of a killed process. */
    bool leave = w->fd >= 0 && w->unfinished && work_mark(w, NULL) == 0;
    if (w->fd >= 0 && !leave && tree_remove(w->store->tmp, w->name, &err) < 0)
        log_warn("cannot clean up %s/tmp: %s", w->store->path, err.msg);
    /* Only now have their files a name less. */
    if (w->collected && dedup_collect(w->store, &err) < 0)
        log_warn("cannot clean up %s/files: %s", w->store->path, err.msg);
    if (w->fd >= 0)
        close(w->fd);
    free(w);
}
