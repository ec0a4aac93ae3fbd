// SPDX-License-Identifier: Apache-2.0
/*
 * How: all blobs are opened under the store's lock first, so that a removal meanwhile takes away names only. Then a few threads
 * take one after the other: HEAD, mount or upload. The manifest follows when all are there.
 *
 * Threat: a damaged store whose bytes would be published under a good name: the registry computes digests too, and refuses.
 */
#include "image/push.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "image/compress.h"
#include "image/registry_internal.h"
#include "image/store_internal.h"
#include "sys/file.h"

#define PARALLEL 3
#define PARALLEL_MAX 16
#define TICK_MS 100

struct blob_job {
    struct push_blob shown;
    const char *digest;
    int fd;
    bool taken;
};

struct push {
    struct store *store;
    struct registry *registry;
    struct registry_repo *repo;
    const struct push_options *o;
    struct arena *a;
    struct blob_job *v;
    size_t n;
    struct work *work; /* compressed layers; NULL: there are none */
    const char *manifest;
    size_t manifest_len;
    const char *manifest_type, *manifest_digest;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    size_t running;
    bool failed;
    struct error err;
};

static int add_blob(struct push *p, const struct image_descriptor *d, struct error *err)
{
    struct stat st;
    for (size_t i = 0; i < p->n; i++) {
        if (str_eq(p->v[i].digest, d->digest))
            return 0;
    }
    struct blob_job *b = &p->v[p->n];
    *b = (struct blob_job){ .digest = d->digest };
    memcpy(b->shown.hex, digest_hex(d->digest), sizeof(b->shown.hex));
    b->shown.size = d->size;
    b->fd = file_open(p->store->blobs, b->shown.hex, O_RDONLY | O_NOFOLLOW, 0, err);
    if (b->fd < 0)
        return error_context(err, b->fd, "the image is not whole in the store");
    p->n++;
    if (fstat(b->fd, &st) < 0 || st.st_size != d->size)
        return error_set(err, -EINVAL,
                         "the blob %.19s in the store is damaged: import or pull the image again", d->digest);
    return 0;
}

/* A layer as gzip, in place of what the store has; its descriptor in the manifest's JSON too. */
static int compress(struct push *p, struct image_descriptor *d, json_t *json, struct error *err)
{
    struct blob_job *b = &p->v[p->n - 1]; /* the one that was added for it */
    char name[24], hex[SHA256_HEX];
    int64_t size;
    bool docker = strstr(d->media_type, "docker") != NULL;
    int r = p->work == NULL ? work_new(p->store, &p->work, err) : 0;
    if (r == 0 && str_format(name, sizeof(name), "gzip%zu", p->n) < 0)
        r = -ENAMETOOLONG;
    if (r < 0)
        return r;
    _cleanup_close_ int out = file_open(p->work->fd, name, O_RDWR | O_CREAT | O_EXCL, 0600, err);
    r = out < 0 ? out : compress_layer(b->fd, d, out, hex, &size, err);
    if (r < 0)
        return r;
    close(b->fd);
    b->fd = TAKE_FD(out);
    memcpy(b->shown.hex, hex, sizeof(hex));
    b->shown.size = size;
    b->digest = arena_printf(p->a, "sha256:%s", hex);
    json_object_set_new(json, "mediaType", json_string(docker ? MEDIA_DOCKER_LAYER : MEDIA_LAYER_GZIP));
    json_object_set_new(json, "digest", json_string(b->digest));
    json_object_set_new(json, "size", json_integer(size));
    return 0;
}

static bool plain_layer(const struct image_descriptor *d)
{
    enum media_compression how;
    return d->media_type != NULL && media_type_kind(d->media_type, &how) == MEDIA_KIND_LAYER &&
           how == MEDIA_COMPRESSION_NONE;
}

static int add_layers(struct push *p, struct image_manifest *m, struct error *err)
{
    _cleanup_json_ json_t *doc = NULL;
    bool changed = false;
    char hex[SHA256_HEX];
    int r = p->o->compress ? json_parse(p->manifest, p->manifest_len, "the manifest", &doc, err) : 0;
    for (size_t i = 0; r == 0 && i < m->layers.n; i++) {
        struct image_descriptor *d = &m->layers.v[i];
        r = add_blob(p, d, err);
        if (r < 0 || doc == NULL || !plain_layer(d))
            continue;
        r = compress(p, d, json_array_get(json_object_get(doc, "layers"), i), err);
        changed = true;
    }
    if (r < 0 || !changed)
        return r;
    _cleanup_free_ char *text = json_text(doc, 0);
    p->manifest = arena_strdup(p->a, text);
    p->manifest_len = strlen(text);
    sha256_of(text, p->manifest_len, hex);
    p->manifest_digest = arena_printf(p->a, "sha256:%s", hex);
    return 0;
}

/* Another repository of the same registry that an image with this blob came from or goes to. */
static const char *find_source(const struct push *p, const struct reference *to,
                               struct store_image *const *images, size_t n_images, const char *digest)
{
    for (size_t i = 0; i < n_images; i++) {
        const struct image_descriptors *layers = &images[i]->manifest.layers;
        struct reference ref;
        if (images[i]->name == NULL || reference_parse(images[i]->name, &ref, NULL) < 0 ||
            !str_eq(ref.domain, to->domain) || str_eq(ref.path, to->path))
            continue;
        for (size_t k = 0; k < layers->n; k++) {
            if (str_eq(layers->v[k].digest, digest))
                return arena_strdup(p->a, ref.path);
        }
    }
    return NULL;
}

static int collect(struct push *p, const char *name, const struct reference *to, struct error *err)
{
    _cleanup_store_image_ struct store_image *image = NULL;
    struct store_image **all = NULL;
    size_t n_all = 0;
    int r = store_find(p->store, name, &image, err);
    if (r == 0)
        r = store_list(p->store, &all, &n_all, err);
    if (r < 0)
        return r;
    p->manifest_digest = arena_strdup(p->a, image->manifest_digest);
    r = store_document_read(p->store, image->manifest_digest, p->a, &p->manifest, &p->manifest_len, err);
    struct image_manifest m = { 0 };
    if (r == 0)
        r = image_manifest_parse(p->manifest, p->manifest_len, p->a, &m, err);
    if (r == 0) {
        p->manifest_type = !str_empty(m.media_type) ? m.media_type : MEDIA_MANIFEST;
        p->v = arena_array(p->a, m.layers.n + 1, sizeof(*p->v));
    }
    if (r == 0)
        r = add_layers(p, &m, err);
    if (r == 0)
        r = add_blob(p, &m.config, err);
    for (size_t i = 0; r == 0 && i < p->n; i++)
        p->v[i].shown.from = find_source(p, to, all, n_all, p->v[i].digest);
    store_images_free(all, n_all);
    return r;
}

/* --- sending --- */

static int send_blob(struct push *p, struct registry_conn *c, struct blob_job *b, struct error *err)
{
    struct registry_upload u = {
        .digest = b->digest,
        .fd = b->fd,
        .size = b->shown.size,
        .mount_from = b->shown.from,
        .chunk = p->o->chunk,
        .sent = &b->shown.sent,
    };
    atomic_store(&b->shown.state, PUSH_CHECKING);
    int r = registry_blob_exists(c, p->repo, b->digest, err);
    if (r < 0)
        return error_context(err, r, "%.19s", b->digest);
    if (r == 1) {
        atomic_store(&b->shown.state, PUSH_EXISTS);
        return 0;
    }
    atomic_store(&b->shown.state, PUSH_SENDING);
    r = registry_blob_put(c, p->repo, &u, err);
    if (r >= 0)
        atomic_store(&b->shown.state, r == 1 ? PUSH_MOUNTED : PUSH_DONE);
    return MIN_OF(r, 0);
}

static struct blob_job *take_next(struct push *p)
{
    struct blob_job *best = NULL;
    for (size_t i = 0; i < p->n; i++) {
        if (!p->v[i].taken && (best == NULL || p->v[i].shown.size > best->shown.size))
            best = &p->v[i];
    }
    if (best != NULL)
        best->taken = true;
    return best;
}

static void *sender_main(void *arg)
{
    struct push *p = arg;
    struct registry_conn *c = registry_conn_new(p->registry);
    for (;;) {
        struct error err = { 0 };
        pthread_mutex_lock(&p->lock);
        struct blob_job *b = p->failed ? NULL : take_next(p);
        pthread_mutex_unlock(&p->lock);
        if (b == NULL)
            break;
        int r = send_blob(p, c, b, &err);
        if (r == 0)
            continue;
        atomic_store(&b->shown.state, PUSH_FAILED);
        pthread_mutex_lock(&p->lock);
        if (!p->failed) {
            p->failed = true;
            p->err = err;
            p->err.code = r;
            http_cancel(registry_http(p->registry));
        }
        pthread_mutex_unlock(&p->lock);
    }
    registry_conn_free(c);
    pthread_mutex_lock(&p->lock);
    p->running--;
    pthread_cond_signal(&p->changed);
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

static void show(const struct push *p, struct push_blob **blobs, bool end)
{
    for (size_t i = 0; i < p->n; i++)
        blobs[i] = &p->v[i].shown;
    if (p->o->progress != NULL)
        p->o->progress(p->o->arg, blobs, p->n, end);
}

static int send_all(struct push *p, struct error *err)
{
    pthread_t threads[PARALLEL_MAX];
    size_t want = p->o->parallel != 0 ? MIN_OF(p->o->parallel, PARALLEL_MAX) : PARALLEL, n = 0;
    _cleanup_free_ struct push_blob **blobs = xcalloc(p->n + 1, sizeof(struct push_blob *));
    show(p, blobs, false);
    pthread_mutex_lock(&p->lock);
    while (n < want && n < p->n && pthread_create(&threads[n], NULL, sender_main, p) == 0)
        n++;
    p->running = n;
    while (p->running > 0) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += TICK_MS * 1000000L;
        until.tv_sec += until.tv_nsec / 1000000000L;
        until.tv_nsec %= 1000000000L;
        pthread_cond_timedwait(&p->changed, &p->lock, &until);
        pthread_mutex_unlock(&p->lock);
        show(p, blobs, false);
        pthread_mutex_lock(&p->lock);
    }
    pthread_mutex_unlock(&p->lock);
    for (size_t i = 0; i < n; i++)
        pthread_join(threads[i], NULL);
    http_resume(registry_http(p->registry));
    show(p, blobs, true);
    if (n == 0 && p->n > 0)
        return error_set(err, -EAGAIN, "cannot start a thread");
    if (p->failed && err != NULL)
        *err = p->err;
    return p->failed ? p->err.code : 0;
}

static int run(struct push *p, const char *name, const struct reference *to, struct error *err)
{
    struct registry_conn *c = registry_conn_new(p->registry);
    int r = registry_repo_open(c, to->domain, to->path, true, &p->repo, err);
    if (r == 0)
        r = collect(p, name, to, err);
    if (r == 0)
        r = send_all(p, err);
    if (r == 0)
        r = registry_manifest_put(c, p->repo, to->tag, p->manifest_type, p->manifest, p->manifest_len, err);
    registry_conn_free(c);
    return r;
}

int push_image(struct store *s, struct registry *r, const char *name, const struct reference *to,
               const struct push_options *o, struct push_result *ret, struct error *err)
{
    struct push p = { .store = s, .registry = r, .o = o, .a = arena_new() };
    if (to->tag[0] == '\0' || to->digest[0] != '\0') {
        arena_free(p.a);
        return error_set(err, -EINVAL, "an image is pushed to a tag, not to a digest");
    }
    pthread_mutex_init(&p.lock, NULL);
    pthread_cond_init(&p.changed, NULL);
    int e = run(&p, name, to, err);
    if (e == 0 && str_format(ret->digest, sizeof(ret->digest), "%s", p.manifest_digest) < 0)
        e = error_set(err, -EINVAL, "a digest is too long");
    if (e == 0)
        ret->size = (int64_t) p.manifest_len;
    for (size_t i = 0; i < p.n; i++)
        close(p.v[i].fd);
    work_free(p.work);
    pthread_mutex_destroy(&p.lock);
    pthread_cond_destroy(&p.changed);
    arena_free(p.a);
    return e < 0 ? error_context(err, e, "cannot push %s", name) : 0;
}
