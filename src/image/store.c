// SPDX-License-Identifier: Apache-2.0
/*
 * How: a store is five directory descriptors; every path in it is relative to one of them. The index is one small JSON file
 * that is read whole and replaced whole, so a reader sees an old or a new one, never half.
 *
 * Threat: a store that others can write to (its root must be ours and 0700), and a store that a later oakum made: its format
 * number differs, and it is left alone.
 */
#include "image/store.h"

#include <errno.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/parse.h"
#include "image/store_internal.h"
#include "image/worker.h"
#include "oci/reference.h"
#include "sys/file.h"

static const char layout_file[] = "{\"imageLayoutVersion\":\"1.0.0\"}\n";

void store_set_helper_dir(const char *dir)
{
    worker_set_dir(dir);
}

static char *absolute(const char *root)
{
    char cwd[4096];

    if (root[0] == '/' || getcwd(cwd, sizeof(cwd)) == NULL)
        return xstrdup(root);
    return xasprintf("%s/%s", str_eq(cwd, "/") ? "" : cwd, root);
}

static int check_version(struct store *s, bool create, struct error *err)
{
    _cleanup_free_ char *text = NULL;
    struct stat st;

    if (fstatat(s->root, "version", &st, AT_SYMLINK_NOFOLLOW) < 0) {
        if (errno != ENOENT)
            return error_errno(err, -errno, "cannot look at %s/version", s->path);
        if (!create)
            return error_set(err, -ENOENT, "there is no image store at %s", s->path);
        if (fstatat(s->root, "images", &st, AT_SYMLINK_NOFOLLOW) == 0)
            return error_set(err, -EINVAL,
                             "%s has images in it but no version file: it is not a store of oakum's",
                             s->path);
        return file_replace(s->root, "version", STORE_FORMAT "\n", strlen(STORE_FORMAT) + 1, 0600, true, err);
    }
    int r = file_read(s->root, "version", 64, &text, NULL, err);
    if (r < 0)
        return r;
    text[strcspn(text, "\n")] = '\0';
    if (!str_eq(text, STORE_FORMAT))
        return error_set(
            err, -EINVAL,
            "the store at %s has format %.20s, this oakum knows format %s: use the oakum that made it, or another --root",
            s->path, text, STORE_FORMAT);
    return 0;
}

static int make_dir(int dirfd, const char *name, bool create, struct error *err)
{
    if (create && mkdirat(dirfd, name, 0700) < 0 && errno != EEXIST && errno != EROFS)
        return error_errno(err, -errno, "cannot make %s in the image store", name);
    return dir_open(dirfd, name, err);
}

static int open_dirs(struct store *s, bool create, struct error *err)
{
    const struct {
        int *fd;
        const int *parent;
        const char *name;
    } table[] = {
        { &s->images, &s->root, "images" },
        { &s->layers, &s->root, "layers" },
        { &s->tmp, &s->root, "tmp" },
        { &s->blobs, &s->images, "blobs" },
    };

    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        *table[i].fd = make_dir(*table[i].parent, table[i].name, create, err);
        if (*table[i].fd < 0)
            return *table[i].fd;
    }
    _cleanup_close_ int above = s->blobs;
    s->blobs = make_dir(above, "sha256", create, err);
    if (s->blobs < 0)
        return s->blobs;
    struct stat st;
    if (create && fstatat(s->images, "oci-layout", &st, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT) {
        struct image_index none = { 0 };
        int r = store_index_write(s, &none, err);
        return r < 0 ? r
                     : file_replace(s->images, "oci-layout", layout_file, sizeof(layout_file) - 1, 0600, true,
                                    err);
    }
    return 0;
}

static int open_store(struct store *s, bool create, struct error *err)
{
    struct stat st;
    int r = create ? dir_make_all(AT_FDCWD, s->path, 0700, err) : 0;

    if (r < 0)
        return r;
    if (!create && fstatat(AT_FDCWD, s->path, &st, 0) < 0 && errno == ENOENT)
        return error_set(err, -ENOENT, "there is no image store at %s", s->path);
    s->root = dir_open(AT_FDCWD, s->path, err);
    if (s->root < 0)
        return s->root;
    r = dir_check_private(s->root, s->path, err);
    if (r < 0)
        return r;
    /* Two first users at once: the lock file is made by both, the rest by one. */
    _cleanup_close_ int lock = create ? store_lock(s, LOCK_EX, err) : -1;
    if (create && lock < 0)
        return lock;
    r = check_version(s, create, err);
    return r < 0 ? r : open_dirs(s, create, err);
}

int store_open(const char *root, bool create, struct store **ret, struct error *err)
{
    struct store *s = xcalloc(1, sizeof(*s));

    s->path = absolute(root);
    s->root = s->images = s->blobs = s->layers = s->tmp = -1;
    int r = open_store(s, create, err);
    if (r < 0) {
        store_close(s);
        return r;
    }
    *ret = s;
    return 0;
}

void store_close(struct store *s)
{
    if (s == NULL)
        return;
    const int fds[] = { s->root, s->images, s->blobs, s->layers, s->tmp };
    for (size_t i = 0; i < ARRAY_LEN(fds); i++)
        if (fds[i] >= 0)
            close(fds[i]);
    free(s->path);
    free(s);
}

int store_lock(struct store *s, int operation, struct error *err)
{
    int fd = openat(s->root, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

    if (fd < 0 && (errno == EROFS || errno == EACCES))
        fd = openat(s->root, "lock", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return error_errno(err, -errno, "cannot open %s/lock", s->path);
    int r = file_lock(fd, operation, "the image store", err);
    if (r < 0) {
        close(fd);
        return r;
    }
    return fd;
}

bool store_first_time(struct store *s, const char *word)
{
    int fd = openat(s->root, word, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

int store_settle(const char *root, struct error *err)
{
    struct store s = { .path = (char *) root };
    s.root = dir_open(AT_FDCWD, root, err);
    int lock = s.root < 0 ? s.root : store_lock(&s, LOCK_SH, err);
    if (s.root >= 0)
        close(s.root);
    if (lock >= 0)
        close(lock);
    return MIN_OF(lock, 0);
}

/* --- the index --- */

int store_index_read(struct store *s, struct arena *a, struct image_index *ret, struct error *err)
{
    _cleanup_free_ char *text = NULL;
    size_t len;
    int r = file_read(s->images, "index.json", INDEX_MAX, &text, &len, err);

    if (r == 0)
        r = image_index_parse(text, len, a, ret, err);
    return r < 0 ? error_context(err, r, "the image store at %s", s->path) : 0;
}

/* What file_replace() leaves behind when it is killed: nobody else writes the index now. */
static int sweep_one(int dirfd, const char *name, unsigned char type _unused_, void *arg _unused_)
{
    if (str_after(name, ".index.json.") != NULL && unlinkat(dirfd, name, 0) < 0)
        log_warn("cannot remove %s from the image store: %s", name, strerror(errno));
    return 0;
}

int store_index_sweep(struct store *s, struct error *err)
{
    return dir_each(s->images, ".", sweep_one, NULL, err);
}

int store_index_write(struct store *s, const struct image_index *index, struct error *err)
{
    _cleanup_json_ json_t *j = image_index_to_json(index);
    _cleanup_free_ char *text = json_text(j, 0);

    int r = store_index_sweep(s, err);
    return r < 0 ? r : file_replace(s->images, "index.json", text, strlen(text), 0600, true, err);
}

struct image_descriptor *index_add(struct arena *a, struct image_index *index)
{
    struct image_descriptors *m = &index->manifests;

    m->v = arena_grow(a, m->v, m->n, m->n + 1, sizeof(*m->v));
    return &m->v[m->n++];
}

void index_drop(struct image_index *index, size_t at)
{
    struct image_descriptors *m = &index->manifests;

    m->n--;
    memmove(&m->v[at], &m->v[at + 1], (m->n - at) * sizeof(*m->v));
}

void store_descriptor_unset(struct image_descriptor *d, const char *key)
{
    size_t kept = 0;

    for (size_t i = 0; i < d->annotations.n; i++)
        if (!str_eq(d->annotations.v[i].key, key))
            d->annotations.v[kept++] = d->annotations.v[i];
    d->annotations.n = kept;
}

static bool comes_twice(const struct image_descriptors *m, size_t at)
{
    for (size_t i = 0; i < m->n; i++)
        if (i != at && str_eq(m->v[i].digest, m->v[at].digest))
            return true;
    return false;
}

void index_name(struct arena *a, struct image_index *index, size_t at, const char *name)
{
    struct image_descriptors *m = &index->manifests;

    for (size_t i = 0; i < m->n; i++) {
        const char *has = store_descriptor_name(&m->v[i]);
        if (i != at && has != NULL && str_eq(has, name))
            store_descriptor_unset(&m->v[i], ANNOTATION_REF_NAME);
    }
    oci_pairs_set(a, &m->v[at].annotations, ANNOTATION_REF_NAME, name);
    /* A manifest needs no entry without a name beside another one. */
    for (size_t i = m->n; i-- > 0;)
        if (store_descriptor_name(&m->v[i]) == NULL && comes_twice(m, i))
            index_drop(index, i);
}

const char *store_descriptor_name(const struct image_descriptor *d)
{
    return oci_pairs_get(&d->annotations, ANNOTATION_REF_NAME);
}

/* --- documents and images --- */

int store_document_read(struct store *s, const char *digest, struct arena *a, const char **ret,
                        size_t *ret_len, struct error *err)
{
    _cleanup_free_ char *text = NULL;
    char hex[SHA256_HEX];
    size_t len;

    if (str_after(digest, "sha256:") == NULL || !digest_valid(digest))
        return error_set(err, -EINVAL, "the digest %.80s is of a kind that the store does not keep", digest);
    int r = file_read(s->blobs, digest_hex(digest), DOCUMENT_MAX, &text, &len, err);
    if (r < 0)
        return r;
    sha256_of(text, len, hex);
    if (!str_eq(hex, digest_hex(digest)))
        return error_set(err, -EINVAL, "the blob %s in the store is damaged: its digest is sha256:%s", digest,
                         hex);
    *ret = arena_strndup(a, text, len);
    *ret_len = len;
    return 0;
}

bool store_descriptor_size(const struct image_descriptor *d, int64_t *ret)
{
    const char *text = oci_pairs_get(&d->annotations, ANNOTATION_SIZE);
    uint64_t v;

    if (text == NULL || parse_u64(text, &v) < 0 || v > INT64_MAX)
        return false;
    *ret = (int64_t) v;
    return true;
}

static int64_t image_size(const struct image_descriptor *d, const struct image_manifest *m)
{
    int64_t size = 0;

    if (store_descriptor_size(d, &size))
        return size;
    for (size_t i = 0; i < m->layers.n; i++) /* put there by another tool */
        if (m->layers.v[i].size < INT64_MAX - size)
            size += m->layers.v[i].size;
    return size;
}

/* As many numbers as there are layers, or the sizes of the blobs. */
static int64_t *layer_sizes(struct arena *a, const struct image_descriptor *d, const struct image_manifest *m)
{
    const char *text = oci_pairs_get(&d->annotations, ANNOTATION_LAYER_SIZES);
    int64_t *sizes = arena_array(a, m->layers.n, sizeof(*sizes));
    char *rest = arena_strdup(a, text != NULL ? text : "");

    for (size_t i = 0; i < m->layers.n; i++) {
        const char *word = strsep(&rest, ",");
        uint64_t v;
        bool known = word != NULL && parse_u64(word, &v) == 0 && v <= INT64_MAX;
        sizes[i] = known ? (int64_t) v : m->layers.v[i].size;
    }
    return sizes;
}

static const char *annotation(struct arena *a, const struct image_descriptor *d, const char *key)
{
    const char *value = oci_pairs_get(&d->annotations, key);
    return value == NULL ? NULL : arena_strdup(a, value);
}

int store_image_load(struct store *s, const struct image_descriptor *d, struct store_image **ret,
                     struct error *err)
{
    struct arena *a = arena_new();
    struct store_image *image = arena_alloc(a, sizeof(*image));
    const char *name = store_descriptor_name(d);
    const char *text = NULL;
    size_t len = 0;

    image->arena = a;
    image->manifest_digest = arena_strdup(a, d->digest);
    image->name = name == NULL ? NULL : arena_strdup(a, name);
    int r = store_document_read(s, d->digest, a, &text, &len, err);
    if (r == 0)
        r = image_manifest_parse(text, len, a, &image->manifest, err);
    if (r == 0)
        r = store_document_read(s, image->manifest.config.digest, a, &image->config_text, &len, err);
    if (r == 0)
        r = image_config_parse(image->config_text, len, a, &image->config, err);
    if (r == 0 && image->config.diff_ids.n != image->manifest.layers.n)
        r = error_set(err, -EINVAL, "its config names %zu layers, its manifest %zu", image->config.diff_ids.n,
                      image->manifest.layers.n);
    if (r < 0) {
        error_context(err, r, "image %s", name != NULL ? name : d->digest);
        arena_free(a);
        return r;
    }
    memcpy(image->id, digest_hex(image->manifest.config.digest), SHA256_HEX);
    image->size = image_size(d, &image->manifest);
    image->layer_sizes = layer_sizes(a, d, &image->manifest);
    image->source_name = annotation(a, d, ANNOTATION_SOURCE_NAME);
    if (store_descriptor_is_ours(d)) {
        image->source_digest = annotation(a, d, ANNOTATION_SOURCE);
        image->signatures = annotation(a, d, ANNOTATION_SIGNATURES);
    }
    *ret = image;
    return 0;
}

void store_image_free(struct store_image *image)
{
    if (image != NULL)
        arena_free(image->arena);
}

void store_images_free(struct store_image **images, size_t n)
{
    for (size_t i = 0; i < n; i++)
        store_image_free(images[i]);
    free(images);
}
