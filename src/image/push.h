// SPDX-License-Identifier: Apache-2.0
/*
 * image/push.h: an image from the store into a registry. oakum-image only.
 *
 * What goes is what the store has, unless compress is asked for: the manifest byte for byte, so the digest there is the digest here. A blob that the registry has
 * is not sent; one that it has in another repository from which an image of this store came is mounted from there; the rest goes
 * several at once. The manifest is last: nothing that is incomplete gets a name.
 */
#pragma once

#include "image/registry.h"
#include "image/store.h"

enum push_state {
    PUSH_WAITING,
    PUSH_CHECKING,
    PUSH_SENDING,
    PUSH_DONE,
    PUSH_EXISTS,
    PUSH_MOUNTED,
    PUSH_FAILED
};

struct push_blob {
    char hex[65];
    int64_t size;
    _Atomic int64_t sent;
    _Atomic int state;
    const char *from; /* where it is mounted from, if it is */
};

struct push_options {
    unsigned parallel; /* 0: 3 */
    int64_t chunk;     /* 0: 64 MiB */
    bool compress;     /* layers that are not compressed go as gzip: the manifest is another then */
    /* As in pull.h: at the beginning, every 100 ms, at the end. */
    void (*progress)(void *arg, struct push_blob *const *blobs, size_t n, bool end);
    void *arg;
};

struct push_result {
    char digest[DIGEST_MAX];
    int64_t size; /* of the manifest */
};

/* name: of an image in the store; to: where it goes (a tag). */
int push_image(struct store *s, struct registry *r, const char *name, const struct reference *to,
               const struct push_options *o, struct push_result *ret, struct error *err) _warn_unused_;
