// SPDX-License-Identifier: Apache-2.0
/*
 * image/trust.h: does the policy of this host let an image in? oakum-image only.
 *
 * An image is known by its digests: of the index that its name means, where there is one, and of its own manifest. A signature of either
 * counts. Signatures come from the repository (the tag sha256-HEX.sig, and referrers that are bundles) when an image is pulled; they are
 * kept in the store with the image (its descriptor's annotation), so that the policy of the day can be asked again when it is run.
 */
#pragma once

#include "image/policy.h"
#include "image/registry.h"

struct trust_signature {
    const char *payload, *signature; /* simple signing; payload is base64 as the signature is */
    const char *bundle;              /* else: base64 */
};
struct trust_signatures {
    struct trust_signature *v;
    size_t n;
};

/* All signatures of the digests in the repository; none is no error. At most 64 are looked at. */
int trust_fetch(struct registry_conn *c, struct registry_repo *repo, const char *const *digests, size_t n,
                struct arena *a, struct trust_signatures *ret, struct error *err) _warn_unused_;

/* As text for the annotation, and back. */
const char *trust_to_text(const struct trust_signatures *s, struct arena *a);
int trust_from_text(const char *text, struct arena *a, struct trust_signatures *ret, struct error *err)
    _warn_unused_;

/*
 * 0: every requirement is met. -EACCES with a sentence: which one is not, why, and in which file it stands. used (may be NULL): the
 * signatures that met one.
 */
int trust_check(const struct policy *p, const struct policy_requirements *r, const struct reference *ref,
                const char *const *digests, size_t n, const struct trust_signatures *s, struct arena *a,
                struct trust_signatures *used, struct error *err) _warn_unused_;

/*
 * Signs digest (a manifest or index in the repository) with the private key and adds the signature to the tag sha256-HEX.sig, as cosign
 * does: those that are there stay.
 */
int trust_sign(struct registry_conn *c, struct registry_repo *repo, const struct reference *ref,
               const char *digest, const char *key_file, const char *password, struct error *err)
    _warn_unused_;
