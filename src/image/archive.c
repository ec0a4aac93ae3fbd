// SPDX-License-Identifier: Apache-2.0
/*
 * How: the files of an image archive lie in a directory (the worker extracted them, or it is a layout on disk). manifest.json
 * or index.json says which images there are; each one's config and layers are looked up by name inside the directory, never
 * outside it, and unpacked layer by layer.
 *
 * Threat: the JSON names files ("../../etc/shadow", a link out): all opens are in-root and of regular files. Nothing counts
 * as what its name says until the digest was computed from its bytes: a manifest, a config and a layer against the digest
 * that names it, an unpacked layer against the DiffID in the config.
 */
#include <errno.h>
#include <sys/stat.h>

#include "image/store_internal.h"
#include "oci/reference.h"
#include "sys/file.h"
#include "sys/root.h"

#define IMAGES_MAX 1000
#define LAYERS_MAX 1000
#define INDEX_DEPTH 3
#define ANNOTATION_CONTAINERD_NAME "io.containerd.image.name"

struct archive {
    struct import *im;
    int root;
    bool own;
    const char *os, *arch, *variant; /* the platform that is wanted */
    /* Where each staged layer came from. */
    const char **sources;
    size_t n_sources;
};

static int open_file(struct archive *ar, const char *path, struct error *err)
{
    struct stat st;
    int fd = root_open(ar->root, path, O_RDONLY | O_NONBLOCK, NULL);

    if (fd == -ENOENT)
        return error_set(err, -EINVAL, "the archive names %.200s, which is not in it", path);
    if (fd < 0)
        return error_errno(err, fd, "cannot open %.200s in the archive", path);
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
        close(fd);
        return error_set(err, -EINVAL, "%.200s in the archive is not a file", path);
    }
    return fd;
}

static bool has_file(struct archive *ar, const char *path)
{
    _cleanup_close_ int fd = open_file(ar, path, NULL);

    return fd >= 0;
}

/* A document into the arena; hex (NULL: not known) is the digest that it must have. */
static int read_document(struct archive *ar, const char *path, const char *hex, const char **ret,
                         size_t *ret_len, struct error *err)
{
    _cleanup_close_ int fd = open_file(ar, path, err);
    _cleanup_free_ char *text = NULL;
    char got[SHA256_HEX];

    if (fd < 0)
        return fd;
    int r = file_read_fd(fd, path, DOCUMENT_MAX, &text, ret_len, err);
    if (r < 0)
        return r;
    sha256_of(text, *ret_len, got);
    if (hex != NULL && !str_eq(got, hex))
        return error_set(err, -EINVAL,
                         "%.200s in the archive is not what its name says: its digest is sha256:%s", path,
                         got);
    *ret = arena_strndup(ar->im->st.arena, text, *ret_len);
    return 0;
}

static const char *blob_path(struct archive *ar, const char *digest)
{
    return arena_printf(ar->im->st.arena, "blobs/sha256/%s", digest_hex(digest));
}

static int check_sha256(const char *digest, struct error *err)
{
    if (str_after(digest, "sha256:") == NULL)
        return error_set(err, -EINVAL,
                         "the archive uses digests of a kind that the store does not keep (%.20s)", digest);
    return 0;
}

/* A layer of the archive, unpacked once however many images have it. Its index in staged.layers. */
static int stage_layer(struct archive *ar, const char *path, size_t number, struct error *err)
{
    struct arena *a = ar->im->st.arena;

    for (size_t i = 0; i < ar->n_sources; i++)
        if (str_eq(ar->sources[i], path))
            return (int) i;
    _cleanup_close_ int fd = open_file(ar, path, err);
    if (fd < 0)
        return fd;
    int index = import_layer(ar->im, fd, ar->own, arena_printf(a, "layer %zu", number), err);
    if (index < 0)
        return index;
    ar->sources = arena_grow(a, ar->sources, ar->n_sources, ar->n_sources + 1, sizeof(*ar->sources));
    ar->sources[ar->n_sources++] = arena_strdup(a, path);
    return index;
}

static int check_diff_id(const struct staged_layer *l, const char *diff_id, size_t number, struct error *err)
{
    if (str_after(diff_id, "sha256:") == NULL || !str_eq(digest_hex(diff_id), l->diff_id))
        return error_set(
            err, -EINVAL,
            "layer %zu is not the one that the image's config names: it is sha256:%s, should be %s", number,
            l->diff_id, diff_id);
    return 0;
}

/* Reads the config and prepares img for as many layers as it names. */
static int begin_image(struct archive *ar, const char *config_path, const char *hex, size_t n_layers,
                       struct staged_image *img, struct image_config *c, struct error *err)
{
    struct arena *a = ar->im->st.arena;
    int r = read_document(ar, config_path, hex, &img->config, &img->config_len, err);

    if (r == 0)
        r = image_config_parse(img->config, img->config_len, a, c, err);
    if (r != 0)
        return r;
    if (c->diff_ids.n != n_layers)
        return error_set(err, -EINVAL, "the image's config names %zu layers, its manifest %zu", c->diff_ids.n,
                         n_layers);
    if (n_layers > LAYERS_MAX)
        return error_set(err, -EINVAL, "the image has more than %d layers", LAYERS_MAX);
    if (!str_empty(c->os) && !str_eq(c->os, "linux"))
        return error_set(err, -EINVAL, "the image is for %.40s, not for linux", c->os);
    sha256_of(img->config, img->config_len, img->id);
    img->layers = arena_array(a, n_layers, sizeof(*img->layers));
    img->n_layers = n_layers;
    img->os = c->os;
    img->architecture = c->architecture;
    img->variant = c->variant;
    return 0;
}

/* --- OCI layout --- */

static int oci_image(struct archive *ar, const struct image_descriptor *d, struct staged_image *img,
                     struct error *err)
{
    struct arena *a = ar->im->st.arena;
    struct image_manifest m = { 0 };
    struct image_config c = { 0 };
    int r = read_document(ar, blob_path(ar, d->digest), digest_hex(d->digest), &img->manifest,
                          &img->manifest_len, err);

    if (r == 0)
        r = image_manifest_parse(img->manifest, img->manifest_len, a, &m, err);
    if (r == 0)
        r = check_sha256(m.config.digest, err);
    if (r == 0)
        r = begin_image(ar, blob_path(ar, m.config.digest), digest_hex(m.config.digest), m.layers.n, img, &c,
                        err);
    if (r < 0)
        return r;
    memcpy(img->manifest_hex, digest_hex(d->digest), SHA256_HEX);
    img->manifest_type = !str_empty(m.media_type) ? m.media_type : MEDIA_MANIFEST;
    for (size_t i = 0; i < m.layers.n && i < c.diff_ids.n; i++) {
        const struct image_descriptor *ld = &m.layers.v[i];
        r = check_sha256(ld->digest, err);
        if (r < 0)
            return r;
        int at = stage_layer(ar, blob_path(ar, ld->digest), i + 1, err);
        if (at < 0)
            return at;
        const struct staged_layer *l = &ar->im->st.layers[at];
        if (!str_eq(l->digest, digest_hex(ld->digest)) || l->size != ld->size)
            return error_set(err, -EINVAL,
                             "layer %zu is not what the manifest says: it is sha256:%s of %lld bytes", i + 1,
                             l->digest, (long long) l->size);
        r = check_diff_id(l, c.diff_ids.v[i], i + 1, err);
        if (r < 0)
            return r;
        img->layers[i] = (size_t) at;
    }
    return 0;
}

static bool platform_fits(const struct archive *ar, const struct image_descriptor *d)
{
    if (d->os == NULL && d->architecture == NULL)
        return true;
    return d->os != NULL && str_eq(d->os, ar->os) && d->architecture != NULL &&
           str_eq(d->architecture, ar->arch) &&
           (ar->variant == NULL || (d->variant != NULL && str_eq(d->variant, ar->variant)));
}

/* The full name that the layout gives, or NULL. "latest" alone, as skopeo writes it, is a tag and no name. */
static const char *layout_name(struct archive *ar, const struct image_descriptor *d)
{
    const char *name = oci_pairs_get(&d->annotations, ANNOTATION_CONTAINERD_NAME);
    struct reference ref;
    char full[640];

    if (name == NULL)
        name = oci_pairs_get(&d->annotations, ANNOTATION_REF_NAME);
    if (name == NULL || strpbrk(name, "/:") == NULL || reference_parse(name, &ref, NULL) < 0 ||
        ref.digest[0] != '\0')
        return NULL;
    reference_format(&ref, full, sizeof(full));
    return arena_strdup(ar->im->st.arena, full);
}

static int oci_index(struct archive *ar, const struct image_index *index, const char *name, int depth,
                     struct error *err);

static int oci_descriptor(struct archive *ar, const struct image_descriptor *d, const char *name, int depth,
                          struct error *err)
{
    struct image_index inner = { 0 };
    const char *text = NULL;
    size_t len = 0;

    int r = check_sha256(d->digest, err);
    if (r < 0)
        return r;
    if (media_type_kind(d->media_type, NULL) == MEDIA_KIND_INDEX) {
        if (depth == 0)
            return error_set(err, -EINVAL, "indexes lie too deep in one another");
        r = read_document(ar, blob_path(ar, d->digest), digest_hex(d->digest), &text, &len, err);
        if (r == 0)
            r = image_index_parse(text, len, ar->im->st.arena, &inner, err);
        return r < 0 ? r : oci_index(ar, &inner, name, depth - 1, err);
    }
    if (ar->im->st.n_images == IMAGES_MAX)
        return error_set(err, -EINVAL, "the archive has more than %d images", IMAGES_MAX);
    struct staged_image img = { 0 };
    r = oci_image(ar, d, &img, err);
    if (r < 0)
        return r;
    if (name != NULL)
        oci_strings_add(ar->im->st.arena, &img.names, name);
    *import_add_image(ar->im) = img;
    return 0;
}

static int oci_index(struct archive *ar, const struct image_index *index, const char *name, int depth,
                     struct error *err)
{
    bool any = false;
    int r = 0;

    for (size_t i = 0; i < index->manifests.n && r == 0; i++) {
        const struct image_descriptor *d = &index->manifests.v[i];
        const char *own = layout_name(ar, d);
        /* Inside an index of platforms the first that fits is the one. */
        if (!platform_fits(ar, d) || (any && depth < INDEX_DEPTH))
            continue;
        any = true;
        r = oci_descriptor(ar, d, own != NULL ? own : name, depth, err);
    }
    if (r == 0 && !any)
        return error_set(err, -EINVAL, "the archive has no image for %s/%s%s%s", ar->os, ar->arch,
                         ar->variant != NULL ? "/" : "", ar->variant != NULL ? ar->variant : "");
    return r;
}

static int import_layout(struct archive *ar, struct error *err)
{
    struct image_index index = { 0 };
    const char *text = NULL;
    size_t len = 0;
    int r = read_document(ar, "index.json", NULL, &text, &len, err);

    if (r == 0)
        r = image_index_parse(text, len, ar->im->st.arena, &index, err);
    return r < 0 ? r : oci_index(ar, &index, NULL, INDEX_DEPTH, err);
}

/* --- docker-archive --- */

static int docker_layers(struct archive *ar, const json_t *paths, struct staged_image *img,
                         const struct image_config *c, struct error *err)
{
    for (size_t i = 0; i < img->n_layers; i++) {
        const char *path = json_string_value(json_array_get(paths, i));
        if (path == NULL)
            return error_set(err, -EINVAL, "manifest.json: a layer's name is no string");
        int at = stage_layer(ar, path, i + 1, err);
        if (at < 0)
            return at;
        const struct staged_layer *l = &ar->im->st.layers[at];
        const char *hex = str_after(path, "blobs/sha256/");
        if (hex != NULL && !str_eq(hex, l->digest))
            return error_set(err, -EINVAL, "layer %zu is not what its name says: it is sha256:%s", i + 1,
                             l->digest);
        int r = check_diff_id(l, c->diff_ids.v[i], i + 1, err);
        if (r < 0)
            return r;
        img->layers[i] = (size_t) at;
    }
    return 0;
}

static int docker_names(struct archive *ar, const json_t *tags, struct staged_image *img, struct error *err)
{
    const json_t *tag;
    size_t i;

    json_array_foreach(tags, i, tag)
    {
        struct reference ref;
        char full[640];
        if (!json_is_string(tag))
            return error_set(err, -EINVAL, "manifest.json: a name in RepoTags is no string");
        int r = reference_parse(json_string_value(tag), &ref, err);
        if (r < 0)
            return error_context(err, r, "manifest.json: RepoTags");
        if (ref.digest[0] != '\0')
            return error_set(err, -EINVAL, "manifest.json: a name in RepoTags has a digest in it");
        reference_format(&ref, full, sizeof(full));
        oci_strings_add(ar->im->st.arena, &img->names, full);
    }
    return 0;
}

/* The digest that a config's name claims: HEX.json or blobs/sha256/HEX; NULL when it claims none. */
static const char *config_digest(struct archive *ar, const char *path)
{
    const char *base = strrchr(path, '/');

    base = base == NULL ? path : base + 1;
    if (strlen(base) < 64 || (base[64] != '\0' && !str_eq(base + 64, ".json")))
        return NULL;
    const char *hex = arena_strndup(ar->im->st.arena, base, 64);
    return hex64_valid(hex) ? hex : NULL;
}

static int docker_image(struct archive *ar, const json_t *entry, size_t number, struct error *err)
{
    const char *path = arena_printf(ar->im->st.arena, "manifest.json[%zu]", number);
    struct staged_image img = { 0 };
    struct image_config c = { 0 };
    const char *config = NULL;
    json_t *layers = NULL, *tags = NULL;

    if (!json_is_object(entry))
        return error_set(err, -EINVAL, "%s: must be an object", path);
    int r = json_get_string(entry, path, "Config", true, &config, err);
    if (r == 0)
        r = json_get_container(entry, path, "Layers", JSON_ARRAY, true, &layers, err);
    if (r == 0 && json_is_null(json_object_get(entry, "RepoTags")))
        tags = NULL; /* docker writes null for an image without a name */
    else if (r == 0)
        r = json_get_container(entry, path, "RepoTags", JSON_ARRAY, false, &tags, err);
    if (r == 0)
        r = begin_image(ar, config, config_digest(ar, config), json_array_size(layers), &img, &c, err);
    if (r == 0)
        r = docker_layers(ar, layers, &img, &c, err);
    if (r == 0 && ar->im->name == NULL)
        r = docker_names(ar, tags, &img, err);
    if (r < 0)
        return r;
    import_make_manifest(ar->im, &img);
    *import_add_image(ar->im) = img;
    return 0;
}

static int import_docker(struct archive *ar, struct error *err)
{
    _cleanup_json_ json_t *doc = NULL;
    const json_t *entry;
    const char *text = NULL;
    size_t len = 0, i;
    int r = read_document(ar, "manifest.json", NULL, &text, &len, err);

    if (r == 0)
        r = json_parse(text, len, "manifest.json", &doc, err);
    if (r < 0)
        return r;
    if (!json_is_array(doc) || json_array_size(doc) == 0 || json_array_size(doc) > IMAGES_MAX)
        return error_set(err, -EINVAL, "manifest.json: must be an array of 1 to %d images", IMAGES_MAX);
    json_array_foreach(doc, i, entry)
    {
        r = docker_image(ar, entry, i, err);
        if (r < 0)
            return r;
    }
    return 0;
}

int import_archive(struct import *im, int rootfd, bool own, struct error *err)
{
    struct archive ar = { .im = im, .root = rootfd, .own = own };
    int r = import_platform(im->st.arena, im->o->platform, &ar.os, &ar.arch, &ar.variant, err);

    if (r < 0)
        return r;
    if (im->o->n_changes > 0)
        return error_set(err, -EINVAL,
                         "this is an image archive: its config cannot be changed on the way in");
    if (has_file(&ar, "oci-layout") && has_file(&ar, "index.json"))
        r = import_layout(&ar, err);
    else if (has_file(&ar, "manifest.json"))
        r = import_docker(&ar, err);
    else
        r = error_set(err, -EINVAL,
                      "this is no image archive: it has neither manifest.json nor oci-layout in it");
    if (r < 0)
        return r;
    if (im->name == NULL)
        return 0;
    if (im->st.n_images > 1)
        return error_set(err, -EINVAL, "the archive has %zu images: import it without a name",
                         im->st.n_images);
    struct staged_image *img = &im->st.images[0];
    img->names = (struct oci_strings){ 0 };
    oci_strings_add(im->st.arena, &img->names, im->name);
    return 0;
}
