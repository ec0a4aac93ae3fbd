// SPDX-License-Identifier: Apache-2.0
/*
 * image/policy.h: which images may be used: containers-policy.json(5), the file of podman, skopeo and cri-o, read as it is. Pure: text
 * in, requirements out; signatures are checked by image/trust.h.
 *
 * Where it is: what the caller names; else $OAKUM_POLICY; else /etc/oakum/policy.json; else /etc/containers/policy.json (for other users than root first
 * the same two below $XDG_CONFIG_HOME). The first that exists counts, whole. None: everything is accepted, as in a file that says so.
 *
 * Strict, as its other readers are: an unknown member is an error, for a typing mistake in it must not open the door. What is understood
 * but cannot be checked here (signedBy: GPG; Fulcio certificates, Rekor) becomes a requirement that refuses, with its name.
 */
#pragma once

#include "oci/reference.h"
#include "oci/spec.h"

enum policy_kind { POLICY_ACCEPT, POLICY_REJECT, POLICY_SIGSTORE, POLICY_UNSUPPORTED };

/* What the signature must say that it signs ("signedIdentity"). */
enum policy_identity_kind {
    IDENTITY_REPO_DIGEST_OR_EXACT, /* the same name and tag; for a name with a digest the same repository */
    IDENTITY_EXACT,
    IDENTITY_REPOSITORY, /* the same repository, any tag or none (cosign's signatures name no tag) */
    IDENTITY_REPOSITORY_IF_NAMED, /* likewise, or no repository named at all (cosign's bundles). Ours, no other engine knows it */
    IDENTITY_EXACT_REFERENCE,  /* just `value`, whatever the image is called here */
    IDENTITY_EXACT_REPOSITORY, /* the repository `value` */
    IDENTITY_REMAP /* as the first, after `value` at the front of the name became `signed_prefix` */
};

struct policy_requirement {
    enum policy_kind kind;
    const char *what; /* POLICY_UNSUPPORTED: the type or member that cannot be checked */
    struct oci_strings key_paths, key_datas; /* PEM files; base64 of such. One key that fits is enough */
    enum policy_identity_kind identity;
    const char *value, *signed_prefix;
};

struct policy_requirements { /* all of them must be met */
    const struct policy_requirement *v;
    size_t n;
    const char *scope; /* where it stands: "docker.io/library", "default" … */
};

struct policy;

/* name: what the file is called in messages. */
int policy_parse(const char *text, size_t len, const char *name, struct policy **ret, struct error *err)
    _warn_unused_;
/* file: NULL for the usual places; *ret is NULL when there is none. A file of somebody else's, or that others may write, is refused. */
int policy_load(const char *file, struct policy **ret, struct error *err) _warn_unused_;
void policy_free(struct policy *p);
static inline void cleanup_policy(struct policy **p)
{
    policy_free(*p);
}
#define _cleanup_policy_ __attribute__((cleanup(cleanup_policy)))

/* Of the registry transport ("docker"): the most specific scope counts alone. Belongs to the policy. NULL policy: accept. */
void policy_find(const struct policy *p, const struct reference *ref, struct policy_requirements *ret);
/* true: nothing is asked of this image. */
bool policy_accepts_all(const struct policy_requirements *r);
/* Each scope, in the order of the file. */
void policy_each(const struct policy *p, void (*fn)(void *arg, const struct policy_requirements *r),
                 void *arg);
/* The file that was read, for messages. */
const char *policy_name(const struct policy *p);
