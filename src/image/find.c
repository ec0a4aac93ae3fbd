// SPDX-License-Identifier: Apache-2.0
/*
 * How: what a person calls an image is looked up in the index alone where it is a name; for ids, manifests of other
 * tools' entries are opened.
 * Readers hold the lock shared while they resolve, so what they get was all there at one moment.
 */
#include <errno.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "image/store_internal.h"
#include "oci/reference.h"
#include "sys/file.h"

static void add_match(struct matches *m, size_t at)
{
    m->v = xreallocarray(m->v, m->n + 1, sizeof(*m->v));
    m->v[m->n++] = at;
}

/* Are these two names of one repository, whatever their tags? */
static bool same_repository(const struct reference *ref, const char *name)
{
    struct reference other;

    return name != NULL && reference_parse(name, &other, NULL) == 0 && str_eq(ref->domain, other.domain) &&
           str_eq(ref->path, other.path);
}

/* NAME@DIGEST: the manifest's own digest, or that of the list for several platforms that it was pulled from. */
static bool fits_digest(const struct image_descriptor *d, const char *name, const struct reference *ref)
{
    const char *source = store_descriptor_source(d);

    if (str_eq(d->digest, ref->digest))
        return same_repository(ref, name) ||
               same_repository(ref, oci_pairs_get(&d->annotations, ANNOTATION_SOURCE_NAME));
    return source != NULL && str_eq(source, ref->digest) &&
           same_repository(ref, oci_pairs_get(&d->annotations, ANNOTATION_SOURCE_NAME));
}

static void match_name(const struct image_index *index, const char *text, const struct reference *ref,
                       struct matches *m)
{
    char full[640];

    if (ref != NULL)
        reference_format(ref, full, sizeof(full));
    for (size_t i = 0; i < index->manifests.n; i++) {
        const struct image_descriptor *d = &index->manifests.v[i];
        const char *name = store_descriptor_name(d);
        if (!store_descriptor_is_image(d))
            continue;
        if (ref != NULL && ref->digest[0] != '\0') {
            /* Pulled by the digest of an index: the name has that digest, the entry its manifest's. */
            if (fits_digest(d, name, ref) || (name != NULL && str_eq(name, full)))
                add_match(m, i);
        } else if (name != NULL && ((ref != NULL && str_eq(name, full)) || str_eq(name, text))) {
            add_match(m, i);
        }
    }
    if (m->n > 1)
        m->n =
            1; /* NAME@DIGEST with two tags, or a layout that another tool left with a name twice: the first counts */
}

static bool only_hex(const char *s)
{
    return *s != '\0' && strspn(s, "0123456789abcdef") == strlen(s) && strlen(s) <= 64;
}

/* The id of an entry's image, from the entry where that says it. "" when it cannot be read. */
static void id_of(struct store *s, const struct image_descriptor *d, char ret[static 65])
{
    struct store_summary summary;
    struct store_image *image;

    ret[0] = '\0';
    if (store_descriptor_summary(d, &summary)) {
        memcpy(ret, summary.id, sizeof(summary.id));
    } else if (store_image_load(s, d, &image, NULL) == 0) {
        memcpy(ret, image->id, sizeof(image->id));
        store_image_free(image);
    }
}

/* Ids that begin with prefix. *several: they are not all of one image. */
static void match_id(struct store *s, const struct image_index *index, const char *prefix, struct matches *m,
                     bool *several)
{
    char first[65] = "", id[65];

    *several = false;
    for (size_t i = 0; i < index->manifests.n; i++) {
        const struct image_descriptor *d = &index->manifests.v[i];
        if (!store_descriptor_is_image(d))
            continue;
        id_of(s, d, id);
        bool fits = id[0] != '\0' && strncmp(id, prefix, strlen(prefix)) == 0;
        if (!fits && !(strlen(prefix) == 64 && str_eq(digest_hex(d->digest), prefix)))
            continue;
        if (id[0] != '\0' && first[0] != '\0' && !str_eq(first, id))
            *several = true;
        if (id[0] != '\0')
            memcpy(first, id, sizeof(first));
        add_match(m, i);
    }
    m->by_id = m->n > 0;
}

int store_match(struct store *s, const struct image_index *index, const char *name_or_id, struct matches *ret,
                struct error *err)
{
    struct matches m = { 0 };
    struct reference ref;
    struct error why = { 0 };
    bool several = false;
    const char *hex = str_after(name_or_id, "sha256:");
    bool parsed = false;

    if (hex == NULL && hex64_valid(name_or_id))
        hex = name_or_id;
    if (hex != NULL) {
        if (!hex64_valid(hex))
            return error_set(err, -EINVAL,
                             "invalid image id \"%.100s\": it must be sha256: and 64 hex digits", name_or_id);
        match_id(s, index, hex, &m, &several);
    } else {
        parsed = reference_parse(name_or_id, &ref, &why) == 0;
        match_name(index, name_or_id, parsed ? &ref : NULL, &m);
        if (m.n == 0 && only_hex(name_or_id))
            match_id(s, index, name_or_id, &m, &several);
    }
    if (several) {
        free(m.v);
        return error_set(err, -EINVAL, "\"%s\" is the beginning of several images' ids: give more of it",
                         name_or_id);
    }
    if (m.n == 0) {
        free(m.v);
        if (hex == NULL && !parsed)
            return error_set(err, -EINVAL, "invalid image name: %s", why.msg);
        return error_set(err, -ENOENT, "no such image: %s", name_or_id);
    }
    *ret = m;
    return 0;
}

int store_find(struct store *s, const char *name_or_id, struct store_image **ret, struct error *err)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct image_index index;
    struct matches m = { 0 };
    _cleanup_close_ int lock = store_lock(s, LOCK_SH, err);

    if (lock < 0)
        return lock;
    int r = store_index_read(s, a, &index, err);
    if (r == 0)
        r = store_match(s, &index, name_or_id, &m, err);
    if (r < 0 || m.n == 0)
        return r;
    r = store_image_load(s, &index.manifests.v[m.v[0]], ret, err);
    free(m.v);
    return r;
}

static bool comes_again(const struct oci_strings *ids, size_t at)
{
    for (size_t i = at + 1; i < ids->n; i++)
        if (str_eq(ids->v[i], ids->v[at]))
            return true;
    return false;
}

int store_layers(struct store *s, const struct store_image *image, const char ***ret_paths, size_t *ret_n,
                 struct error *err)
{
    const struct oci_strings *ids = &image->config.diff_ids;
    size_t each = strlen(s->path) + strlen("/layers/") + SHA256_HEX, n = 0;
    const char **paths = xmalloc(ids->n * (sizeof(char *) + each) + 1);
    char *text = (char *) (paths + ids->n);
    struct stat st;

    for (size_t i = 0; i < ids->n; i++) {
        const char *hex = digest_hex(ids->v[i]);
        if (str_after(ids->v[i], "sha256:") == NULL ||
            fstatat(s->layers, hex, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISDIR(st.st_mode)) {
            free(paths);
            return error_set(
                err, -ENOENT,
                "layer %s of image %s is not unpacked in the store: import or pull the image again",
                ids->v[i], image->name != NULL ? image->name : image->id);
        }
        if (comes_again(ids, i))
            continue;
        int len = str_format(text, each, "%s/layers/%s", s->path, hex);
        if (len < 0) {
            free(paths);
            return error_set(err, len, "the path of a layer is too long");
        }
        paths[n++] = text;
        text += each;
    }
    *ret_paths = paths;
    *ret_n = n;
    return 0;
}
