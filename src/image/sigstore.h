// SPDX-License-Identifier: Apache-2.0
/*
 * image/sigstore.h: signatures in the two forms that cosign makes, with keys. oakum-image only (libcrypto's EVP).
 *
 *   simple signing   a JSON payload (application/vnd.dev.cosign.simplesigning.v1+json) that names a repository and a manifest's digest,
 *                    and its signature beside it
 *   bundle           application/vnd.dev.sigstore.bundle.v0.3+json: a DSSE envelope around an in-toto statement, whose subjects are digests
 *
 * Keys are PEM: ECDSA (P-256, P-384, P-521), Ed25519, RSA from 2048 bits; digests are SHA-256, as cosign has it. Certificates, time stamps
 * and transparency logs are not looked at: with a key the key is what counts.
 *
 * Nothing here knows the policy; what a verified signature claims is for the caller to compare.
 */
#pragma once

#include "base/arena.h"
#include "base/error.h"

#define SIGSTORE_PAYLOAD_TYPE "application/vnd.dev.cosign.simplesigning.v1+json"
#define SIGSTORE_SIGNATURE_ANNOTATION "dev.cosignproject.cosign/signature"
#define SIGSTORE_BUNDLE_TYPE "application/vnd.dev.sigstore.bundle.v0.3+json"

struct sigstore_keys;

struct sigstore_keys *sigstore_keys_new(void) __attribute__((returns_nonnull));
void sigstore_keys_free(struct sigstore_keys *k);
static inline void cleanup_sigstore_keys(struct sigstore_keys **k)
{
    sigstore_keys_free(*k);
}
#define _cleanup_sigstore_keys_ __attribute__((cleanup(cleanup_sigstore_keys)))
/* A public key in PEM; name says in messages where it is from. */
int sigstore_key_add(struct sigstore_keys *k, const char *pem, size_t len, const char *name,
                     struct error *err) _warn_unused_;

/* What was signed. */
struct sigstore_claim {
    const char *digest;    /* "sha256:…" of a manifest */
    const char *reference; /* the name that it was signed under, as it stands there; NULL: none (bundles) */
};
/*
 * Verifies with any of the keys, then reads what is claimed. -EACCES: no key made this signature. -EINVAL: malformed, or a statement about
 * something else. Claims live in the arena. signature: base64.
 */
int sigstore_verify_payload(const struct sigstore_keys *k, const char *payload, size_t len,
                            const char *signature, struct arena *a, struct sigstore_claim *ret,
                            struct error *err) _warn_unused_;
/* A bundle with several subjects gives several claims. */
int sigstore_verify_bundle(const struct sigstore_keys *k, const char *bundle, size_t len, struct arena *a,
                           struct sigstore_claim **ret, size_t *ret_n, struct error *err) _warn_unused_;

/*
 * The payload that says "digest under the name reference", and its signature (base64) by the private key in pem. A key that is encrypted
 * is opened with the password, which may be NULL. cosign's own encrypted form is refused with a sentence. Both in the arena.
 */
int sigstore_sign(const char *pem, size_t pem_len, const char *name, const char *password, const char *digest,
                  const char *reference, struct arena *a, const char **ret_payload,
                  const char **ret_signature, struct error *err) _warn_unused_;

/* Base64 (RFC 4648, padded). decode: NULL when it is none. In the arena, NUL-terminated. */
const char *sigstore_base64(struct arena *a, const void *data, size_t len);
char *sigstore_base64_decode(struct arena *a, const char *text, size_t *ret_len);
