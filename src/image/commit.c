// SPDX-License-Identifier: Apache-2.0
/*
 * How: the container's layer becomes a tar (by the worker, which sees that directory and nothing else), the tar a layer as any that is imported: what
 * is in the store is what an archive of the image would make. The layers below are the base's own, by their digests; nothing of them is copied.
 *
 * Threat: the files are the container's. The base must stay while this goes on: the container is made from it.
 */
#include <errno.h>

#include "base/clock.h"
#include "base/log.h"
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
    _cleanup_close_ int tar = file_open(im->st.work->fd, "packed", O_RDWR | O_CREAT | O_EXCL, 0600, err);

    if (tar < 0)
        return tar;
    job.pack = job.upper = true;
    job.in_fd = o->upper;
    job.dir_fd = o->removed;
    job.copy_fd = tar;
    job.ids_first = o->ids_first;
    int r = worker_run(&job, &res, err);
    if (r < 0)
        return r;
    if (res.left_out > 0)
        log_warn("%llu device nodes and sockets were left out (the first is %s)",
                 (unsigned long long) res.left_out, res.first_left_out);
    if (lseek(tar, 0, SEEK_SET) < 0)
        return error_errno(err, -errno, "cannot read the layer again");
    r = import_layer(im, tar, true, "the container's changes", err);
    return MIN_OF(r, 0);
}

static void make_image(struct import *im, const struct commit_options *o)
{
    struct arena *a = im->st.arena;
    struct image_config c = *o->config;
    struct staged_image *img = import_add_image(im);
    bool changed = o->upper >= 0;

    c.diff_ids = (struct oci_strings){ 0 };
    for (size_t i = 0; i < im->st.n_layers; i++)
        oci_strings_add(a, &c.diff_ids, arena_printf(a, "sha256:%s", im->st.layers[i].diff_id));
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
    _cleanup_json_ json_t *j = image_config_to_json(&c);
    _cleanup_free_ char *text = json_text(j, 0);
    img->config = arena_strdup(a, text);
    img->config_len = strlen(text);
    sha256_of(img->config, img->config_len, img->id);
    img->layers = arena_array(a, im->st.n_layers, sizeof(*img->layers));
    for (size_t i = 0; i < im->st.n_layers; i++)
        img->layers[i] = i;
    img->n_layers = im->st.n_layers;
    img->os = c.os;
    img->architecture = c.architecture;
    img->variant = c.variant;
    if (im->name != NULL)
        oci_strings_add(a, &img->names, im->name);
    import_make_manifest(im, img);
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
