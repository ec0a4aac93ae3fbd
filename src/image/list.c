// SPDX-License-Identifier: Apache-2.0
/*
 * How: what a list shows of an image (id, time, size) is in an annotation of its entry in the index, so a thousand images are one file
 * to read. The annotation begins with the digest of the manifest that it was made from: tools that point an entry to another manifest
 * and keep its annotations (umoci does) make it say nothing. Then, and where there is none, manifest and config are read.
 */
#include <sys/file.h>
#include <sys/stat.h>

#include "base/log.h"
#include "image/store_internal.h"

bool store_descriptor_is_image(const struct image_descriptor *d)
{
    return str_empty(d->media_type) || media_type_kind(d->media_type, NULL) == MEDIA_KIND_MANIFEST;
}

void store_descriptor_summarise(struct arena *a, struct image_descriptor *d, const char *id,
                                const char *created)
{
    oci_pairs_set(a, &d->annotations, ANNOTATION_SUMMARY,
                  arena_printf(a, "%s %s%s%s", digest_hex(d->digest), id, created != NULL ? " " : "",
                               created != NULL ? created : ""));
}

bool store_descriptor_is_ours(const struct image_descriptor *d)
{
    const char *text = oci_pairs_get(&d->annotations, ANNOTATION_SUMMARY);
    const char *rest = text != NULL ? str_after(text, digest_hex(d->digest)) : NULL;

    return rest != NULL && *rest == ' ';
}

const char *store_descriptor_source(const struct image_descriptor *d)
{
    return store_descriptor_is_ours(d) ? oci_pairs_get(&d->annotations, ANNOTATION_SOURCE) : NULL;
}

bool store_descriptor_summary(const struct image_descriptor *d, struct store_summary *ret)
{
    const char *text = oci_pairs_get(&d->annotations, ANNOTATION_SUMMARY);
    struct store_summary summary = { .name = store_descriptor_name(d), .manifest_digest = d->digest };
    const char *id = text != NULL ? str_after(text, digest_hex(d->digest)) : NULL;

    if (id == NULL || *id++ != ' ' || strlen(id) < 64 || !store_descriptor_size(d, &summary.size))
        return false;
    memcpy(summary.id, id, 64);
    if (!hex64_valid(summary.id) || (id[64] != '\0' && id[64] != ' '))
        return false;
    summary.source_name = oci_pairs_get(&d->annotations, ANNOTATION_SOURCE_NAME);
    summary.source_digest = store_descriptor_source(d);
    summary.created = id[64] == ' ' ? id + 65 : NULL;
    *ret = summary;
    return true;
}

struct store_summary store_summary_of(const struct store_image *image)
{
    struct store_summary summary = { .name = image->name,
                                     .manifest_digest = image->manifest_digest,
                                     .source_name = image->source_name,
                                     .source_digest = image->source_digest,
                                     .created = image->config.created,
                                     .size = image->size };
    memcpy(summary.id, image->id, sizeof(summary.id));
    return summary;
}

/* Are the documents there, the manifest with its size? */
static bool documents_there(struct store *s, const struct image_descriptor *d, const char *id)
{
    struct stat st;
    return fstatat(s->blobs, digest_hex(d->digest), &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
           st.st_size == d->size && fstatat(s->blobs, id, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
           S_ISREG(st.st_mode);
}

static bool load_or_warn(struct store *s, const struct image_descriptor *d, struct store_image **ret)
{
    struct error why = { 0 };
    if (store_image_load(s, d, ret, &why) == 0)
        return true;
    log_warn("left out of the list: %s", why.msg);
    return false;
}

static bool summarise(struct store *s, struct arena *a, const struct image_descriptor *d,
                      struct store_summary *ret)
{
    _cleanup_store_image_ struct store_image *image = NULL;

    if (store_descriptor_summary(d, ret) && documents_there(s, d, ret->id))
        return true;
    if (!load_or_warn(s, d, &image))
        return false;
    *ret = store_summary_of(image);
    ret->name = store_descriptor_name(d);
    ret->manifest_digest = d->digest;
    ret->source_name = oci_pairs_get(&d->annotations, ANNOTATION_SOURCE_NAME);
    ret->source_digest = store_descriptor_source(d);
    ret->created = image->config.created != NULL ? arena_strdup(a, image->config.created) : NULL;
    return true;
}

int store_summaries(struct store *s, struct arena *a, struct store_summary **ret, size_t *ret_n,
                    struct error *err)
{
    struct image_index index;
    _cleanup_close_ int lock = store_lock(s, LOCK_SH, err);
    int r = lock < 0 ? lock : store_index_read(s, a, &index, err);
    if (r < 0)
        return r;
    struct store_summary *v = arena_array(a, index.manifests.n, sizeof(*v));
    size_t n = 0;
    for (size_t i = 0; i < index.manifests.n; i++)
        n += store_descriptor_is_image(&index.manifests.v[i]) &&
             summarise(s, a, &index.manifests.v[i], &v[n]);
    *ret = v;
    *ret_n = n;
    return 0;
}

int store_list(struct store *s, struct store_image ***ret, size_t *ret_n, struct error *err)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct image_index index;
    _cleanup_close_ int lock = store_lock(s, LOCK_SH, err);
    int r = lock < 0 ? lock : store_index_read(s, a, &index, err);
    if (r < 0)
        return r;
    struct store_image **images = xcalloc(index.manifests.n + 1, sizeof(struct store_image *));
    size_t n = 0;
    for (size_t i = 0; i < index.manifests.n; i++)
        n += store_descriptor_is_image(&index.manifests.v[i]) &&
             load_or_warn(s, &index.manifests.v[i], &images[n]);
    *ret = images;
    *ret_n = n;
    return 0;
}
