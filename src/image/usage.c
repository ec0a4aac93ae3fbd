// SPDX-License-Identifier: Apache-2.0
/*
 * How: the sizes of unpacked layers were recorded when they were unpacked, so nothing is walked; a layer or a blob that several images
 * have counts once. What is counted is what removing would free.
 */
#include <sys/stat.h>

#include "image/store_internal.h"
#include "sys/file.h"

struct sizes {
    const char **hex;
    int64_t *size;
    size_t n, cap;
};

static void add_layer(struct arena *a, struct sizes *l, const char *diff_id, int64_t size)
{
    const char *hex = digest_hex(diff_id);

    for (size_t i = 0; i < l->n; i++)
        if (str_eq(l->hex[i], hex))
            return;
    if (l->n == l->cap) {
        size_t cap = l->cap == 0 ? 64 : 2 * l->cap;
        l->hex = arena_grow(a, l->hex, l->n, cap, sizeof(*l->hex));
        l->size = arena_grow(a, l->size, l->n, cap, sizeof(*l->size));
        l->cap = cap;
    }
    l->hex[l->n] = arena_strdup(a, hex);
    l->size[l->n++] = size;
}

static int add_blob(int dirfd, const char *name, unsigned char type, void *arg)
{
    struct stat st;

    (void) type;
    if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
        *(int64_t *) arg += st.st_size;
    return 0;
}

static void add_needed(struct store *s, struct arena *a, struct sizes *l, const char *digest)
{
    struct stat st;
    if (str_after(digest, "sha256:") != NULL &&
        fstatat(s->blobs, digest_hex(digest), &st, AT_SYMLINK_NOFOLLOW) == 0)
        add_layer(a, l, digest, st.st_size);
}

int64_t store_usage_of(struct store *s, struct store_image *const *images, size_t n)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct sizes blobs = { 0 }, layers = { 0 };
    int64_t total = 0;

    for (size_t i = 0; i < n; i++) {
        const struct image_manifest *m = &images[i]->manifest;
        add_needed(s, a, &blobs, images[i]->manifest_digest);
        add_needed(s, a, &blobs, m->config.digest);
        for (size_t k = 0; k < m->layers.n; k++) {
            add_needed(s, a, &blobs, m->layers.v[k].digest);
            add_layer(a, &layers, images[i]->config.diff_ids.v[k], images[i]->layer_sizes[k]);
        }
    }
    for (size_t i = 0; i < blobs.n; i++)
        total += blobs.size[i];
    for (size_t i = 0; i < layers.n; i++)
        total += layers.size[i];
    return total;
}

int store_usage(struct store *s, int64_t *ret, struct error *err)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct store_image **images = NULL;
    struct sizes layers = { 0 };
    struct stat st;
    size_t n = 0;
    int64_t total = 0;
    int r = dir_each(s->blobs, ".", add_blob, &total, err);

    if (r == 0)
        r = store_list(s, &images, &n, err);
    if (r < 0)
        return r;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < images[i]->config.diff_ids.n; k++)
            add_layer(a, &layers, images[i]->config.diff_ids.v[k], images[i]->layer_sizes[k]);
    for (size_t i = 0; i < layers.n; i++)
        if (fstatat(s->layers, layers.hex[i], &st, AT_SYMLINK_NOFOLLOW) == 0)
            total += layers.size[i];
    store_images_free(images, n);
    *ret = total - dedup_saved(s);
    return 0;
}
