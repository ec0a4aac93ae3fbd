// SPDX-License-Identifier: Apache-2.0
/*
 * How: everything is in the work directory, whole. One syncfs brings it to the disk. Under the exclusive lock it is renamed
 * to its names and the directories are fsynced; the index, replaced last, is the record that makes it an image. A cut before
 * that leaves files that nothing names; a cut after it leaves an image whose every byte was on disk before.
 *
 * Threat: power loss, SIGKILL, a full disk; and a newcomer that claims a digest that is there already: the old one stays.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/strbuf.h"
#include "image/store_internal.h"
#include "sys/file.h"

/* A config or manifest into the work directory, under its hex digest. */
static int write_document(struct staged *st, const char *hex, const char *text, size_t len, struct error *err)
{
    _cleanup_close_ int fd = openat(st->work->fd, hex, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
                                    0600);
    int r = fd < 0 ? -errno : write_all(fd, text, len);

    return r < 0 ? error_errno(err, r, "cannot write an image's description") : 0;
}

/* Another file of that name stays if it has our size; a blob cut short by a disk that lied is replaced. */
static int move_blob(struct store *s, struct work *w, const char *from, const char *hex, struct error *err)
{
    struct stat old, new;

    if (fstatat(w->fd, from, &new, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT
                   ? 0
                   : error_errno(err, -errno, "cannot look at a new blob"); /* moved for another image */
    if (fstatat(s->blobs, hex, &old, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(old.st_mode) &&
        old.st_size == new.st_size)
        return 0;
    if (renameat(w->fd, from, s->blobs, hex) < 0)
        return error_errno(err, -errno, "cannot move a blob to its place");
    return 0;
}

/* Ours was made from its digest and is small: it takes the place of whatever is there, which may be damaged. */
static int move_document(struct store *s, struct work *w, const char *hex, struct error *err)
{
    return renameat(w->fd, hex, s->blobs, hex) < 0 && errno != ENOENT /* moved for another image */
               ? error_errno(err, -errno, "cannot move an image's description to its place")
               : 0;
}

static int move_layer(struct store *s, struct work *w, const struct staged_layer *l, struct error *err)
{
    struct stat st;

    if (fstatat(s->layers, l->diff_id, &st, AT_SYMLINK_NOFOLLOW) == 0)
        return 0;
    if (renameat(w->fd, l->dir, s->layers, l->diff_id) < 0)
        return error_errno(err, -errno, "cannot move a layer to its place");
    return 0;
}

static int sync_dir(int dirfd, struct error *err)
{
    return fsync(dirfd) < 0 ? error_errno(err, -errno, "cannot write the image store out") : 0;
}

static int move_all(struct store *s, struct staged *st, struct error *err)
{
    int r = 0;

    for (size_t i = 0; i < st->n_layers && r == 0; i++) {
        r = move_blob(s, st->work, st->layers[i].blob, st->layers[i].digest, err);
        if (r == 0)
            r = move_layer(s, st->work, &st->layers[i], err);
    }
    for (size_t i = 0; i < st->n_images && r == 0; i++) {
        r = move_document(s, st->work, st->images[i].id, err);
        if (r == 0)
            r = move_document(s, st->work, st->images[i].manifest_hex, err);
    }
    if (r == 0)
        r = sync_dir(s->blobs, err);
    return r < 0 ? r : sync_dir(s->layers, err);
}

static uint64_t unpacked_size(const struct staged *st, const struct staged_image *img)
{
    uint64_t size = 0;

    for (size_t i = 0; i < img->n_layers; i++)
        size += st->layers[img->layers[i]].file_bytes;
    return size;
}

static const char *layer_sizes(const struct staged *st, const struct staged_image *img)
{
    _cleanup_strbuf_ struct strbuf text = STRBUF_INIT;

    for (size_t i = 0; i < img->n_layers; i++)
        strbuf_addf(&text, "%s%llu", i > 0 ? "," : "",
                    (unsigned long long) st->layers[img->layers[i]].file_bytes);
    return arena_strdup(st->arena, text.len > 0 ? text.buf : "");
}

/* What a list shows of it. */
static void describe(struct staged *st, const struct staged_image *img, struct image_descriptor *d)
{
    struct image_config config = { 0 };

    oci_pairs_set(st->arena, &d->annotations, ANNOTATION_SIZE,
                  arena_printf(st->arena, "%llu", (unsigned long long) unpacked_size(st, img)));
    oci_pairs_set(st->arena, &d->annotations, ANNOTATION_LAYER_SIZES, layer_sizes(st, img));
    if (image_config_parse(img->config, img->config_len, st->arena, &config, NULL) == 0)
        store_descriptor_summarise(st->arena, d, img->id, config.created);
}

/* An entry of this manifest that may take another name: one without, else a new one. */
static size_t entry_for(struct staged *st, const struct staged_image *img, struct image_index *index,
                        const char *name)
{
    const char *digest = arena_printf(st->arena, "sha256:%s", img->manifest_hex);

    for (size_t i = 0; i < index->manifests.n; i++) {
        struct image_descriptor *d = &index->manifests.v[i];
        const char *has = store_descriptor_name(d);
        if (str_eq(d->digest, digest) && (name == NULL || has == NULL || str_eq(has, name))) {
            if (!store_descriptor_is_ours(
                    d)) { /* another tool's, with what we wrote of the manifest that it had */
                store_descriptor_unset(d, ANNOTATION_SOURCE);
                store_descriptor_unset(d, ANNOTATION_SIGNATURES);
            }
            describe(st, img, d);
            return i;
        }
    }
    struct image_descriptor *d = index_add(st->arena, index);
    *d = (struct image_descriptor){
        .media_type = img->manifest_type,
        .digest = digest,
        .size = (int64_t) img->manifest_len,
        .os = img->os,
        .architecture = img->architecture,
        .variant = img->variant,
    };
    describe(st, img, d);
    return index->manifests.n - 1;
}

static void note_source(struct arena *a, struct oci_pairs *annotations, const struct staged_image *img)
{
    oci_pairs_set(a, annotations, ANNOTATION_SOURCE, img->source_digest);
    oci_pairs_set(a, annotations, ANNOTATION_SOURCE_NAME, img->source_name);
    if (img->signatures != NULL)
        oci_pairs_set(a, annotations, ANNOTATION_SIGNATURES, img->signatures);
}

static void name_images(struct staged *st, struct image_index *index)
{
    for (size_t i = 0; i < st->n_images; i++) {
        const struct staged_image *img = &st->images[i];
        if (img->names.n == 0)
            entry_for(st, img, index, NULL);
        for (size_t k = 0; k < img->names.n; k++) {
            size_t at = entry_for(st, img, index, img->names.v[k]);
            if (img->source_digest != NULL)
                note_source(st->arena, &index->manifests.v[at].annotations, img);
            index_name(st->arena, index, at, img->names.v[k]);
        }
    }
}

int store_publish(struct store *s, struct staged *st, struct error *err)
{
    struct image_index index;
    int r = 0;

    for (size_t i = 0; i < st->n_images && r == 0; i++) {
        const struct staged_image *img = &st->images[i];
        r = write_document(st, img->id, img->config, img->config_len, err);
        if (r == 0)
            r = write_document(st, img->manifest_hex, img->manifest, img->manifest_len, err);
    }
    if (r == 0)
        r = work_mark(st->work, err);
    if (r < 0)
        return r;
    dedup_layers(s, st);
    if (syncfs(st->work->fd) < 0)
        return error_errno(err, -errno, "cannot write the image out");
    _cleanup_close_ int lock = store_lock(s, LOCK_EX, err);
    if (lock < 0)
        return lock;
    r = store_index_read(s, st->arena, &index, err);
    if (r == 0)
        r = move_all(s, st, err);
    if (r == 0) {
        name_images(st, &index);
        r = store_index_write(s, &index, err);
    }
    /* What was given away and is not named must not stay: a full disk comes here. */
    struct image_index old;
    if (r < 0 &&
        (store_index_read(s, st->arena, &old, NULL) < 0 || store_collect(s, &old, st->work, NULL) < 0))
        st->work->unfinished = true;
    return r;
}
