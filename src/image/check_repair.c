// SPDX-License-Identifier: Apache-2.0
/*
 * How: a layer is exchanged with its new tree in one rename, under the lock, and the old one goes with the work directory. A damaged
 * blob is taken away, because a pull and a load believe a blob of the right size, and then the image is pulled by its manifest's
 * digest, which can bring nothing but the same image. The name that the pull leaves goes again.
 */
#include <errno.h>
#include <linux/fs.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/log.h"
#include "image/check_internal.h"
#include "oci/reference.h"
#include "sys/file.h"

/* --- layers --- */

static int is_used(struct check *c, const struct check_item *it, struct error *err)
{
    int r = 0;
    for (size_t i = 0; i < it->n_images && r == 0 && c->o->running != NULL; i++) {
        const char *id = c->images[it->images[i]].id;
        if (id != NULL)
            r = c->o->running(c->o->arg, id, err);
    }
    return r;
}

static int exchange(struct check *c, const char *hex, const char *fresh)
{
    int layers = c->store->layers, work = c->work->fd;
    if (sys_renameat2(work, fresh, layers, hex, RENAME_EXCHANGE) == 0)
        return 0;
    if (errno == ENOENT)
        return renameat(work, fresh, layers, hex) < 0 ? -errno : 0;
    /* A file system without exchange: for a moment there is none. */
    if (renameat(layers, hex, work, "damaged") < 0 || renameat(work, fresh, layers, hex) < 0)
        return -errno;
    return tree_remove(work, "damaged", NULL);
}

int check_replace_layer(struct check *c, struct check_item *item, const char *fresh, struct error *err)
{
    struct error why = { 0 };
    if (syncfs(c->work->fd) < 0)
        return error_errno(err, -errno, "cannot write a layer out");
    _cleanup_close_ int lock = store_lock(c->store, LOCK_EX, err);
    if (lock < 0)
        return lock;
    if (item->state == CHECK_BAD && is_used(c, item, &why) < 0) {
        item->advice = arena_printf(c->a, "%s; then repair again", why.msg);
        return 0;
    }
    int r = exchange(c, item->hex, fresh);
    if (r == 0 && fsync(c->store->layers) < 0)
        r = -errno;
    if (r < 0)
        return error_errno(err, r, "cannot put the layer %s in its place", item->hex);
    item->state = CHECK_GOOD;
    item->done = "unpacked again from its blob";
    return 0;
}

/* --- blobs --- */

static bool is_bad(const struct check_item *it)
{
    return it->planned && it->kind != CHECK_LAYER && (it->state == CHECK_BAD || it->state == CHECK_MISSING);
}

static int take_away(struct check *c, struct error *err)
{
    _cleanup_close_ int lock = store_lock(c->store, LOCK_EX, err);
    if (lock < 0)
        return lock;
    for (size_t i = 0; i < c->n_items; i++) {
        if (is_bad(&c->items[i]) && tree_remove(c->store->blobs, c->items[i].hex, err) < 0)
            return error_context(err, -EIO, "a damaged blob");
    }
    return 0;
}

static bool has_name(const struct image_index *index, const char *name, size_t *ret)
{
    for (size_t i = 0; i < index->manifests.n; i++) {
        const char *has = store_descriptor_name(&index->manifests.v[i]);
        if (has != NULL && str_eq(has, name)) {
            *ret = i;
            return true;
        }
    }
    return false;
}

/* The image stays, the name that the repair's pull gave it does not. */
static int forget_name(struct check *c, const char *name, struct error *err)
{
    struct image_index index;
    size_t at;
    _cleanup_close_ int lock = store_lock(c->store, LOCK_EX, err);
    int r = lock < 0 ? lock : store_index_read(c->store, c->a, &index, err);
    if (r < 0 || !has_name(&index, name, &at))
        return r;
    struct oci_pairs *p = &index.manifests.v[at].annotations;
    bool other = false;
    size_t kept = 0;
    for (size_t i = 0; i < index.manifests.n; i++)
        other |= i != at && str_eq(index.manifests.v[i].digest, index.manifests.v[at].digest);
    for (size_t i = 0; i < p->n; i++) {
        if (!str_eq(p->v[i].key, ANNOTATION_REF_NAME))
            p->v[kept++] = p->v[i];
    }
    p->n = kept;
    if (other)
        index_drop(&index, at);
    return store_index_write(c->store, &index, err);
}

/* "registry.example/team/app@sha256:…" of what was pulled as "registry.example/team/app:1". */
static int by_digest(const struct check_image *im, char *buf, size_t size, struct error *err)
{
    struct reference ref;
    int r = reference_parse(im->source, &ref, err);
    if (r < 0)
        return r;
    ref.tag[0] = '\0';
    r = str_format(ref.digest, sizeof(ref.digest), "%s", im->digest);
    if (r < 0)
        return error_set(err, r, "the digest is too long");
    reference_format(&ref, buf, size);
    return 0;
}

static void note(struct check *c, size_t image, const char *done, const char *advice)
{
    for (size_t i = 0; i < c->n_items; i++) {
        struct check_item *it = &c->items[i];
        for (size_t k = 0; k < it->n_images && is_bad(it); k++) {
            if (it->images[k] != image)
                continue;
            it->done = done != NULL ? done : it->done;
            it->advice = advice;
        }
    }
}

static int refetch_image(struct check *c, size_t at, struct error *err)
{
    struct image_index before;
    struct error why = { 0 };
    char name[640];
    size_t had;
    if (c->images[at].source == NULL || c->o->refetch == NULL)
        return 0;
    int r = store_index_read(c->store, c->a, &before, err);
    if (r < 0)
        return r;
    if (by_digest(&c->images[at], name, sizeof(name), &why) < 0 || c->o->refetch(c->o->arg, name, &why) < 0) {
        note(c, at, NULL,
             arena_printf(c->a,
                          "it cannot be fetched now (%s): pull the image again when its registry has it",
                          why.msg));
        return 0;
    }
    note(c, at, "fetched again", NULL);
    return has_name(&before, name, &had) ? 0 : forget_name(c, name, err);
}

int check_refetch(struct check *c, struct error *err)
{
    _cleanup_free_ bool *wanted = xcalloc(c->n_images + 1, sizeof(*wanted));
    size_t n = 0;
    for (size_t i = 0; i < c->n_items; i++) {
        for (size_t k = 0; k < c->items[i].n_images && is_bad(&c->items[i]); k++) {
            wanted[c->items[i].images[k]] = true;
            n++;
        }
    }
    if (n == 0)
        return 0;
    int r = take_away(c, err);
    for (size_t i = 0; i < c->n_images && r == 0; i++) {
        if (wanted[i])
            r = refetch_image(c, i, err);
    }
    if (r < 0)
        return r;
    _cleanup_close_ int lock = store_lock(c->store, LOCK_SH, err);
    return lock < 0 ? lock : check_plan(c, err);
}
