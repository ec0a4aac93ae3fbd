// SPDX-License-Identifier: Apache-2.0
/*
 * How: from the index's entries over manifests and configs to the set of files that the store should have. A document that cannot
 * be believed ends its branch: what is below it is unknown, not missing.
 */
#include <errno.h>
#include <sys/stat.h>

#include "image/check_internal.h"
#include "sys/file.h"

#define INDEX_DEPTH 4

struct check_item *check_item_find(const struct check *c, enum check_kind kind, const char *hex)
{
    for (size_t i = 0; i < c->n_items; i++) {
        if (c->items[i].kind == kind && memcmp(c->items[i].hex, hex, 64) == 0)
            return &c->items[i];
    }
    return NULL;
}

/* The item of image `at`; NULL for a digest that the store does not keep. */
static struct check_item *want(struct check *c, enum check_kind kind, const char *digest, int64_t size,
                               size_t at)
{
    if (str_after(digest, "sha256:") == NULL || !digest_valid(digest))
        return NULL;
    struct check_item *it = check_item_find(c, kind, digest_hex(digest));
    if (it == NULL) {
        if ((c->n_items & (c->n_items - 1)) == 0)
            c->items = arena_grow(c->a, c->items, c->n_items, 2 * c->n_items + 1, sizeof(*c->items));
        it = &c->items[c->n_items++];
        *it = (struct check_item){ .kind = kind,
                                   .hex = arena_strdup(c->a, digest_hex(digest)),
                                   .size = size };
    }
    it->planned = true;
    if (it->n_images == 0 || it->images[it->n_images - 1] != at) {
        it->images = arena_grow(c->a, it->images, it->n_images, it->n_images + 1, sizeof(*it->images));
        it->images[it->n_images++] = at;
    }
    return it;
}

static const char *document(struct check *c, const struct image_descriptor *d, size_t at, size_t *ret_len)
{
    const char *text;
    struct error why = { 0 };
    struct check_item *it = want(c, CHECK_DOCUMENT, d->digest, d->size, at);
    if (it == NULL) {
        c->images[at].record = arena_printf(
            c->a, "the digest %.80s is of a kind that the store does not keep", d->digest);
        return NULL;
    }
    int r = store_document_read(c->store, d->digest, c->a, &text, ret_len, &why);
    it->state = r == 0 ? CHECK_GOOD : r == -ENOENT ? CHECK_MISSING : CHECK_BAD;
    if (r < 0) {
        if (it->problem == NULL) /* else what it was before a repair */
            it->problem = r == -ENOENT ? "is missing" : arena_strdup(c->a, why.msg);
        return NULL;
    }
    if ((int64_t) *ret_len != d->size)
        c->images[at].record = arena_printf(c->a, "%s is %zu bytes, but its descriptor says %lld", d->digest,
                                            *ret_len, (long long) d->size);
    return text;
}

static void plan_layers(struct check *c, const struct image_manifest *m, const struct image_config *cfg,
                        size_t at)
{
    if (cfg->diff_ids.n != m->layers.n) {
        c->images[at].record = arena_printf(c->a, "its config names %zu layers, its manifest %zu",
                                            cfg->diff_ids.n, m->layers.n);
        return;
    }
    for (size_t i = 0; i < m->layers.n; i++) {
        struct check_item *it = want(c, CHECK_LAYER, cfg->diff_ids.v[i], -1, at);
        const char *blob = digest_hex(m->layers.v[i].digest);
        bool known = it == NULL;
        for (size_t k = 0; !known && k < it->n_from; k++)
            known = str_eq(it->from[k], blob);
        if (known)
            continue;
        it->from = arena_grow(c->a, it->from, it->n_from, it->n_from + 1, sizeof(*it->from));
        it->from[it->n_from++] = arena_strdup(c->a, blob);
    }
}

static void plan_entry(struct check *c, const struct image_descriptor *d, size_t at, int depth);

static void plan_manifest(struct check *c, const char *text, size_t len, size_t at)
{
    struct image_manifest m;
    struct image_config cfg;
    struct error why = { 0 };
    if (image_manifest_parse(text, len, c->a, &m, &why) < 0) {
        c->images[at].record = arena_printf(c->a, "its manifest: %s", why.msg);
        return;
    }
    for (size_t i = 0; i < m.layers.n; i++)
        want(c, CHECK_BLOB, m.layers.v[i].digest, m.layers.v[i].size, at);
    const char *config = document(c, &m.config, at, &len);
    if (config == NULL)
        return;
    /* What has another config is an artifact, and has nothing that is unpacked; by and large. */
    bool image = !str_empty(m.config.media_type) &&
                 media_type_kind(m.config.media_type, NULL) == MEDIA_KIND_CONFIG;
    int r = image_config_parse(config, len, c->a, &cfg, &why);
    if (r < 0 && image)
        c->images[at].record = arena_printf(c->a, "its config: %s", why.msg);
    if (r < 0 || (!image && cfg.diff_ids.n == 0))
        return;
    c->images[at].id = arena_strdup(c->a, digest_hex(m.config.digest));
    plan_layers(c, &m, &cfg, at);
}

static void plan_index(struct check *c, const char *text, size_t len, size_t at, int depth)
{
    struct image_index index;
    struct error why = { 0 };
    struct stat st;
    if (depth == 0 || image_index_parse(text, len, c->a, &index, &why) < 0) {
        c->images[at].record = arena_printf(c->a, "its index: %s", depth == 0 ? "too deep" : why.msg);
        return;
    }
    for (size_t i = 0; i < index.manifests.n; i++) {
        /* A copy of one platform only has the others' descriptors too. */
        if (fstatat(c->store->blobs, digest_hex(index.manifests.v[i].digest), &st, AT_SYMLINK_NOFOLLOW) == 0)
            plan_entry(c, &index.manifests.v[i], at, depth - 1);
    }
}

static void plan_entry(struct check *c, const struct image_descriptor *d, size_t at, int depth)
{
    size_t len;
    const char *text = document(c, d, at, &len);
    if (text == NULL)
        return;
    if (!str_empty(d->media_type) && media_type_kind(d->media_type, NULL) == MEDIA_KIND_INDEX)
        plan_index(c, text, len, at, depth);
    else
        plan_manifest(c, text, len, at);
}

int check_plan(struct check *c, struct error *err)
{
    struct image_index index;
    int r = store_index_read(c->store, c->a, &index, err);
    if (r < 0)
        return r;
    for (size_t i = 0; i < c->n_items; i++) {
        c->items[i].planned = false;
        c->items[i].n_images = c->items[i].n_from = 0;
        c->items[i].images = NULL;
        c->items[i].from = NULL;
    }
    c->n_images = index.manifests.n;
    c->images = arena_array(c->a, c->n_images, sizeof(*c->images));
    for (size_t i = 0; i < c->n_images; i++) {
        const struct image_descriptor *d = &index.manifests.v[i];
        const char *name = store_descriptor_name(d),
                   *source = oci_pairs_get(&d->annotations, ANNOTATION_SOURCE_NAME);
        /* Before sources had a name, only what was pulled had a digest of the source. */
        if (source == NULL && oci_pairs_get(&d->annotations, ANNOTATION_SOURCE) != NULL)
            source = name;
        c->images[i] = (struct check_image){ .name = name != NULL ? name : d->digest,
                                             .digest = d->digest,
                                             .source = source };
        plan_entry(c, d, i, INDEX_DEPTH);
    }
    return 0;
}
