// SPDX-License-Identifier: Apache-2.0
/*
 * How: the index loses an entry first; what the rest of it still needs is then computed afresh, and everything else is
 * deleted. There are no counters that a crash could leave wrong. Layers are renamed into a work directory under the lock and
 * taken apart after it, so that nobody waits for a large tree.
 */
#include <errno.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/log.h"
#include "image/store_internal.h"
#include "oci/reference.h"
#include "sys/file.h"

#define INDEX_DEPTH 4

/* Hex digests, sorted once they are all there. */
struct needed {
    struct arena *arena;
    char **v;
    size_t n, cap;
};

static void need(struct needed *l, const char *digest)
{
    if (l->n == l->cap) {
        size_t cap = l->cap == 0 ? 64 : 2 * l->cap;
        l->v = arena_grow(l->arena, l->v, l->n, cap, sizeof(*l->v));
        l->cap = cap;
    }
    l->v[l->n++] = arena_strdup(l->arena, digest_hex(digest));
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *) a, *(char *const *) b);
}

static bool is_needed(const struct needed *l, const char *hex)
{
    return l->n > 0 && bsearch(&hex, l->v, l->n, sizeof(*l->v), by_text) != NULL;
}

static int need_descriptor(struct store *s, const struct image_descriptor *d, int depth, struct needed *blobs,
                           struct needed *layers, struct error *err);

static int need_index(struct store *s, const char *text, size_t len, int depth, struct needed *blobs,
                      struct needed *layers, struct error *err)
{
    struct image_index index;
    int r = image_index_parse(text, len, blobs->arena, &index, err);

    if (r == 0 && depth == 0)
        r = error_set(err, -EINVAL, "indexes lie too deep in one another");
    for (size_t i = 0; i < index.manifests.n && r == 0; i++) {
        struct stat st;
        /* A copy of one platform only has the others' descriptors too. */
        if (fstatat(s->blobs, digest_hex(index.manifests.v[i].digest), &st, AT_SYMLINK_NOFOLLOW) == 0)
            r = need_descriptor(s, &index.manifests.v[i], depth - 1, blobs, layers, err);
    }
    return r;
}

static int need_descriptor(struct store *s, const struct image_descriptor *d, int depth, struct needed *blobs,
                           struct needed *layers, struct error *err)
{
    struct image_manifest m;
    struct image_config c = { 0 };
    const char *text;
    size_t len;
    int r = store_document_read(s, d->digest, blobs->arena, &text, &len, err);

    if (r < 0)
        return r;
    need(blobs, d->digest);
    if (!str_empty(d->media_type) && media_type_kind(d->media_type, NULL) == MEDIA_KIND_INDEX)
        return need_index(s, text, len, depth, blobs, layers, err);
    r = image_manifest_parse(text, len, blobs->arena, &m, err);
    if (r < 0)
        return r;
    need(blobs, m.config.digest);
    for (size_t i = 0; i < m.layers.n; i++)
        need(blobs, m.layers.v[i].digest);
    /* The config of something that is no image (a signature, say) has no layers to unpack; one of an image that cannot be read has. */
    bool image = media_type_kind(m.config.media_type, NULL) == MEDIA_KIND_CONFIG;
    r = store_document_read(s, m.config.digest, blobs->arena, &text, &len, image ? err : NULL);
    if (r == 0)
        r = image_config_parse(text, len, blobs->arena, &c, image ? err : NULL);
    if (r < 0)
        return image ? r : 0;
    for (size_t i = 0; i < c.diff_ids.n; i++)
        need(layers, c.diff_ids.v[i]);
    return 0;
}

struct sweep {
    const struct needed *needed;
    struct work *work; /* NULL: unlink */
    bool failed;
};

static int sweep_entry(int dirfd, const char *name, unsigned char type, void *arg)
{
    struct sweep *sw = arg;

    (void) type;
    if (is_needed(sw->needed, name))
        return 0;
    if (sw->work == NULL ? unlinkat(dirfd, name, 0) < 0 : renameat(dirfd, name, sw->work->fd, name) < 0) {
        log_warn("cannot remove %s from the image store: %s", name, strerror(errno));
        sw->failed = true;
    }
    return 0;
}

int store_collect(struct store *s, const struct image_index *index, struct work *w, struct error *err)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct needed blobs = { .arena = a }, layers = { .arena = a };
    struct error why = { 0 };
    int r = 0;

    for (size_t i = 0; i < index->manifests.n && r == 0; i++)
        r = need_descriptor(s, &index->manifests.v[i], INDEX_DEPTH, &blobs, &layers, &why);
    if (r < 0) {
        log_warn("nothing is removed from the image store at %s: %s", s->path, why.msg);
        /* What is damaged stays so until somebody mends it; the next command tries again what could not be read just now. */
        w->unfinished = r != -ENOENT && r != -EINVAL && r != -EBADMSG;
        return 0;
    }
    if (blobs.n > 0)
        qsort(blobs.v, blobs.n, sizeof(*blobs.v), by_text);
    if (layers.n > 0)
        qsort(layers.v, layers.n, sizeof(*layers.v), by_text);
    struct sweep sw = { .needed = &blobs };
    bool failed;
    r = dir_each(s->blobs, ".", sweep_entry, &sw, err);
    failed = sw.failed;
    sw = (struct sweep){ .needed = &layers, .work = w };
    if (r == 0)
        r = dir_each(s->layers, ".", sweep_entry, &sw, err);
    w->collected = true;
    w->unfinished = failed || sw.failed || r < 0;
    return r < 0 ? r : store_index_sweep(s, err);
}

/* --- rmi --- */

struct removal {
    struct store *store;
    const struct remove_options *o;
    struct arena *arena;
    struct image_index index;
    struct matches m;
    char id[65];
};

static void tell(const struct removal *rm, const char *what, const char *which)
{
    if (rm->o->report != NULL)
        rm->o->report(rm->o->arg, what, which);
}

/* All entries with this id; the matched ones are among them. */
static size_t *entries_of(struct removal *rm, size_t *ret_n)
{
    size_t *v = arena_array(rm->arena, rm->index.manifests.n, sizeof(*v)), n = 0;

    for (size_t i = 0; i < rm->index.manifests.n; i++) {
        struct store_image *image;
        if (store_image_load(rm->store, &rm->index.manifests.v[i], &image, NULL) < 0)
            continue;
        if (str_eq(image->id, rm->id))
            v[n++] = i;
        store_image_free(image);
    }
    *ret_n = n;
    return v;
}

/* Which entries go: by name only that one. *whole: nothing of the image is left then. */
static int choose(struct removal *rm, size_t **ret, size_t *ret_n, bool *whole, struct error *err)
{
    size_t n, named = 0;
    size_t *all = entries_of(rm, &n);

    for (size_t i = 0; i < n; i++)
        named += store_descriptor_name(&rm->index.manifests.v[all[i]]) != NULL;
    if (!rm->m.by_id) {
        *ret = rm->m.v;
        *ret_n = 1;
        *whole = n <= 1;
        return 0;
    }
    if (named > 1 && !rm->o->force)
        return error_set(err, -EBUSY, "image %.12s has %zu names: remove it by one of them, or by force",
                         rm->id, named);
    *ret = all;
    *ret_n = n;
    *whole = true;
    return 0;
}

/* id "": the image cannot be read, and only by force does its name go. */
static int identify(struct removal *rm, struct error *err)
{
    struct store_image *image;
    struct error why = { 0 };
    int r = store_image_load(rm->store, &rm->index.manifests.v[rm->m.v[0]], &image, &why);

    if (r < 0 && rm->o->force && !rm->m.by_id)
        return 0;
    if (r < 0)
        return error_set(err, r, "%s; \"oakum system check --repair\" may mend it, --force removes it",
                         why.msg);
    memcpy(rm->id, image->id, sizeof(rm->id));
    store_image_free(image);
    return 0;
}

static int remove_entries(struct removal *rm, const char *name_or_id, struct work *w, struct error *err)
{
    size_t *going = NULL, n = 0;
    bool whole = false, lost;
    int r = store_index_read(rm->store, rm->arena, &rm->index, err);

    if (r == 0)
        r = store_match(rm->store, &rm->index, name_or_id, &rm->m, err);
    if (r == 0)
        r = identify(rm, err);
    lost = r == 0 && rm->id[0] == '\0';
    if (r == 0)
        r = choose(rm, &going, &n, &whole, err);
    if (r == 0 && whole && !lost && rm->o->in_use != NULL)
        r = rm->o->in_use(rm->o->arg, rm->id, err);
    if (r < 0)
        return r;
    const char **names = arena_array(rm->arena, n, sizeof(*names));
    r = work_mark(w, err);
    if (r < 0)
        return r;
    for (size_t i = n; i-- > 0;) {
        names[i] = store_descriptor_name(&rm->index.manifests.v[going[i]]);
        index_drop(&rm->index, going[i]);
    }
    r = store_index_write(rm->store, &rm->index, err);
    w->unfinished = r < 0; /* it may have been replaced all the same */
    if (r < 0)
        return r;
    for (size_t i = 0; i < n; i++)
        if (names[i] != NULL)
            tell(rm, "Untagged", names[i]);
    if (whole && !lost)
        tell(rm, "Deleted", arena_printf(rm->arena, "sha256:%s", rm->id));
    return store_collect(rm->store, &rm->index, w, err);
}

int store_remove(struct store *s, const char *name_or_id, const struct remove_options *o, struct error *err)
{
    static const struct remove_options none = { 0 };
    struct removal rm = { .store = s, .o = o != NULL ? o : &none };
    _cleanup_work_ struct work *w = NULL;

    int r = work_new(s, &w, err);
    if (r < 0)
        return r;
    int lock = store_lock(s, LOCK_EX, err);
    if (lock < 0)
        return lock;
    rm.arena = arena_new();
    r = remove_entries(&rm, name_or_id, w, err);
    free(rm.m.v);
    arena_free(rm.arena);
    close(lock);
    return r;
}

/* --- prune --- */

/* An image goes with all its names, if each of them is wanted; without `all` only entries without a name go. */
static bool goes(struct removal *rm, const struct prune_options *o, const size_t *entries, size_t n)
{
    bool wanted = true;

    for (size_t i = 0; i < n && wanted; i++) {
        struct store_image *image;
        if (store_image_load(rm->store, &rm->index.manifests.v[entries[i]], &image, NULL) < 0)
            return false;
        wanted = (o->all || image->name == NULL) && (o->wanted == NULL || o->wanted(rm->o->arg, image));
        store_image_free(image);
    }
    return wanted && (rm->o->in_use == NULL || rm->o->in_use(rm->o->arg, rm->id, NULL) == 0);
}

static void drop_all(struct removal *rm, const size_t *entries, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const char *name = store_descriptor_name(&rm->index.manifests.v[entries[i]]);
        if (name != NULL)
            tell(rm, "Untagged", name);
    }
    for (size_t i = n; i-- > 0;)
        index_drop(&rm->index, entries[i]);
    tell(rm, "Deleted", arena_printf(rm->arena, "sha256:%s", rm->id));
}

static int prune(struct removal *rm, const struct prune_options *o, struct work *w, struct error *err)
{
    int r = store_index_read(rm->store, rm->arena, &rm->index, err);

    for (size_t i = rm->index.manifests.n; r == 0 && i-- > 0;) {
        size_t n, at = i;
        if (i >= rm->index.manifests.n)
            continue; /* more than one went */
        rm->m.v = &at;
        if (identify(rm, NULL) < 0)
            continue;
        size_t *entries = entries_of(rm, &n);
        if (n > 0 && goes(rm, o, entries, n))
            drop_all(rm, entries, n);
    }
    rm->m.v = NULL;
    if (r == 0)
        r = work_mark(w, err);
    if (r == 0) {
        r = store_index_write(rm->store, &rm->index, err);
        w->unfinished = r < 0;
    }
    return r < 0 ? r : store_collect(rm->store, &rm->index, w, err);
}

int store_prune(struct store *s, const struct prune_options *o, struct error *err)
{
    struct removal rm = { .store = s, .o = &o->remove };
    _cleanup_work_ struct work *w = NULL;

    int r = work_new(s, &w, err);
    if (r < 0)
        return r;
    _cleanup_close_ int lock = store_lock(s, LOCK_EX, err);
    if (lock < 0)
        return lock;
    rm.arena = arena_new();
    r = prune(&rm, o, w, err);
    arena_free(rm.arena);
    return r;
}

int store_tag(struct store *s, const char *name_or_id, const char *new_name, struct error *err)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct reference ref;
    struct image_index index;
    struct matches m;
    char full[640];

    int r = reference_parse(new_name, &ref, err);
    if (r < 0)
        return r;
    if (ref.digest[0] != '\0')
        return error_set(err, -EINVAL, "a new name cannot have a digest in it");
    reference_format(&ref, full, sizeof(full));
    _cleanup_close_ int lock = store_lock(s, LOCK_EX, err);
    if (lock < 0)
        return lock;
    r = store_index_read(s, a, &index, err);
    if (r == 0)
        r = store_match(s, &index, name_or_id, &m, err);
    if (r != 0)
        return r;
    struct image_descriptor *d = index_add(a, &index);
    *d = index.manifests.v[m.v[0]];
    struct oci_pairs old = d->annotations;
    d->annotations = (struct oci_pairs){ 0 };
    for (size_t i = 0; i < old.n; i++)
        oci_pairs_set(a, &d->annotations, old.v[i].key, old.v[i].value);
    free(m.v);
    index_name(a, &index, index.manifests.n - 1, arena_strdup(a, full));
    return store_index_write(s, &index, err);
}
