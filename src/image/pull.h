// SPDX-License-Identifier: Apache-2.0
/*
 * image/pull.h: an image from a registry into the store. oakum-image only.
 *
 * Order: manifest (of an index, the one for the platform), config, what the policy asks for, then the layers, largest first and
 * several at once: each is fetched, hashed, kept (image/partial.h) and unpacked by the sandboxed worker in one pass. The image is
 * published when all digests and DiffIDs were right. A blob or layer that the store has is not fetched or unpacked again.
 *
 * Errors: those of image/registry.h and image/store.h.
 */
#pragma once

#include "image/policy.h"
#include "image/registry.h"
#include "image/store.h"

enum pull_state { PULL_WAITING, PULL_EXISTS, PULL_FETCHING, PULL_UNPACKING, PULL_DONE, PULL_FAILED };

/* One line of progress; the caller reads, threads write. */
struct pull_layer {
    char hex[65];
    int64_t size;
    _Atomic int64_t fetched; /* bytes that are here, those of earlier runs too */
    _Atomic int state;
};

struct pull_options {
    const char *platform;         /* NULL: this host's */
    unsigned parallel;            /* layers at once; 0: 3 */
    struct import_options unpack; /* budgets and devices */
    const struct policy
        *policy; /* NULL: everything is accepted. Refusal is -EACCES, before a layer is fetched */
    /* Called when the layers are known, every 100 ms while they come, and once at the end. NULL: not wanted. */
    void (*progress)(void *arg, struct pull_layer *const *layers, size_t n, bool end);
    void *arg;
};

struct pull_result {
    char id[65];
    char digest[DIGEST_MAX];          /* of what the registry has under the name: an index or a manifest */
    char manifest_digest[DIGEST_MAX]; /* of the image's */
    bool up_to_date;                  /* nothing had to be done */
};

/* ref has a tag or a digest; with both the digest counts and the name keeps the tag. The image gets the name ref. */
int pull_image(struct store *s, struct registry *r, const struct reference *ref, const struct pull_options *o,
               struct pull_result *ret, struct error *err) _warn_unused_;
