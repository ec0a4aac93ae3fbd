// SPDX-License-Identifier: Apache-2.0
/*
 * What decides about trust, from hostile bytes: the first byte chooses the reader. 'p': a policy; 's': a signature in base64, a
 * newline and what it signs; 'b': a bundle; 'k': a key; 't': signatures as the store keeps them. The key is that of the corpus's two
 * genuine signatures, and its private half is nowhere: whatever else verifies is a forgery.
 */
#include "fuzz.h"

#include <string.h>

#include "image/sigstore.h"
#include "image/trust.h"

#define SIGNED "sha256:33babf1b7b409503c6b5787b1211e8ee4c1bcb675bd2d5878e9ba0add6827700"

static const char key[] = "-----BEGIN PUBLIC KEY-----\n"
                          "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAED5EoulSdfpIomw/65n4iF6X3q1Qz\n"
                          "BsApnfMrcy/GMSXfb1E2edUQ9/neCBHvQwU7QdMawVZEGUMCayAiDoSMMg==\n"
                          "-----END PUBLIC KEY-----\n";
static struct sigstore_keys *keys;

int LLVMFuzzerInitialize(int *argc _unused_, char ***argv _unused_)
{
    keys = sigstore_keys_new();
    MUST(sigstore_key_add(keys, key, sizeof(key) - 1, "key", NULL) == 0);
    return 0;
}

static void count_scope(void *arg, const struct policy_requirements *r)
{
    MUST(r->n > 0 && r->scope != NULL);
    ++*(size_t *) arg;
}

static void policy(const char *text, size_t len)
{
    static const char *const names[] = { "nginx", "registry.example:5000/team/app:1", "a.b.example.org/x" };
    _cleanup_policy_ struct policy *p = NULL;
    size_t scopes = 0;
    if (policy_parse(text, len, "policy.json", &p, NULL) < 0)
        return;
    policy_each(p, count_scope, &scopes);
    MUST(scopes > 0); /* a policy without a default is refused */
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct reference ref;
        struct policy_requirements r;
        struct trust_signatures none = { 0 };
        const char *const digests[] = { SIGNED };
        _cleanup_arena_ struct arena *a = arena_new();
        MUST(reference_parse(names[i], &ref, NULL) == 0);
        policy_find(p, &ref, &r);
        MUST(r.n > 0 && r.scope != NULL);
        bool open = policy_accepts_all(&r);
        for (size_t j = 0; j < r.n; j++)
            MUST(!open || r.v[j].kind == POLICY_ACCEPT);
        MUST((trust_check(p, &r, &ref, digests, 1, &none, a, NULL, NULL) == 0) == open);
    }
}

static void payload(char *text, size_t len, struct arena *a)
{
    struct sigstore_claim claim;
    char *newline = memchr(text, '\n', len);
    if (newline == NULL)
        return;
    *newline = '\0';
    size_t at = (size_t) (newline - text) + 1;
    if (sigstore_verify_payload(keys, text + at, len - at, text, a, &claim, NULL) == 0)
        MUST(strcmp(claim.digest, SIGNED) == 0 && strcmp(claim.reference, "registry.example/team/app") == 0);
}

static void bundle(const char *text, size_t len, struct arena *a)
{
    struct sigstore_claim *claims;
    size_t n;
    if (sigstore_verify_bundle(keys, text, len, a, &claims, &n, NULL) == 0)
        MUST(n == 1 && strcmp(claims[0].digest, SIGNED) == 0);
}

static void kept(const char *text, struct arena *a)
{
    struct trust_signatures s, again;
    if (trust_from_text(text, a, &s, NULL) < 0)
        return;
    MUST(trust_from_text(trust_to_text(&s, a), a, &again, NULL) == 0 && again.n == s.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    _cleanup_arena_ struct arena *a = arena_new();
    size_t len = size - 1;
    char *text = arena_alloc(a, len + 1);
    memcpy(text, data + 1, len);
    text[len] = '\0';
    if (data[0] == 'p') {
        policy(text, len);
    } else if (data[0] == 's') {
        payload(text, len, a);
    } else if (data[0] == 'b') {
        bundle(text, len, a);
    } else if (data[0] == 't') {
        kept(text, a);
    } else if (data[0] == 'k') {
        struct sigstore_keys *more = sigstore_keys_new();
        (void) !sigstore_key_add(more, text, len, "key", NULL);
        sigstore_keys_free(more);
    }
    return 0;
}
