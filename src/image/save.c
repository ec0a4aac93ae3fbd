// SPDX-License-Identifier: Apache-2.0
/*
 * How: an OCI image layout as a tar, with docker's manifest.json beside its index: one archive that docker load, podman load, skopeo
 * (docker-archive and oci-archive) and oakum load all read, in which every blob keeps its digest. Blobs are opened when their image
 * is looked up, so an image that is removed meanwhile is still saved whole; what is sent is hashed on the way, so a blob that
 * the disk has damaged does not get out under its name.
 *
 * The archive's bytes depend on the images alone: members are sorted, times are 0, the owner is 0:0.
 */
#include <errno.h>
#include <stdio.h>

#include "image/store_internal.h"
#include "oci/reference.h"
#include "sys/file.h"

#define BLOCK 512
#define COPY_SIZE (1 << 17)
#define OCTAL_SIZE_MAX 077777777777ULL /* what 11 octal digits hold: 8 GiB less a byte */

struct blob {
    const char *digest;
    int fd;
    uint64_t size;
};

struct save {
    struct store *store;
    struct arena *arena;
    int out;
    struct blob *blobs;
    size_t n_blobs;
    struct image_index index;
    json_t *docker; /* manifest.json */
};

/* --- tar --- */

static void put_size(uint8_t *field, uint64_t size)
{
    if (size <= OCTAL_SIZE_MAX) {
        snprintf((char *) field, 12, "%011llo", (unsigned long long) size);
        return;
    }
    field[0] = 0x80; /* base 256: GNU tar's, understood by all that read large members */
    for (int i = 11; i > 3; i--, size >>= 8)
        field[i] = (uint8_t) size;
}

static int put_header(struct save *s, const char *name, char type, uint64_t size, struct error *err)
{
    static const char ustar[8] = { 'u', 's', 't', 'a', 'r', '\0', '0', '0' };
    uint8_t h[BLOCK] = { 0 };
    unsigned sum = 0;
    int r = str_format((char *) h, 100, "%s", name);

    if (r < 0)
        return error_set(err, -ENAMETOOLONG, "the member name %s is too long", name);
    snprintf((char *) h + 100, 8, "%07o", type == '5' ? 0755U : 0644U);
    snprintf((char *) h + 108, 8, "%07o", 0U);
    snprintf((char *) h + 116, 8, "%07o", 0U);
    put_size(h + 124, size);
    snprintf((char *) h + 136, 12, "%011o", 0U);
    memset(h + 148, ' ', 8);
    h[156] = (uint8_t) type;
    memcpy(h + 257, ustar, sizeof(ustar));
    for (size_t i = 0; i < sizeof(h); i++)
        sum += h[i];
    snprintf((char *) h + 148, 8, "%06o", sum);
    r = write_all(s->out, h, sizeof(h));
    return r < 0 ? error_errno(err, r, "cannot write the archive") : 0;
}

static int put_padding(struct save *s, uint64_t size, struct error *err)
{
    static const uint8_t zeros[BLOCK];
    size_t rest = (size_t) (size % BLOCK);
    int r = rest == 0 ? 0 : write_all(s->out, zeros, BLOCK - rest);

    return r < 0 ? error_errno(err, r, "cannot write the archive") : 0;
}

static int put_text(struct save *s, const char *name, const char *text, struct error *err)
{
    size_t len = strlen(text);
    int r = put_header(s, name, '0', len, err);

    if (r < 0)
        return r;
    r = write_all(s->out, text, len);
    return r < 0 ? error_errno(err, r, "cannot write the archive") : put_padding(s, len, err);
}

static int put_blob(struct save *s, const struct blob *b, struct error *err)
{
    _cleanup_free_ uint8_t *buf = xmalloc(COPY_SIZE);
    struct sha256 sum;
    char hex[SHA256_HEX], name[160];
    uint64_t left = b->size;

    if (str_format(name, sizeof(name), "blobs/sha256/%s", digest_hex(b->digest)) < 0)
        return error_set(err, -EINVAL, "the digest %.80s is too long", b->digest);
    int r = put_header(s, name, '0', b->size, err);
    sha256_init(&sum);
    while (r == 0 && left > 0) {
        ssize_t n = read(b->fd, buf, MIN_OF(left, (uint64_t) COPY_SIZE));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return error_errno(err, n < 0 ? -errno : -EIO, "cannot read the blob %s", b->digest);
        sha256_add(&sum, buf, (size_t) n);
        left -= (uint64_t) n;
        r = write_all(s->out, buf, (size_t) n);
        if (r < 0)
            return error_errno(err, r, "cannot write the archive");
    }
    if (r < 0)
        return r;
    sha256_hex(&sum, hex);
    if (!str_eq(hex, digest_hex(b->digest)))
        return error_set(err, -EINVAL,
                         "the blob %s in the store is damaged; \"oakum system check --repair\" can mend it",
                         b->digest);
    return put_padding(s, b->size, err);
}

static int put_end(struct save *s, struct error *err)
{
    static const uint8_t zeros[2 * BLOCK];
    int r = write_all(s->out, zeros, sizeof(zeros));

    return r < 0 ? error_errno(err, r, "cannot write the archive") : 0;
}

/* --- what goes in --- */

static int need_blob(struct save *s, const char *digest, struct error *err)
{
    struct stat st;

    for (size_t i = 0; i < s->n_blobs; i++)
        if (str_eq(s->blobs[i].digest, digest))
            return 0;
    if (str_after(digest, "sha256:") == NULL)
        return error_set(err, -EINVAL, "the digest %.80s is of a kind that the store does not keep", digest);
    int fd = file_open(s->store->blobs, digest_hex(digest), O_RDONLY | O_NOFOLLOW, 0, err);
    if (fd < 0)
        return fd;
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
        close(fd);
        return error_set(err, -EINVAL, "the blob %s in the store is no file", digest);
    }
    s->blobs = arena_grow(s->arena, s->blobs, s->n_blobs, s->n_blobs + 1, sizeof(*s->blobs));
    s->blobs[s->n_blobs++] = (struct blob){ arena_strdup(s->arena, digest), fd, (uint64_t) st.st_size };
    return 0;
}

static const char *member_name(struct save *s, const char *digest)
{
    return arena_printf(s->arena, "blobs/sha256/%s", digest_hex(digest));
}

/* docker's form of a name: "redis:7", with "docker.io/library/" only where docker keeps it. */
static const char *familiar(struct save *s, const struct reference *ref)
{
    char name[520];
    reference_familiar_name(ref, name, sizeof(name));
    return arena_printf(s->arena, "%s:%s", name, ref->tag);
}

/* The image's entry in manifest.json: a new one, or that of the same image under another name. */
static json_t *docker_entry(struct save *s, const struct store_image *image)
{
    const char *config = member_name(s, image->manifest.config.digest);
    size_t i;
    json_t *entry;

    json_array_foreach(s->docker, i, entry) if (str_eq(json_string_value(json_object_get(entry, "Config")),
                                                       config)) return entry;
    entry = json_object();
    json_t *layers = json_array();
    for (i = 0; i < image->manifest.layers.n; i++)
        json_array_append_new(layers, json_string(member_name(s, image->manifest.layers.v[i].digest)));
    json_object_set_new(entry, "Config", json_string(config));
    json_object_set_new(entry, "RepoTags", json_array());
    json_object_set_new(entry, "Layers", layers);
    json_array_append_new(s->docker, entry);
    return entry;
}

/* What the archive calls it: the name by which it was asked for, none when that was an id. */
static bool asked_by_name(const char *asked, const struct store_image *image, struct reference *ref)
{
    char full[640];

    if (image->name == NULL || reference_parse(asked, ref, NULL) < 0 || ref->tag[0] == '\0')
        return false;
    reference_format(ref, full, sizeof(full));
    return str_eq(full, image->name);
}

static int add_image(struct save *s, const char *asked, struct error *err)
{
    _cleanup_store_image_ struct store_image *image = NULL;
    struct reference ref;
    int r = store_find(s->store, asked, &image, err);

    if (r == 0)
        r = need_blob(s, image->manifest_digest, err);
    if (r == 0)
        r = need_blob(s, image->manifest.config.digest, err);
    for (size_t i = 0; r == 0 && i < image->manifest.layers.n; i++)
        r = need_blob(s, image->manifest.layers.v[i].digest, err);
    if (r < 0)
        return r;
    bool named = asked_by_name(asked, image, &ref);
    json_t *entry = docker_entry(s, image);
    struct image_descriptor *d = index_add(s->arena, &s->index);
    *d = (struct image_descriptor){
        .media_type = str_empty(image->manifest.media_type)
                          ? MEDIA_MANIFEST
                          : arena_strdup(s->arena, image->manifest.media_type),
        .digest = arena_strdup(s->arena, image->manifest_digest),
        .os = image->config.os ? arena_strdup(s->arena, image->config.os) : NULL,
        .architecture = image->config.architecture ? arena_strdup(s->arena, image->config.architecture)
                                                   : NULL,
        .variant = image->config.variant ? arena_strdup(s->arena, image->config.variant) : NULL,
    };
    for (size_t i = 0; i < s->n_blobs; i++)
        if (str_eq(s->blobs[i].digest, d->digest))
            d->size = (int64_t) s->blobs[i].size;
    if (!named)
        return 0;
    const char *name = arena_strdup(s->arena, image->name);
    json_array_append_new(json_object_get(entry, "RepoTags"), json_string(familiar(s, &ref)));
    oci_pairs_set(s->arena, &d->annotations, ANNOTATION_REF_NAME, name);
    oci_pairs_set(s->arena, &d->annotations, "io.containerd.image.name", name);
    return 0;
}

/* Without a tag a name means every image that has it, each with its tag; *ret_n: how many were added. */
static int add_tags(struct save *s, const char *asked, size_t *ret_n, struct error *err)
{
    struct store_summary *all;
    struct reference ref, of;
    size_t n = 0;
    const char *last = strrchr(asked, '/');

    *ret_n = 0;
    if (strpbrk(last != NULL ? last : asked, ":@") != NULL || hex64_valid(asked) ||
        reference_parse(asked, &ref, NULL) < 0)
        return 0;
    int r = store_summaries(s->store, s->arena, &all, &n, err);
    for (size_t i = 0; r == 0 && i < n; i++) {
        if (all[i].name == NULL || reference_parse(all[i].name, &of, NULL) < 0 || of.tag[0] == '\0' ||
            !str_eq(of.domain, ref.domain) || !str_eq(of.path, ref.path))
            continue;
        r = add_image(s, all[i].name, err);
        (*ret_n)++;
    }
    return r;
}

static int by_digest(const void *a, const void *b)
{
    return strcmp(((const struct blob *) a)->digest, ((const struct blob *) b)->digest);
}

static int put_all(struct save *s, enum save_form form, struct error *err)
{
    _cleanup_json_ json_t *index = image_index_to_json(&s->index);
    _cleanup_free_ char *index_text = json_text(index, 0), *docker_text = json_text(s->docker, 0);

    if (s->n_blobs > 0)
        qsort(s->blobs, s->n_blobs, sizeof(*s->blobs), by_digest);
    int r = put_text(s, "oci-layout", "{\"imageLayoutVersion\":\"1.0.0\"}\n", err);
    if (r == 0)
        r = put_text(s, "index.json", index_text, err);
    if (r == 0 && form == SAVE_DOCKER)
        r = put_text(s, "manifest.json", docker_text, err);
    if (r == 0)
        r = put_header(s, "blobs/", '5', 0, err);
    if (r == 0)
        r = put_header(s, "blobs/sha256/", '5', 0, err);
    for (size_t i = 0; r == 0 && i < s->n_blobs; i++)
        r = put_blob(s, &s->blobs[i], err);
    return r < 0 ? r : put_end(s, err);
}

int store_save(struct store *s, const char *const *names, size_t n, enum save_form form, int out,
               struct error *err)
{
    struct save save = { .store = s, .arena = arena_new(), .out = out, .docker = json_array() };
    int r = 0;

    for (size_t i = 0; r == 0 && i < n; i++) {
        size_t tags = 0;
        r = add_tags(&save, names[i], &tags, err);
        if (r == 0 && tags == 0)
            r = add_image(&save, names[i], err);
    }
    if (r == 0)
        r = put_all(&save, form, err);
    for (size_t i = 0; i < save.n_blobs; i++)
        close(save.blobs[i].fd);
    json_decref(save.docker);
    arena_free(save.arena);
    return r;
}
