// SPDX-License-Identifier: Apache-2.0
/*
 * How: documents first (all of them small and in memory), then layers (pull_layers.c), then the store's publish. Should a layer that
 * was there at the beginning be gone at the end (somebody removed the image that had it), the whole is done again, once.
 *
 * Threat: the chain from name to files: each document is named by the digest in the one before it, so the only thing that the
 * registry can choose is what a tag means; a digest in the name takes that away too. The platform that was asked for is
 * compared with the config's.
 */
#include "image/pull.h"

#include <errno.h>
#include <sys/file.h>

#include "base/log.h"
#include "image/pull_layers.h"
#include "image/trust.h"
#include "oci/platform.h"

#define LAYERS_MAX 1000
#define INDEX_DEPTH 3

struct pull {
    struct store *store;
    struct registry *registry;
    struct registry_conn *conn;
    struct registry_repo *repo;
    const struct reference *ref;
    const struct pull_options *o;
    struct arena *a;
    char name[640];
    struct platform want;
    struct registry_manifest top, own; /* what the name means; the image's own manifest */
    struct image_manifest manifest;
    struct image_config config;
    const char *config_text;
    struct policy_requirements required;
    const char *signatures; /* that were asked for, as the store keeps them */
};

/* --- what the store has under the name --- */

struct known {
    const char *source, *manifest; /* digests; NULL */
    bool whole;
};

static int look_up(struct store *s, const char *name, const struct platform *want, struct arena *a,
                   struct known *ret, struct error *err)
{
    struct image_index index;
    struct known k = { 0 };
    _cleanup_close_ int lock = store_lock(s, LOCK_SH, err);
    int r = lock < 0 ? lock : store_index_read(s, a, &index, err);
    if (r < 0)
        return r;
    for (size_t i = 0; i < index.manifests.n; i++) {
        const struct image_descriptor *d = &index.manifests.v[i];
        const char *has = store_descriptor_name(d);
        _cleanup_store_image_ struct store_image *image = NULL;
        const char **layers = NULL;
        size_t n;
        if (has == NULL || !str_eq(has, name))
            continue;
        k.source = store_descriptor_source(d);
        k.manifest = d->digest;
        k.whole = (want == NULL || platform_rank(want, d->os, d->architecture, d->variant) >= 0) &&
                  store_image_load(s, d, &image, NULL) == 0 && store_layers(s, image, &layers, &n, NULL) == 0;
        free(layers);
        break;
    }
    *ret = k;
    return 0;
}

static int fill_known(struct pull *p, const struct known *k, struct pull_result *ret, struct error *err)
{
    _cleanup_store_image_ struct store_image *image = NULL;
    int r = store_find(p->store, p->name, &image, err);
    if (r < 0)
        return r;
    memcpy(ret->id, image->id, sizeof(ret->id));
    if (str_format(ret->digest, sizeof(ret->digest), "%s", k->source != NULL ? k->source : k->manifest) < 0 ||
        str_format(ret->manifest_digest, sizeof(ret->manifest_digest), "%s", k->manifest) < 0)
        return error_set(err, -EINVAL, "a digest in the store is too long");
    ret->up_to_date = true;
    return 1;
}

/* 1: the store has just this. A HEAD is enough to know. */
static int is_current(struct pull *p, struct pull_result *ret, struct error *err)
{
    struct registry_manifest head;
    struct known k;
    int r = look_up(p->store, p->name, &p->want, p->a, &k, err);
    if (r < 0 || !k.whole || k.manifest == NULL)
        return r;
    if (p->ref->digest[0] != '\0') {
        bool same = str_eq(k.manifest, p->ref->digest) ||
                    (k.source != NULL && str_eq(k.source, p->ref->digest));
        return same ? fill_known(p, &k, ret, err) : 0;
    }
    r = registry_manifest_head(p->conn, p->repo, p->ref->tag, p->a, &head, err);
    if (r == -EOPNOTSUPP || r == -ENOENT) /* the GET says why */
        return 0;
    if (r < 0)
        return r;
    bool same = head.digest != NULL &&
                (str_eq(head.digest, k.source != NULL ? k.source : "") || str_eq(head.digest, k.manifest));
    return same ? fill_known(p, &k, ret, err) : 0;
}

/* --- documents --- */

static const struct image_descriptor *choose(const struct image_index *index, const struct platform *want)
{
    const struct image_descriptor *best = NULL, *unnamed = NULL;
    int best_rank = 0;
    for (size_t i = 0; i < index->manifests.n; i++) {
        const struct image_descriptor *d = &index->manifests.v[i];
        int rank = platform_rank(want, d->os, d->architecture, d->variant);
        if (rank >= 0 && (best == NULL || rank < best_rank)) {
            best = d;
            best_rank = rank;
        }
        if (d->os == NULL && d->architecture == NULL && unnamed == NULL)
            unnamed = d;
    }
    return best != NULL ? best : unnamed;
}

static int no_platform(const struct pull *p, const struct image_index *index, struct error *err)
{
    struct strbuf all = STRBUF_INIT;
    char want[84];
    platform_format(&p->want, want, sizeof(want));
    for (size_t i = 0; i < index->manifests.n && all.len < 400; i++) {
        const struct image_descriptor *d = &index->manifests.v[i];
        if (!str_empty(d->os) && !str_empty(d->architecture) && !str_eq(d->os, "unknown"))
            strbuf_addf(&all, "%s%.20s/%.20s%s%.10s", all.len > 0 ? ", " : "", d->os, d->architecture,
                        d->variant != NULL ? "/" : "", d->variant != NULL ? d->variant : "");
    }
    int r = error_set(err, -ENOENT, "%s has no image for %s; it has %s", p->name, want,
                      all.len > 0 ? all.buf : "none at all");
    strbuf_free(&all);
    return r;
}

static int find_manifest(struct pull *p, struct error *err)
{
    const char *reference = p->ref->digest[0] != '\0' ? p->ref->digest : p->ref->tag;
    int r = registry_manifest_get(p->conn, p->repo, reference, p->a, &p->top, err);
    p->own = p->top;
    for (int depth = 0; r == 0 && p->own.kind == MEDIA_KIND_INDEX; depth++) {
        struct image_index index;
        r = image_index_parse(p->own.text, p->own.len, p->a, &index, err);
        if (r == 0 && depth == INDEX_DEPTH)
            r = error_set(err, -EINVAL, "%s: indexes lie too deep in one another", p->name);
        if (r < 0)
            return error_context(err, r, "%s", p->name);
        const struct image_descriptor *d = choose(&index, &p->want);
        if (d == NULL)
            return no_platform(p, &index, err);
        r = registry_manifest_get(p->conn, p->repo, d->digest, p->a, &p->own, err);
        if (r == 0 && (int64_t) p->own.len != d->size)
            r = error_set(err, -EINVAL, "%s: the manifest is %zu bytes, the index says %lld", p->name,
                          p->own.len, (long long) d->size);
    }
    return r;
}

static int not_an_image(const struct pull *p, const char *type, struct error *err)
{
    return error_set(
        err, -EOPNOTSUPP,
        "%s is an artifact of type %.100s and no image: there is nothing in it to run (\"oakum manifest inspect\" "
        "shows it)",
        p->name, type);
}

static int check_platform(const struct pull *p, struct error *err)
{
    const struct image_config *c = &p->config;
    char want[84];
    platform_format(&p->want, want, sizeof(want));
    if (!str_empty(c->os) && !str_eq(c->os, "linux"))
        return error_set(err, -EINVAL, "%s is for %.40s, not for linux", p->name, c->os);
    if (str_empty(c->architecture) ||
        platform_rank(&p->want, str_empty(c->os) ? "linux" : c->os, c->architecture, c->variant) >= 0)
        return 0;
    if (p->o->platform != NULL)
        return error_set(err, -ENOENT, "%s is for linux/%.40s, not for %s", p->name, c->architecture, want);
    log_warn("%s is for linux/%s; this host is %s", p->name, c->architecture, want);
    return 0;
}

static int read_config(struct pull *p, struct error *err)
{
    const struct image_descriptor *d = &p->manifest.config;
    size_t len = 0;
    if (media_type_kind(d->media_type, NULL) != MEDIA_KIND_CONFIG || p->own.artifact_type != NULL)
        return not_an_image(p, p->own.artifact_type != NULL ? p->own.artifact_type : d->media_type, err);
    int r = store_document_read(p->store, d->digest, p->a, &p->config_text, &len, NULL);
    if (r < 0)
        r = registry_blob_read(p->conn, p->repo, d->digest, d->size, p->a, &p->config_text, err);
    else if (len != (size_t) d->size) /* of the blob that came, the client has compared it */
        r = error_set(err, -EINVAL, "it is %zu bytes, the manifest says %lld", len, (long long) d->size);
    if (r == 0)
        r = image_config_parse(p->config_text, (size_t) d->size, p->a, &p->config, err);
    if (r < 0)
        return error_context(err, r, "the config of %s", p->name);
    if (p->config.diff_ids.n != p->manifest.layers.n)
        return error_set(err, -EINVAL, "%s: its config names %zu layers, its manifest %zu", p->name,
                         p->config.diff_ids.n, p->manifest.layers.n);
    if (p->manifest.layers.n > LAYERS_MAX)
        return error_set(err, -EINVAL, "%s has more than %d layers", p->name, LAYERS_MAX);
    return check_platform(p, err);
}

static int check_policy(struct pull *p, struct error *err)
{
    const char *digests[] = { p->top.digest, p->own.digest };
    struct trust_signatures all = { 0 }, used = { 0 };
    if (policy_accepts_all(&p->required))
        return 0;
    int r = trust_fetch(p->conn, p->repo, digests, ARRAY_LEN(digests), p->a, &all, err);
    if (r == 0)
        r = trust_check(p->o->policy, &p->required, p->ref, digests, ARRAY_LEN(digests), &all, p->a, &used,
                        err);
    if (r == 0)
        p->signatures = trust_to_text(&used, p->a);
    return r;
}

static int read_documents(struct pull *p, struct error *err)
{
    int r = find_manifest(p, err); /* its errors name it */
    if (r < 0)
        return r;
    if (p->own.kind != MEDIA_KIND_MANIFEST)
        return not_an_image(p, p->own.media_type, err);
    r = image_manifest_parse(p->own.text, p->own.len, p->a, &p->manifest, err);
    if (r < 0)
        return error_context(err, r, "%s", p->name);
    r = read_config(p, err);
    for (size_t i = 0; r == 0 && i < p->manifest.layers.n; i++) {
        const struct image_descriptor *d = &p->manifest.layers.v[i];
        if (str_after(d->digest, "sha256:") == NULL || str_after(p->config.diff_ids.v[i], "sha256:") == NULL)
            r = error_set(err, -EINVAL, "%s: layer %zu has a digest of a kind that the store does not keep",
                          p->name, i + 1);
        else if (media_type_kind(d->media_type, NULL) != MEDIA_KIND_LAYER)
            r = error_set(err, -EOPNOTSUPP, "%s: layer %zu is of type %.100s, which oakum cannot unpack",
                          p->name, i + 1, d->media_type);
    }
    return r == 0 ? check_policy(p, err) : r;
}

/* --- layers, and the end --- */

/* The job of each layer of the image, jobs->v being the distinct ones. */
static size_t *make_jobs(struct pull *p, struct layer_jobs *jobs)
{
    const struct image_descriptors *layers = &p->manifest.layers;
    size_t *of = arena_array(p->a, layers->n, sizeof(*of));
    jobs->v = arena_array(p->a, layers->n, sizeof(*jobs->v));
    for (size_t i = 0; i < layers->n; i++) {
        size_t at = 0;
        while (at < jobs->n && !(str_eq(jobs->v[at].digest, layers->v[i].digest) &&
                                 str_eq(jobs->v[at].diff_id, p->config.diff_ids.v[i])))
            at++;
        of[i] = at;
        if (at < jobs->n)
            continue;
        struct layer_job *j = &jobs->v[jobs->n++];
        j->digest = layers->v[i].digest;
        j->diff_id = p->config.diff_ids.v[i];
        j->media_type = layers->v[i].media_type;
        j->shown.size = layers->v[i].size;
        memcpy(j->shown.hex, digest_hex(j->digest), sizeof(j->shown.hex));
    }
    return of;
}

static void stage(struct pull *p, struct import *im, const struct layer_jobs *jobs, size_t *of)
{
    struct staged *st = &im->st;
    st->layers = arena_array(st->arena, jobs->n, sizeof(*st->layers));
    st->n_layers = jobs->n;
    for (size_t i = 0; i < jobs->n; i++) {
        const struct layer_job *j = &jobs->v[i];
        struct staged_layer *l = &st->layers[i];
        memcpy(l->dir, j->dir, sizeof(l->dir));
        memcpy(l->blob, j->blob, sizeof(l->blob));
        memcpy(l->diff_id, digest_hex(j->diff_id), sizeof(l->diff_id));
        memcpy(l->digest, digest_hex(j->digest), sizeof(l->digest));
        l->media_type = j->media_type;
        l->size = j->shown.size;
        l->file_bytes = j->file_bytes;
    }
    struct staged_image *img = import_add_image(im);
    *img = (struct staged_image){
        .layers = of,
        .n_layers = p->manifest.layers.n,
        .config = p->config_text,
        .config_len = (size_t) p->manifest.config.size,
        .manifest = p->own.text,
        .manifest_len = p->own.len,
        .manifest_type = p->own.media_type,
        .os = str_empty(p->config.os) ? "linux" : p->config.os,
        .architecture = p->config.architecture,
        .variant = p->config.variant,
        .source_digest = p->top.digest,
        .source_name = p->name,
        .signatures = p->signatures,
    };
    memcpy(img->id, digest_hex(p->manifest.config.digest), SHA256_HEX);
    memcpy(img->manifest_hex, digest_hex(p->own.digest), SHA256_HEX);
    oci_strings_add(st->arena, &img->names, p->name);
}

static int bring(struct pull *p, struct error *err)
{
    struct import im = { .store = p->store, .o = &p->o->unpack };
    struct layer_jobs jobs = { .registry = p->registry, .repo = p->repo, .im = &im, .o = p->o };
    size_t *of = make_jobs(p, &jobs);
    im.st.arena = p->a;
    import_budgets(&im);
    int r = work_new(p->store, &im.st.work, err);
    if (r == 0)
        r = layer_jobs_plan(&jobs, err);
    if (r == 0)
        r = layer_jobs_run(&jobs, err);
    if (r == 0) {
        stage(p, &im, &jobs, of);
        r = store_publish(p->store, &im.st, err);
        /* A layer that was there is not any more: then this one fails to be moved. */
        if (r == -ENOENT)
            r = -EAGAIN;
    }
    layer_jobs_end(&jobs, r == 0);
    work_free(im.st.work);
    return r;
}

static int run(struct pull *p, struct pull_result *ret, struct error *err)
{
    int r = registry_repo_open(p->conn, p->ref->domain, p->ref->path, false, &p->repo, err);
    if (r == 0)
        r = is_current(p, ret, err);
    bool current = r == 1;
    partial_clean(p->store);
    /* What is here already may have come before the policy: then its signatures are fetched and kept now. */
    if (r < 0 || (current && policy_accepts_all(&p->required)))
        return MIN_OF(r, 0);
    r = read_documents(p, err);
    if (r < 0)
        return r;
    for (int i = 0; i < 3; i++) {
        r = bring(p, err);
        if (r != -EAGAIN)
            break;
    }
    if (r < 0)
        return error_context(err, r, "cannot pull %s", p->name);
    partial_clean(p->store); /* and what a killed one left of the same blobs */
    memcpy(ret->id, digest_hex(p->manifest.config.digest), sizeof(ret->id));
    if (str_format(ret->digest, sizeof(ret->digest), "%s", p->top.digest) < 0 ||
        str_format(ret->manifest_digest, sizeof(ret->manifest_digest), "%s", p->own.digest) < 0)
        return error_set(err, -EINVAL, "a digest is too long");
    ret->up_to_date = current;
    return 0;
}

static int begin(struct pull *p, struct error *err)
{
    reference_format(p->ref, p->name, sizeof(p->name));
    policy_find(p->o->policy, p->ref, &p->required);
    platform_host(&p->want);
    return p->o->platform != NULL ? platform_parse(p->o->platform, &p->want, err) : 0;
}

int pull_image(struct store *s, struct registry *r, const struct reference *ref, const struct pull_options *o,
               struct pull_result *ret, struct error *err)
{
    struct pull p = { .store = s, .registry = r, .ref = ref, .o = o };
    struct pull_result result = { 0 };
    int e = begin(&p, err);
    if (e < 0)
        return e;
    p.a = arena_new();
    p.conn = registry_conn_new(r);
    e = run(&p, &result, err);
    registry_conn_free(p.conn);
    arena_free(p.a);
    if (e == 0)
        *ret = result;
    return e;
}
