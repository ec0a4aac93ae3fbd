// SPDX-License-Identifier: Apache-2.0
/* Signatures: what was signed verifies, and nothing else does. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <openssl/evp.h>
#include <openssl/pem.h>

#include "image/sigstore.h"

#define DIGEST "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

struct pair {
    char private[8192], public[2048];
    EVP_PKEY *key;
};

static void text_of(BIO *bio, char *out, size_t size)
{
    int n = BIO_read(bio, out, (int) size - 1);
    assert_true(n > 0);
    out[n] = '\0';
    BIO_free(bio);
}

static void make_pair(struct pair *p, EVP_PKEY *key)
{
    BIO *private = BIO_new(BIO_s_mem()), *public = BIO_new(BIO_s_mem());
    p->key = key;
    assert_non_null(key);
    assert_int_equal(PEM_write_bio_PrivateKey(private, key, NULL, NULL, 0, NULL, NULL), 1);
    assert_int_equal(PEM_write_bio_PUBKEY(public, key), 1);
    text_of(private, p->private, sizeof(p->private));
    text_of(public, p->public, sizeof(p->public));
}

static struct sigstore_keys *keys_of(const struct pair *p)
{
    struct sigstore_keys *k = sigstore_keys_new();
    struct error err = { 0 };
    if (sigstore_key_add(k, p->public, strlen(p->public), "key", &err) < 0)
        fail_msg("%s", err.msg);
    return k;
}

static void each_kind_of_key_signs_and_verifies(void **state)
{
    (void) state;
    EVP_PKEY *made[] = { EVP_EC_gen("P-256"), EVP_EC_gen("P-384"), EVP_RSA_gen(2048),
                         EVP_PKEY_Q_keygen(NULL, NULL, "ED25519") };
    for (size_t i = 0; i < ARRAY_LEN(made); i++) {
        _cleanup_arena_ struct arena *a = arena_new();
        struct pair p, other;
        struct error err = { 0 };
        struct sigstore_claim c;
        const char *payload, *signature;
        make_pair(&p, made[i]);
        make_pair(&other, EVP_EC_gen("P-256"));
        _cleanup_sigstore_keys_ struct sigstore_keys *k = keys_of(&p), *wrong = keys_of(&other);
        if (sigstore_sign(p.private, strlen(p.private), "key", NULL, DIGEST, "registry.example/a", a,
                          &payload, &signature, &err) < 0)
            fail_msg("%s", err.msg);
        assert_int_equal(sigstore_verify_payload(k, payload, strlen(payload), signature, a, &c, &err), 0);
        assert_string_equal(c.digest, DIGEST);
        assert_string_equal(c.reference, "registry.example/a");
        assert_int_equal(sigstore_verify_payload(wrong, payload, strlen(payload), signature, a, &c, &err),
                         -EACCES);
        /* one byte of the payload, one of the signature */
        char *changed = arena_strdup(a, payload);
        changed[strlen(changed) / 2] ^= 1;
        assert_int_equal(sigstore_verify_payload(k, changed, strlen(changed), signature, a, &c, &err),
                         -EACCES);
        changed = arena_strdup(a, signature);
        changed[20] = changed[20] == 'A' ? 'B' : 'A';
        assert_int_equal(sigstore_verify_payload(k, payload, strlen(payload), changed, a, &c, &err), -EACCES);
        assert_int_equal(sigstore_verify_payload(k, payload, strlen(payload), "not base64", a, &c, &err),
                         -EINVAL);
        EVP_PKEY_free(p.key);
        EVP_PKEY_free(other.key);
    }
}

static const char *sign_text(struct arena *a, EVP_PKEY *key, const char *text, size_t len)
{
    unsigned char out[512];
    size_t n = sizeof(out);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key), 1);
    assert_int_equal(EVP_DigestSign(ctx, out, &n, (const unsigned char *) text, len), 1);
    EVP_MD_CTX_free(ctx);
    return sigstore_base64(a, out, n);
}

static void a_good_signature_of_something_else_is_none_of_an_image(void **state)
{
    (void) state;
    static const char *const payloads[] = {
        "{}",
        "[]",
        "{\"critical\":{\"type\":\"cosign container image signature\"}}",
        "{\"critical\":{\"identity\":{\"docker-reference\":\"a\"},\"image\":{\"docker-manifest-digest\":\"" DIGEST
        "\"},\"type\":\"another type\"}}",
        "{\"critical\":{\"identity\":{\"docker-reference\":\"a\"},\"image\":{\"docker-manifest-digest\":\"sha256:00\"},"
        "\"type\":\"cosign container image signature\"}}",
        "{\"critical\":{\"identity\":{\"docker-reference\":1},\"image\":{\"docker-manifest-digest\":\"" DIGEST
        "\"},\"type\":\"cosign container image signature\"}}",
    };
    _cleanup_arena_ struct arena *a = arena_new();
    struct pair p;
    struct sigstore_claim c;
    make_pair(&p, EVP_EC_gen("P-256"));
    _cleanup_sigstore_keys_ struct sigstore_keys *k = keys_of(&p);
    for (size_t i = 0; i < ARRAY_LEN(payloads); i++) {
        const char *signature = sign_text(a, p.key, payloads[i], strlen(payloads[i]));
        assert_int_equal(sigstore_verify_payload(k, payloads[i], strlen(payloads[i]), signature, a, &c, NULL),
                         -EINVAL);
    }
    EVP_PKEY_free(p.key);
}

/* A bundle around statement; type: what the envelope says it is. */
static const char *bundle_of(struct arena *a, EVP_PKEY *key, const char *type, const char *statement)
{
    const char *pae = arena_printf(a, "DSSEv1 %zu %s %zu %s", strlen(type), type, strlen(statement),
                                   statement);
    return arena_printf(
        a,
        "{\"mediaType\":\"" SIGSTORE_BUNDLE_TYPE
        "\",\"dsseEnvelope\":{\"payload\":\"%s\",\"payloadType\":\"%s\",\"signatures\":[{\"sig\":\"%s\"}]}}",
        sigstore_base64(a, statement, strlen(statement)), type, sign_text(a, key, pae, strlen(pae)));
}

static void bundles(void **state)
{
    (void) state;
#define STATEMENT(predicate)                                                                                 \
    "{\"_type\":\"https://in-toto.io/Statement/v1\",\"subject\":[{\"digest\":{\"sha256\":"                   \
    "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}}],\"predicateType\":\"" predicate \
    "\"}"
    static const char good[] = STATEMENT("https://sigstore.dev/cosign/sign/v1");
    static const char other[] = STATEMENT("https://slsa.dev/provenance/v1");
    static const char intoto[] = "application/vnd.in-toto+json";
    _cleanup_arena_ struct arena *a = arena_new();
    struct pair p, stranger;
    struct sigstore_claim *c;
    size_t n;
    make_pair(&p, EVP_EC_gen("P-256"));
    make_pair(&stranger, EVP_EC_gen("P-256"));
    _cleanup_sigstore_keys_ struct sigstore_keys *k = keys_of(&p);
    const char *b = bundle_of(a, p.key, intoto, good);
    assert_int_equal(sigstore_verify_bundle(k, b, strlen(b), a, &c, &n, NULL), 0);
    assert_int_equal(n, 1);
    assert_string_equal(c[0].digest, DIGEST);
    assert_null(c[0].reference);
    b = bundle_of(a, stranger.key, intoto, good);
    assert_int_equal(sigstore_verify_bundle(k, b, strlen(b), a, &c, &n, NULL), -EACCES);
    b = bundle_of(a, p.key, intoto, other);
    assert_int_equal(sigstore_verify_bundle(k, b, strlen(b), a, &c, &n, NULL), -EINVAL);
    b = bundle_of(a, p.key, "text/plain", good);
    assert_int_equal(sigstore_verify_bundle(k, b, strlen(b), a, &c, &n, NULL), -EINVAL);
    b = "{\"dsseEnvelope\":{\"payload\":\"QQ==\",\"payloadType\":\"application/vnd.in-toto+json\",\"signatures\":[]}}";
    assert_int_equal(sigstore_verify_bundle(k, b, strlen(b), a, &c, &n, NULL), -EINVAL);
    EVP_PKEY_free(p.key);
    EVP_PKEY_free(stranger.key);
}

static void keys_that_are_none(void **state)
{
    (void) state;
    _cleanup_arena_ struct arena *a = arena_new();
    struct pair p;
    const char *payload, *signature;
    struct error err = { 0 };
    static const char cosign[] =
        "-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED SIGSTORE PRIVATE KEY-----\n";
    _cleanup_sigstore_keys_ struct sigstore_keys *k = sigstore_keys_new();
    make_pair(&p, EVP_RSA_gen(1024));
    assert_int_equal(sigstore_key_add(k, p.public, strlen(p.public), "short", &err), -EINVAL);
    assert_int_equal(sigstore_key_add(k, p.private, strlen(p.private), "private", &err), -EINVAL);
    assert_int_equal(sigstore_key_add(k, "", 0, "empty", &err), -EINVAL);
    assert_int_equal(
        sigstore_sign(cosign, strlen(cosign), "k", NULL, DIGEST, "a", a, &payload, &signature, &err),
        -EOPNOTSUPP);
    assert_int_equal(
        sigstore_sign(p.public, strlen(p.public), "k", NULL, DIGEST, "a", a, &payload, &signature, &err),
        -EINVAL);
    EVP_PKEY_free(p.key);
}

static void base64(void **state)
{
    (void) state;
    static const char *const bad[] = { "A", "AA", "AAA", "A===", "=AAA", "AA=A", "AAAA ", "AA\n=", "A-_A" };
    _cleanup_arena_ struct arena *a = arena_new();
    size_t n;
    for (size_t len = 0; len < 10; len++) {
        const char *coded = sigstore_base64(a, "0123456789", len);
        const char *back = sigstore_base64_decode(a, coded, &n);
        assert_int_equal(n, len);
        assert_memory_equal(back, "0123456789", len);
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_null(sigstore_base64_decode(a, bad[i], &n));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_of_key_signs_and_verifies),
        cmocka_unit_test(a_good_signature_of_something_else_is_none_of_an_image),
        cmocka_unit_test(bundles),
        cmocka_unit_test(keys_that_are_none),
        cmocka_unit_test(base64),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
