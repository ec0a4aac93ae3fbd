// SPDX-License-Identifier: Apache-2.0
/*
 * image/registry.h: the client's half of the distribution specification 1.1 (docker's registry API 2). oakum-image only.
 *
 * struct registry is the whole client: settings, credentials, tokens; any thread may use it. struct registry_conn is one thread's
 * connections. struct registry_repo is one repository somewhere: the mirrors and the registry itself that were found for it.
 *
 * Nothing that a server sends counts unless its digest was computed from its bytes. Documents are capped at 4 MiB, as docker's
 * registry caps them; blobs at the size that their descriptor gives.
 *
 * Errors: -ENOENT the registry has no such thing; -EACCES it wants a login, or refuses this one; -EBUSY it has had enough
 * of us (429), with what to do about it; -EINVAL what it sends is malformed or of the wrong digest; -EPERM blocked by this host's
 * settings; -EOPNOTSUPP the server lacks that part of the API; else those of http.h.
 */
#pragma once

#include "image/credentials.h"
#include "image/http.h"
#include "image/registry_hosts.h"
#include "oci/image.h"
#include "oci/reference.h"

struct registry;
struct registry_conn;
struct registry_repo;

struct registry_options {
    const char *authfile;           /* credentials.h; NULL: the usual places */
    const struct credential *login; /* used in place of what is stored; NULL */
    struct registry_hosts_options hosts;
};

int registry_open(const struct registry_options *o, struct registry **ret, struct error *err) _warn_unused_;
void registry_close(struct registry *r);
struct http_shared *registry_http(struct registry *r); /* for http_cancel(), http_received() */

/* One thread's connections at a time. They stay open when it is freed, for who comes next, until the registry is closed. */
struct registry_conn *registry_conn_new(struct registry *r) __attribute__((returns_nonnull));
void registry_conn_free(struct registry_conn *c);

/*
 * Prepares for a repository; no word is exchanged but, where http:// may be spoken, to learn which it is. push: no mirrors,
 * and tokens that may write. *ret belongs to the registry and lives as long.
 */
int registry_repo_open(struct registry_conn *c, const char *domain, const char *path, bool push,
                       struct registry_repo **ret, struct error *err) _warn_unused_;

/* Is there a registry, and does it take these credentials? *ret_refresh (freed by the caller): a token to keep in place of the password, or NULL. */
int registry_ping(struct registry_conn *c, const char *domain, char **ret_refresh, struct error *err)
    _warn_unused_;

struct registry_manifest {
    const char *text; /* NUL-terminated; NULL after a HEAD */
    size_t len;
    const char *media_type; /* without parameters */
    const char *digest;   /* of the bytes; after a HEAD what the registry claims, NULL when it claims none */
    enum media_kind kind; /* MEDIA_KIND_UNKNOWN: neither index nor image manifest */
    const char *artifact_type;
};
/* reference: a tag or a digest. Everything lives in the arena. Docker's schema 1 is -EOPNOTSUPP with a sentence. */
int registry_manifest_get(struct registry_conn *c, struct registry_repo *repo, const char *reference,
                          struct arena *a, struct registry_manifest *ret, struct error *err) _warn_unused_;
/* Costs nothing where GETs are counted. */
int registry_manifest_head(struct registry_conn *c, struct registry_repo *repo, const char *reference,
                           struct arena *a, struct registry_manifest *ret, struct error *err) _warn_unused_;
int registry_manifest_put(struct registry_conn *c, struct registry_repo *repo, const char *reference,
                          const char *media_type, const char *text, size_t len, struct error *err)
    _warn_unused_;

/*
 * A blob as a stream that goes on where it broke off. have: bytes that the receiver has already and that are in its digest.
 * data gets the bytes in order; restart tells the receiver to forget all it has (have becomes 0); check is asked when size
 * bytes are there, and says 0 when they have the digest. etag in and out: the last known validator, "" for none.
 */
struct registry_sink {
    int64_t have;
    char etag[128];
    int (*data)(void *arg, const void *bytes, size_t len, struct error *err);
    int (*restart)(void *arg, struct error *err);
    int (*check)(void *arg, struct error *err);     /* -EBADMSG: wrong digest */
    void (*validator)(void *arg, const char *etag); /* may be NULL */
    void *arg;
};
int registry_blob_get(struct registry_conn *c, struct registry_repo *repo, const char *digest, int64_t size,
                      struct registry_sink *sink, struct error *err) _warn_unused_;
/* A small blob (a config) into the arena. */
int registry_blob_read(struct registry_conn *c, struct registry_repo *repo, const char *digest, int64_t size,
                       struct arena *a, const char **ret, struct error *err) _warn_unused_;
/* 1: it is there, 0: it is not. */
int registry_blob_exists(struct registry_conn *c, struct registry_repo *repo, const char *digest,
                         struct error *err) _warn_unused_;

struct registry_upload {
    const char *digest;
    int fd; /* read by pread */
    int64_t size;
    const char *mount_from; /* a repository of the same registry that may have the blob; NULL */
    int64_t chunk;          /* bytes; 0: 64 MiB; what the server wants at least counts too */
    _Atomic int64_t *sent;  /* may be NULL */
};
/* 1: the registry took it from mount_from, 0: it was sent. */
int registry_blob_put(struct registry_conn *c, struct registry_repo *repo, const struct registry_upload *u,
                      struct error *err) _warn_unused_;

/* All tags, page by page. */
int registry_tags(struct registry_conn *c, struct registry_repo *repo, struct arena *a,
                  struct oci_strings *ret, struct error *err) _warn_unused_;
/*
 * What refers to a manifest: the referrers API, or where it is lacking the tag sha256-HEX. artifact_type NULL: all; else
 * those of it, and those whose type the list does not tell. None is an empty list.
 */
int registry_referrers(struct registry_conn *c, struct registry_repo *repo, const char *digest,
                       const char *artifact_type, struct arena *a, struct image_descriptors *ret,
                       struct error *err) _warn_unused_;

struct registry_found {
    const char *name, *description;
    int64_t stars;
    bool official;
};
/* docker's old search API, or else the catalogue's names that contain term. -EOPNOTSUPP when the registry has neither. */
int registry_search(struct registry_conn *c, const char *domain, const char *term, int64_t limit,
                    struct arena *a, struct registry_found **ret, size_t *ret_n, struct error *err)
    _warn_unused_;

/* For tests: the size above which an upload is made in chunks, and attempts without progress. */
void registry_set_patience(unsigned attempts);
