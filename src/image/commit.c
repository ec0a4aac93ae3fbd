// SPDX-License-Identifier: Apache-2.0
/*
 * How: the container's layer becomes a tar (by the worker, which sees that directory and nothing else), the tar a layer as any that is imported: what
 * is in the store is what an archive of the image would make. The layers below are the base's own, by their digests; nothing of them is copied.
 *
 * Threat: the files are the container's. The base must stay while this goes on: the container is made from it.
 */
#include <errno.h>

#include "base/clock.h"
#include "image/store_internal.h"
#include "image/worker.h"
#include "sys/file.h"

/* Docker's own types are OCI's by another name; an OCI manifest has OCI's. */
static const char *layer_type(const char *type)
{
    enum media_compression c = MEDIA_COMPRESSION_NONE;
    media_type_kind(type, &c);
    return c == MEDIA_COMPRESSION_GZIP   ? MEDIA_LAYER_GZIP
           : c == MEDIA_COMPRESSION_ZSTD ? MEDIA_LAYER_ZSTD
                                         : MEDIA_LAYER;
}

/* The layers of the base, which are there: without a directory or blob of our own. */
static void stage_base(struct import *im, const struct store_image *base)
{
    struct staged *st = &im->st;
    size_t n = base->manifest.layers.n;

    st->layers = arena_array(st->arena, n + 1, sizeof(*st->layers));
    st->n_layers = n;
    for (size_t i = 0; i < n; i++) {
        const struct image_descriptor *d = &base->manifest.layers.v[i];
        struct staged_layer *l = &st->layers[i];
        memcpy(l->diff_id, digest_hex(base->config.diff_ids.v[i]), sizeof(l->diff_id));
        memcpy(l->digest, digest_hex(d->digest), sizeof(l->digest));
        l->media_type = layer_type(d->media_type);
        l->size = d->size;
        l->file_bytes = (uint64_t) MAX_OF(base->layer_sizes[i], 0);
    }
}

static int stage_changes(struct import *im, const struct commit_options *o, struct error *err)
{
    struct worker_job job = import_job(im);
    struct worker_result res;

    job.upper = true;
    job.in_fd = o->upper;
    job.dir_fd = o->removed;
    job.ids_first = o->ids_first;
    int r = import_packed(im, &job, "the container's changes", &res, err);
    return MIN_OF(r, 0);
}

static void make_image(struct import *im, const struct commit_options *o)
{
    struct arena *a = im->st.arena;
    struct image_config c = *o->config;
    bool changed = o->upper >= 0;

    c.diff_ids = (struct oci_strings){ 0 };
    c.history = arena_array(a, o->base->config.n_history + 1, sizeof(*c.history));
    if (o->base->config.n_history > 0)
        memcpy(c.history, o->base->config.history, o->base->config.n_history * sizeof(*c.history));
    c.n_history = o->base->config.n_history + 1;
    c.history[c.n_history - 1] = (struct image_history){
        .created = c.created,
        .created_by = o->created_by,
        .comment = o->message,
        .author = c.author,
        .empty_layer = !changed,
    };
    import_finish(im, &c);
}

int store_commit(struct store *s, const struct commit_options *o, const char *name, char id[static 65],
                 struct error *err)
{
    static const struct import_options none = { 0 };
    struct import im = { .store = s, .o = &none };

    im.st.arena = arena_new();
    import_budgets(&im);
    int r = name == NULL ? 0 : import_name(im.st.arena, name, &im.name, err);
    if (r == 0)
        r = work_new(s, &im.st.work, err);
    if (r == 0) {
        stage_base(&im, o->base);
        r = o->upper >= 0 ? stage_changes(&im, o, err) : 0;
    }
    if (r == 0) {
        make_image(&im, o);
        r = store_publish(s, &im.st, err);
    }
    if (r == 0)
        memcpy(id, im.st.images[0].id, 65);
    work_free(im.st.work);
    arena_free(im.st.arena);
    return r;
}
