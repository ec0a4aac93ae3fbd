// SPDX-License-Identifier: Apache-2.0
/*
 * How: fetching, keeping and judging are apart. What is judged is the same list of signatures whether it has just come or lay in the store,
 * against the policy that holds now.
 *
 * Threat: a registry, or whoever can write to it, that puts anything beside an image: signatures of other images, of other repositories
 * (an old, vulnerable image under a new name), by other keys, and very many of them. A signature counts when a key of the requirement made
 * it, its digest is this image's and its name is the one that the policy accepts for this one; the number and size of what is read is
 * bounded; what is malformed is as good as absent.
 */
#include "image/trust.h"

#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>

#include "base/json.h"
#include "base/log.h"
#include "image/sha256.h"
#include "image/sigstore.h"
#include "sys/file.h"

#define SIGNATURES_MAX 64
#define SIGNATURE_SIZE_MAX (256 * 1024)
#define KEY_MAX (64 * 1024)

/* --- fetching --- */

static bool add(struct arena *a, struct trust_signatures *s, struct trust_signature one)
{
    if (s->n >= SIGNATURES_MAX)
        return false;
    s->v = arena_grow(a, s->v, s->n, s->n + 1, sizeof(*s->v));
    s->v[s->n++] = one;
    return true;
}

static int read_small(struct registry_conn *c, struct registry_repo *repo, const struct image_descriptor *d,
                      struct arena *a, const char **ret, struct error *err)
{
    if (d->size <= 0 || d->size > SIGNATURE_SIZE_MAX)
        return error_set(err, -EFBIG, "a signature of %lld bytes", (long long) d->size);
    const char *text;
    int r = registry_blob_read(c, repo, d->digest, d->size, a, &text, err);
    if (r == 0)
        *ret = sigstore_base64(a, text, (size_t) d->size);
    return r;
}

/* The image-like manifest under cosign's tag: a layer a signature. */
static int fetch_tag(struct registry_conn *c, struct registry_repo *repo, const char *digest, struct arena *a,
                     struct trust_signatures *ret, struct error *err)
{
    const char *tag = arena_printf(a, "sha256-%s.sig", digest_hex(digest));
    struct registry_manifest m;
    struct image_manifest manifest;
    int r = registry_manifest_get(c, repo, tag, a, &m, err);
    if (r == -ENOENT)
        return 0;
    if (r == 0 && m.kind == MEDIA_KIND_INDEX)
        return 0;
    if (r == 0)
        r = image_manifest_parse(m.text, m.len, a, &manifest, err);
    for (size_t i = 0; r == 0 && i < manifest.layers.n; i++) {
        const struct image_descriptor *d = &manifest.layers.v[i];
        const char *signature = oci_pairs_get(&d->annotations, SIGSTORE_SIGNATURE_ANNOTATION),
                   *payload = NULL;
        if (!signature || !str_eq(d->media_type, SIGSTORE_PAYLOAD_TYPE))
            continue;
        r = read_small(c, repo, d, a, &payload, err);
        if (r == 0 && !add(a, ret, (struct trust_signature){ .payload = payload, .signature = signature }))
            break;
    }
    return r;
}

/* 1: the manifest has a bundle in it. */
static int fetch_bundle(struct registry_conn *c, struct registry_repo *repo, const char *digest,
                        struct arena *a, const char **ret, struct error *err)
{
    struct registry_manifest m;
    struct image_manifest manifest = { 0 };
    int r = registry_manifest_get(c, repo, digest, a, &m, err);
    if (r == 0)
        r = image_manifest_parse(m.text, m.len, a, &manifest, err);
    if (r < 0 || manifest.layers.n != 1 || !str_eq(manifest.layers.v[0].media_type, SIGSTORE_BUNDLE_TYPE))
        return MIN_OF(r, 0);
    r = read_small(c, repo, &manifest.layers.v[0], a, ret, err);
    return r < 0 ? r : 1;
}

static int fetch_referrers(struct registry_conn *c, struct registry_repo *repo, const char *digest,
                           struct arena *a, struct trust_signatures *ret, struct error *err)
{
    struct image_descriptors list;
    int r = registry_referrers(c, repo, digest, SIGSTORE_BUNDLE_TYPE, a, &list, err);
    for (size_t i = 0; r == 0 && i < list.n && i < SIGNATURES_MAX; i++) {
        const char *bundle = NULL;
        struct error why = { 0 };
        int one = fetch_bundle(c, repo, list.v[i].digest, a, &bundle, &why);
        /* What is listed and gone, or is no bundle at all, is no signature; it does not stand in the way of one. */
        if (one == -ENOENT || one == -EINVAL || one == -EFBIG) {
            log_debug("no signature: %s", why.msg);
        } else if (one < 0) {
            r = error_set(err, one, "%s", why.msg);
        } else if (one == 1 && !add(a, ret, (struct trust_signature){ .bundle = bundle })) {
            break;
        }
    }
    return r;
}

int trust_fetch(struct registry_conn *c, struct registry_repo *repo, const char *const *digests, size_t n,
                struct arena *a, struct trust_signatures *ret, struct error *err)
{
    int r = 0;
    *ret = (struct trust_signatures){ 0 };
    for (size_t i = 0; r == 0 && i < n; i++) {
        if (i > 0 && str_eq(digests[i], digests[i - 1]))
            continue;
        r = fetch_tag(c, repo, digests[i], a, ret, err);
        if (r == 0)
            r = fetch_referrers(c, repo, digests[i], a, ret, err);
    }
    return r < 0 ? error_context(err, r, "while looking for signatures") : 0;
}

/* --- keeping --- */

const char *trust_to_text(const struct trust_signatures *s, struct arena *a)
{
    _cleanup_json_ json_t *list = json_array();
    for (size_t i = 0; i < s->n; i++) {
        json_t *j = json_object();
        if (s->v[i].bundle) {
            json_object_set_new(j, "bundle", json_string(s->v[i].bundle));
        } else {
            json_object_set_new(j, "payload", json_string(s->v[i].payload));
            json_object_set_new(j, "signature", json_string(s->v[i].signature));
        }
        json_array_append_new(list, j);
    }
    _cleanup_free_ char *text = json_text(list, 0);
    return arena_strdup(a, text);
}

int trust_from_text(const char *text, struct arena *a, struct trust_signatures *ret, struct error *err)
{
    _cleanup_json_ json_t *list = NULL;
    size_t i;
    json_t *j;
    *ret = (struct trust_signatures){ 0 };
    if (!text)
        return 0;
    int r = json_parse(text, strlen(text), "the signatures in the store", &list, err);
    if (r < 0)
        return r;
    json_array_foreach(list, i, j)
    {
        const char *payload = json_string_value(json_object_get(j, "payload"));
        const char *signature = json_string_value(json_object_get(j, "signature"));
        const char *bundle = json_string_value(json_object_get(j, "bundle"));
        if (bundle)
            add(a, ret, (struct trust_signature){ .bundle = arena_strdup(a, bundle) });
        else if (payload && signature)
            add(a, ret,
                (struct trust_signature){ .payload = arena_strdup(a, payload),
                                          .signature = arena_strdup(a, signature) });
    }
    return 0;
}

/* --- judging: names --- */

static const char *repository_of(struct arena *a, const struct reference *ref)
{
    return arena_printf(a, "%s/%s", ref->domain, ref->path);
}

/* reference_parse() adds "latest" where there is nothing: a signature that names no tag names none. */
static bool names_a_tag(const char *text)
{
    const char *slash = strrchr(text, '/');
    return strchr(text, '@') || strchr(slash ? slash : text, ':');
}

static bool exact(const struct reference *a, const struct reference *b)
{
    char x[640], y[640];
    reference_format(a, x, sizeof(x));
    reference_format(b, y, sizeof(y));
    return str_eq(x, y);
}

/* ref with the requirement's prefix changed into the one that was signed; as it is when it does not have the prefix. */
static int remap(struct arena *a, const struct policy_requirement *q, const struct reference *ref,
                 struct reference *ret)
{
    const char *name = repository_of(a, ref), *rest = str_after(name, q->value);
    *ret = *ref;
    if (!rest || (rest[0] != '\0' && rest[0] != '/'))
        return 0;
    int r = reference_parse(arena_printf(a, "%s%s", q->signed_prefix, rest), ret, NULL);
    memcpy(ret->tag, ref->tag, sizeof(ret->tag));
    memcpy(ret->digest, ref->digest, sizeof(ret->digest));
    return r;
}

static bool identity_fits(struct arena *a, const struct policy_requirement *q, const struct reference *ref,
                          const char *claimed)
{
    struct reference c, want = *ref;
    if (!claimed)
        return q->identity == IDENTITY_REPOSITORY_IF_NAMED;
    if (reference_parse(claimed, &c, NULL) < 0)
        return false;
    bool same_repository = str_eq(repository_of(a, &c), repository_of(a, &want));
    switch (q->identity) {
    case IDENTITY_REPOSITORY:
    case IDENTITY_REPOSITORY_IF_NAMED: return same_repository;
    case IDENTITY_EXACT_REPOSITORY: return str_eq(repository_of(a, &c), q->value);
    case IDENTITY_EXACT_REFERENCE: {
        char full[640];
        reference_format(&c, full, sizeof(full));
        return names_a_tag(claimed) && str_eq(full, q->value);
    }
    case IDENTITY_EXACT: return names_a_tag(claimed) && exact(&c, &want);
    case IDENTITY_REMAP:
        if (remap(a, q, ref, &want) < 0)
            return false;
        break;
    case IDENTITY_REPO_DIGEST_OR_EXACT: break;
    }
    if (want.digest[0] != '\0')
        return str_eq(repository_of(a, &c), repository_of(a, &want));
    return names_a_tag(claimed) && exact(&c, &want);
}

/* --- judging: signatures --- */

struct judge {
    const struct policy_requirement *q;
    const struct reference *ref;
    const char *const *digests;
    size_t n;
    struct arena *a;
    struct sigstore_keys *keys;
    const char *why; /* of the last signature that did not do */
};

static int read_keys(struct judge *j, struct error *err)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < j->q->key_paths.n; i++) {
        _cleanup_free_ char *text = NULL;
        size_t len;
        r = file_read(AT_FDCWD, j->q->key_paths.v[i], KEY_MAX, &text, &len, err);
        if (r == 0)
            r = sigstore_key_add(j->keys, text, len, j->q->key_paths.v[i], err);
    }
    for (size_t i = 0; r == 0 && i < j->q->key_datas.n; i++) {
        size_t len;
        const char *pem = sigstore_base64_decode(j->a, j->q->key_datas.v[i], &len);
        r = pem ? sigstore_key_add(j->keys, pem, len, "keyData", err)
                : error_set(err, -EINVAL, "keyData is not base64");
    }
    return r;
}

static bool claim_fits(struct judge *j, const struct sigstore_claim *c)
{
    bool digest = false;
    for (size_t i = 0; i < j->n; i++)
        digest = digest || str_eq(c->digest, j->digests[i]);
    if (!digest) {
        j->why = arena_printf(j->a, "its signature is of another image (%s)", c->digest);
        return false;
    }
    if (identity_fits(j->a, j->q, j->ref, c->reference))
        return true;
    j->why = c->reference
                 ? arena_printf(j->a, "it was signed under the name %s", c->reference)
                 : "its signature names no repository (a bundle of cosign's, which \"signedIdentity\" may "
                   "allow as matchRepositoryIfNamed)";
    return false;
}

static bool accepts(struct judge *j, const struct trust_signature *s)
{
    struct error err = { 0 };
    struct sigstore_claim one, *claims = &one;
    size_t len, n = 1;
    const char *text = sigstore_base64_decode(j->a, s->bundle ? s->bundle : s->payload, &len);
    if (!text) {
        j->why = "it has a signature that is not base64";
        return false;
    }
    int r = s->bundle ? sigstore_verify_bundle(j->keys, text, len, j->a, &claims, &n, &err)
                      : sigstore_verify_payload(j->keys, text, len, s->signature, j->a, &one, &err);
    if (r != 0) {
        j->why = arena_printf(j->a, "it has %s", err.msg);
        return false;
    }
    for (size_t i = 0; i < n; i++)
        if (claim_fits(j, &claims[i]))
            return true;
    return false;
}

static int check_sigstore(struct judge *j, const struct trust_signatures *s, struct trust_signatures *used,
                          struct error *err)
{
    int r = read_keys(j, err);
    if (r < 0)
        return r;
    for (size_t i = 0; i < s->n; i++)
        if (accepts(j, &s->v[i])) {
            if (used)
                add(j->a, used, s->v[i]);
            return 0;
        }
    return error_set(err, -EACCES, "%s", s->n == 0 ? "it has no signature" : j->why);
}

static int check_one(struct judge *j, const struct trust_signatures *s, struct trust_signatures *used,
                     struct error *err)
{
    switch (j->q->kind) {
    case POLICY_ACCEPT: return 0;
    case POLICY_REJECT: return error_set(err, -EACCES, "nothing from there is accepted");
    case POLICY_UNSUPPORTED:
        return error_set(err, -EACCES, "\"%s\" is asked for, which oakum cannot check", j->q->what);
    case POLICY_SIGSTORE: break;
    }
    j->keys = sigstore_keys_new();
    int r = check_sigstore(j, s, used, err);
    sigstore_keys_free(j->keys);
    return r;
}

int trust_check(const struct policy *p, const struct policy_requirements *r, const struct reference *ref,
                const char *const *digests, size_t n, const struct trust_signatures *s, struct arena *a,
                struct trust_signatures *used, struct error *err)
{
    char name[640];
    for (size_t i = 0; i < r->n; i++) {
        struct judge j = { .q = &r->v[i], .ref = ref, .digests = digests, .n = n, .a = a };
        struct error why = { 0 };
        int e = check_one(&j, s, used, &why);
        if (e == 0)
            continue;
        reference_format(ref, name, sizeof(name));
        return error_set(err, e == -EACCES ? e : -EACCES, "%s is refused: %s (%s, \"%s\")", name, why.msg,
                         policy_name(p), r->scope);
    }
    return 0;
}
