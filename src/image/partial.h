// SPDX-License-Identifier: Apache-2.0
/*
 * image/partial.h: blobs on their way into the store, kept across runs.
 *
 * partial/HEX below the store's root holds the first bytes of the blob of that digest, and partial/HEX.json the registry's
 * validator for it ({"etag": …}). Who fetches a blob holds a flock on its file; a second one gets a file of its own, which goes
 * with it. A whole blob stays until the image that it belongs to is published, so a pull that is killed at any point begins
 * again where it was. What nobody has touched for a week is removed by the next pull.
 *
 * The bytes are nothing before their digest was computed: a file that a power cut left with holes fails the comparison and is
 * fetched again.
 */
#pragma once

#include "image/sha256.h"
#include "image/store.h"

struct partial {
    bool open;
    int dirfd, fd;
    char name[100];
    char hex[SHA256_HEX]; /* of the whole blob */
    bool own;             /* nobody else's, removed at the end */
    int64_t have;         /* bytes, those still in the buffer included */
    char etag[128];       /* "" for none */
    struct sha256 sum;    /* of what is written */
    char *buffer;
    size_t buffered;
    /* Gets the bytes after they are in the file; may be NULL. */
    void (*forward)(void *arg, const void *data, size_t len);
    void *arg;
};

/* digest: sha256 only. What there is of the blob already (at most size bytes) is read through and goes to forward as well. */
int partial_open(struct store *s, const char *digest, int64_t size,
                 void (*forward)(void *arg, const void *data, size_t len), void *arg, struct partial *ret,
                 struct error *err) _warn_unused_;
int partial_add(struct partial *p, const void *data, size_t len, struct error *err) _warn_unused_;
/* Nothing of it is kept. */
int partial_restart(struct partial *p, struct error *err) _warn_unused_;
void partial_set_etag(struct partial *p, const char *etag);
/* Everything written; 0, or -EBADMSG when the digest is another. */
int partial_check(struct partial *p, struct error *err) _warn_unused_;
/* A second name for it, in a directory of the same file system. */
int partial_link(const struct partial *p, int dirfd, const char *name, struct error *err) _warn_unused_;
/* The blob is in the store: the file goes. */
void partial_remove(struct partial *p);
/* Writes out what is buffered, unlocks. Zeroed structures are fine. */
void partial_close(struct partial *p);

/* Removes what is older than a week. */
void partial_clean(struct store *s);
