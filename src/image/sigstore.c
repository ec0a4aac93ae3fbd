// SPDX-License-Identifier: Apache-2.0
/*
 * How: bytes first, meaning after. A signature is verified over the very bytes that came; only then are they parsed. What does not verify is
 * never looked into.
 *
 * Threat: a good signature under something else. The payload's type is compared, so a key that signs other documents too does not vouch for
 * images by accident; the digest and the name in it are handed to the caller, who compares them (a signature of another image, put beside
 * this one, verifies: only the digest tells). Short RSA keys and unknown algorithms are refused when the key is read.
 */
#include "image/sigstore.h"

#include <errno.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/json.h"
#include "oci/digest.h"

#define PAYLOAD_TYPE "cosign container image signature"
#define INTOTO_TYPE "application/vnd.in-toto+json"
#define COSIGN_PREDICATE "https://sigstore.dev/cosign/sign/v1"
#define RSA_BITS_MIN 2048

struct sigstore_keys {
    EVP_PKEY **v;
    size_t n;
};

struct sigstore_keys *sigstore_keys_new(void)
{
    return xcalloc(1, sizeof(struct sigstore_keys));
}

void sigstore_keys_free(struct sigstore_keys *k)
{
    if (!k)
        return;
    for (size_t i = 0; i < k->n; i++)
        EVP_PKEY_free(k->v[i]);
    free(k->v);
    free(k);
}

/* --- base64 --- */

const char *sigstore_base64(struct arena *a, const void *data, size_t len)
{
    char *out = arena_alloc(a, (len + 2) / 3 * 4 + 1);
    EVP_EncodeBlock((unsigned char *) out, data, (int) len);
    return out;
}

char *sigstore_base64_decode(struct arena *a, const char *text, size_t *ret_len)
{
    size_t len = strlen(text), padding = 0;
    if (len % 4 != 0 || len > (16u << 20) ||
        strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=") != len)
        return NULL;
    while (padding < len && text[len - 1 - padding] == '=')
        padding++;
    if (padding > 2 || memchr(text, '=', len - padding))
        return NULL;
    char *out = arena_alloc(a, len / 4 * 3 + 1);
    if (EVP_DecodeBlock((unsigned char *) out, (const unsigned char *) text, (int) len) < 0)
        return NULL;
    *ret_len = len / 4 * 3 - padding;
    out[*ret_len] = '\0';
    return out;
}

/* --- keys --- */

static int check_key(const EVP_PKEY *key, const char *name, struct error *err)
{
    int type = EVP_PKEY_get_base_id(key);
    if (type == EVP_PKEY_EC || type == EVP_PKEY_ED25519)
        return 0;
    if (type == EVP_PKEY_RSA && EVP_PKEY_get_bits(key) >= RSA_BITS_MIN)
        return 0;
    return error_set(err, -EINVAL, "%s: the key is neither ECDSA, Ed25519 nor RSA of at least %d bits", name,
                     RSA_BITS_MIN);
}

int sigstore_key_add(struct sigstore_keys *k, const char *pem, size_t len, const char *name,
                     struct error *err)
{
    BIO *bio = BIO_new_mem_buf(pem, (int) MIN_OF(len, (size_t) 1 << 20));
    EVP_PKEY *key = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
    BIO_free(bio);
    ERR_clear_error();
    if (!key)
        return error_set(err, -EINVAL, "%s: no public key in PEM (-----BEGIN PUBLIC KEY-----)", name);
    int r = check_key(key, name, err);
    if (r < 0) {
        EVP_PKEY_free(key);
        return r;
    }
    k->v = xreallocarray(k->v, k->n + 1, sizeof(EVP_PKEY *));
    k->v[k->n++] = key;
    return 0;
}

static const EVP_MD *digest_for(const EVP_PKEY *key)
{
    return EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519 ? NULL : EVP_sha256();
}

static bool verifies(EVP_PKEY *key, const void *data, size_t len, const void *signature, size_t signature_len)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool good = ctx && EVP_DigestVerifyInit(ctx, NULL, digest_for(key), NULL, key) == 1 &&
                EVP_DigestVerify(ctx, signature, signature_len, data, len) == 1;
    EVP_MD_CTX_free(ctx);
    ERR_clear_error();
    return good;
}

static int verify(const struct sigstore_keys *k, const void *data, size_t len, const char *signature,
                  struct arena *a, struct error *err)
{
    size_t n;
    const char *bytes = signature ? sigstore_base64_decode(a, signature, &n) : NULL;
    if (!bytes)
        return error_set(err, -EINVAL, "a signature that is not base64");
    for (size_t i = 0; i < k->n; i++)
        if (verifies(k->v[i], data, len, bytes, n))
            return 0;
    return error_set(err, -EACCES, "a signature that none of the keys made");
}

/* --- simple signing --- */

static const char *text_at(const json_t *j, const char *one, const char *two, const char *three)
{
    j = json_object_get(json_object_get(j, one), two);
    return json_string_value(three ? json_object_get(j, three) : j);
}

int sigstore_verify_payload(const struct sigstore_keys *k, const char *payload, size_t len,
                            const char *signature, struct arena *a, struct sigstore_claim *ret,
                            struct error *err)
{
    _cleanup_json_ json_t *j = NULL;
    int r = verify(k, payload, len, signature, a, err);
    if (r == 0)
        r = json_parse(payload, len, "the signed payload", &j, err);
    if (r < 0)
        return r;
    const char *type = text_at(j, "critical", "type", NULL);
    const char *digest = text_at(j, "critical", "image", "docker-manifest-digest");
    const char *reference = text_at(j, "critical", "identity", "docker-reference");
    if (!type || !str_eq(type, PAYLOAD_TYPE) || !digest || !digest_valid(digest) || !reference)
        return error_set(err, -EINVAL, "a signature of something that is no image");
    *ret = (struct sigstore_claim){ arena_strdup(a, digest), arena_strdup(a, reference) };
    return 0;
}

/* --- bundle --- */

/* DSSE's pre-authentication encoding: what is signed is the type and the payload, each with its length. */
static const char *encode(struct arena *a, const char *type, const char *payload, size_t len, size_t *ret_len)
{
    const char *head = arena_printf(a, "DSSEv1 %zu %s %zu ", strlen(type), type, len);
    size_t n = strlen(head);
    char *all = arena_alloc(a, n + len + 1);
    memcpy(all, head, n + 1);
    memcpy(all + n, payload, len);
    *ret_len = n + len;
    return all;
}

static int read_statement(const char *text, size_t len, struct arena *a, struct sigstore_claim **ret,
                          size_t *ret_n, struct error *err)
{
    _cleanup_json_ json_t *j = NULL;
    json_t *subjects, *s;
    size_t i, n = 0;
    int r = json_parse(text, len, "the signed statement", &j, err);
    if (r < 0)
        return r;
    const char *type = json_string_value(json_object_get(j, "_type"));
    const char *predicate = json_string_value(json_object_get(j, "predicateType"));
    subjects = json_object_get(j, "subject");
    if (!type || !str_after(type, "https://in-toto.io/Statement/") || !predicate ||
        !str_eq(predicate, COSIGN_PREDICATE) || !json_is_array(subjects))
        return error_set(err, -EINVAL, "a statement that is no signature of an image");
    struct sigstore_claim *v = arena_array(a, json_array_size(subjects), sizeof(*v));
    json_array_foreach(subjects, i, s)
    {
        const char *hex = json_string_value(json_object_get(json_object_get(s, "digest"), "sha256"));
        const char *digest = hex ? arena_printf(a, "sha256:%s", hex) : NULL;
        const char *name = json_string_value(json_object_get(s, "name"));
        if (digest && digest_valid(digest))
            v[n++] = (struct sigstore_claim){ digest, str_empty(name) ? NULL : arena_strdup(a, name) };
    }
    if (n == 0)
        return error_set(err, -EINVAL, "a statement about nothing");
    *ret = v;
    *ret_n = n;
    return 0;
}

int sigstore_verify_bundle(const struct sigstore_keys *k, const char *bundle, size_t len, struct arena *a,
                           struct sigstore_claim **ret, size_t *ret_n, struct error *err)
{
    _cleanup_json_ json_t *j = NULL;
    json_t *envelope, *s;
    size_t i, payload_len, signed_len;
    struct error why = { 0 };
    int r = json_parse(bundle, len, "the signature's bundle", &j, err);
    if (r < 0)
        return r;
    envelope = json_object_get(j, "dsseEnvelope");
    const char *type = json_string_value(json_object_get(envelope, "payloadType"));
    const char *coded = json_string_value(json_object_get(envelope, "payload"));
    const char *payload = coded ? sigstore_base64_decode(a, coded, &payload_len) : NULL;
    if (!type || !str_eq(type, INTOTO_TYPE) || !payload)
        return error_set(err, -EINVAL, "a bundle without a DSSE envelope of in-toto's");
    const char *text = encode(a, type, payload, payload_len, &signed_len);
    r = error_set(&why, -EINVAL, "an envelope without a signature");
    json_array_foreach(json_object_get(envelope, "signatures"), i, s)
    {
        r = verify(k, text, signed_len, json_string_value(json_object_get(s, "sig")), a, &why);
        if (r == 0)
            return read_statement(payload, payload_len, a, ret, ret_n, err);
    }
    return error_set(err, r, "%s", why.msg);
}

/* --- signing --- */

static int password_of(char *buf, int size, int writing, void *arg)
{
    const char *password = arg;
    size_t n = password ? strlen(password) : 0;
    (void) writing;
    if (n == 0 || n > (size_t) size)
        return -1;
    memcpy(buf, password, n); // NOLINT(bugprone-not-null-terminated-result): OpenSSL takes n bytes
    return (int) n;
}

static int read_private(const char *pem, size_t len, const char *name, const char *password, EVP_PKEY **ret,
                        struct error *err)
{
    if (memmem(pem, len, "ENCRYPTED SIGSTORE", strlen("ENCRYPTED SIGSTORE")) ||
        memmem(pem, len, "ENCRYPTED COSIGN", strlen("ENCRYPTED COSIGN")))
        return error_set(
            err, -EOPNOTSUPP,
            "%s: a key in cosign's own encrypted form; oakum takes PEM, as \"openssl ecparam -name prime256v1 "
            "-genkey -noout\" makes it",
            name);
    BIO *bio = BIO_new_mem_buf(pem, (int) MIN_OF(len, (size_t) 1 << 20));
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, password_of, (void *) password);
    BIO_free(bio);
    ERR_clear_error();
    if (!key)
        return error_set(err, -EINVAL, "%s: no private key in PEM%s", name,
                         memmem(pem, len, "ENCRYPTED", 9) ? ", or not the right password for it" : "");
    int r = check_key(key, name, err);
    if (r < 0) {
        EVP_PKEY_free(key);
        return r;
    }
    *ret = key;
    return 0;
}

static const char *payload_of(struct arena *a, const char *digest, const char *reference)
{
    _cleanup_json_ json_t *j = json_pack("{s:{s:{s:s},s:{s:s},s:s},s:n}", "critical", "identity",
                                         "docker-reference", reference, "image", "docker-manifest-digest",
                                         digest, "type", PAYLOAD_TYPE, "optional");
    _cleanup_free_ char *text = json_text(j, 0);
    return arena_strdup(a, text);
}

int sigstore_sign(const char *pem, size_t pem_len, const char *name, const char *password, const char *digest,
                  const char *reference, struct arena *a, const char **ret_payload,
                  const char **ret_signature, struct error *err)
{
    EVP_PKEY *key = NULL;
    int r = read_private(pem, pem_len, name, password, &key, err);
    if (r < 0)
        return r;
    const char *payload = payload_of(a, digest, reference);
    unsigned char signature[1024]; /* RSA of 8192 bits */
    size_t n = sizeof(signature);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool done = ctx && EVP_DigestSignInit(ctx, NULL, digest_for(key), NULL, key) == 1 &&
                EVP_DigestSign(ctx, signature, &n, (const unsigned char *) payload, strlen(payload)) == 1;
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(key);
    ERR_clear_error();
    if (!done)
        return error_set(err, -EIO, "%s: the key does not sign", name);
    *ret_payload = payload;
    *ret_signature = sigstore_base64(a, signature, n);
    return 0;
}
