// SPDX-License-Identifier: Apache-2.0
/*
 * How: what `cosign sign --key` leaves in a registry: an image-like manifest under the tag sha256-HEX.sig, whose layers are the signed
 * payloads and whose annotations are the signatures. A signature that is there already stays; the same one again changes nothing.
 *
 * Two signers at once: the later one's manifest replaces the earlier one's, as with cosign. Registries have no better way for tags.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>

#include "base/json.h"
#include "image/sha256.h"
#include "image/sigstore.h"
#include "image/trust.h"
#include "sys/file.h"

#define KEY_MAX (64 * 1024)

static const char *digest_of(struct arena *a, const char *text, size_t len)
{
    char hex[SHA256_HEX];
    sha256_of(text, len, hex);
    return arena_printf(a, "sha256:%s", hex);
}

static int put_text(struct registry_conn *c, struct registry_repo *repo, const char *text, const char *digest,
                    struct error *err)
{
    _cleanup_close_ int fd = memfd_create("blob", MFD_CLOEXEC);
    int r = fd < 0 ? -errno : write_all(fd, text, strlen(text));
    if (r < 0)
        return error_errno(err, r, "cannot prepare a signature");
    const struct registry_upload u = { .digest = digest, .fd = fd, .size = (int64_t) strlen(text) };
    r = registry_blob_put(c, repo, &u, err);
    return MIN_OF(r, 0);
}

/* What is there under the tag: its signatures are kept. */
static int present(struct registry_conn *c, struct registry_repo *repo, const char *tag, struct arena *a,
                   struct image_manifest *ret, struct error *err)
{
    struct registry_manifest m;
    *ret = (struct image_manifest){ .media_type = MEDIA_MANIFEST };
    int r = registry_manifest_get(c, repo, tag, a, &m, err);
    if (r == -ENOENT) {
        error_clear(err);
        return 0;
    }
    return r < 0 ? r : image_manifest_parse(m.text, m.len, a, ret, err);
}

/* The config of something that is no image: its layers, for those who count them. */
static const char *config_for(struct arena *a, const struct image_manifest *m)
{
    _cleanup_json_ json_t *j = json_object();
    json_t *rootfs = json_object(), *ids = json_array();
    for (size_t i = 0; i < m->layers.n; i++)
        json_array_append_new(ids, json_string(m->layers.v[i].digest));
    json_object_set_new(j, "architecture", json_string(""));
    json_object_set_new(j, "os", json_string(""));
    json_object_set_new(j, "config", json_object());
    json_object_set_new(rootfs, "type", json_string("layers"));
    json_object_set_new(rootfs, "diff_ids", ids);
    json_object_set_new(j, "rootfs", rootfs);
    _cleanup_free_ char *text = json_text(j, 0);
    return arena_strdup(a, text);
}

static int publish(struct registry_conn *c, struct registry_repo *repo, const char *tag,
                   struct image_manifest *m, struct arena *a, struct error *err)
{
    const char *config = config_for(a, m);
    m->config = (struct image_descriptor){
        .media_type = MEDIA_CONFIG,
        .digest = digest_of(a, config, strlen(config)),
        .size = (int64_t) strlen(config),
    };
    int r = put_text(c, repo, config, m->config.digest, err);
    if (r < 0)
        return r;
    _cleanup_json_ json_t *j = image_manifest_to_json(m);
    _cleanup_free_ char *text = json_text(j, 0);
    return registry_manifest_put(c, repo, tag, MEDIA_MANIFEST, text, strlen(text), err);
}

static int sign(struct registry_conn *c, struct registry_repo *repo, const char *digest, const char *payload,
                const char *signature, struct arena *a, struct error *err)
{
    const char *tag = arena_printf(a, "sha256-%s.sig", digest_hex(digest));
    const char *of_payload = digest_of(a, payload, strlen(payload));
    struct image_manifest m;
    int r = present(c, repo, tag, a, &m, err);
    if (r == 0)
        r = put_text(c, repo, payload, of_payload, err);
    if (r < 0)
        return r;
    m.media_type = MEDIA_MANIFEST;
    m.layers.v = arena_grow(a, m.layers.v, m.layers.n, m.layers.n + 1, sizeof(*m.layers.v));
    struct image_descriptor *d = &m.layers.v[m.layers.n++];
    *d = (struct image_descriptor){
        .media_type = SIGSTORE_PAYLOAD_TYPE,
        .digest = of_payload,
        .size = (int64_t) strlen(payload),
    };
    oci_pairs_set(a, &d->annotations, SIGSTORE_SIGNATURE_ANNOTATION, signature);
    return publish(c, repo, tag, &m, a, err);
}

int trust_sign(struct registry_conn *c, struct registry_repo *repo, const struct reference *ref,
               const char *digest, const char *key_file, const char *password, struct error *err)
{
    _cleanup_arena_ struct arena *a = arena_new();
    _cleanup_free_ char *pem = NULL;
    const char *payload, *signature;
    size_t len;
    int r = file_read(AT_FDCWD, key_file, KEY_MAX, &pem, &len, err);
    if (r == 0)
        r = sigstore_sign(pem, len, key_file, password, digest,
                          arena_printf(a, "%s/%s", ref->domain, ref->path), a, &payload, &signature, err);
    if (pem)
        explicit_bzero(pem, len);
    if (r == 0)
        r = sign(c, repo, digest, payload, signature, a, err);
    return r < 0 ? error_context(err, r, "cannot sign %s/%s@%s", ref->domain, ref->path, digest) : 0;
}
