// SPDX-License-Identifier: Apache-2.0
/*
 * image/store_internal.h: what the files of the store share. Not for the engine.
 *
 * Who locks: the functions of store.h take the lock; those here expect it to be held where they say so.
 */
#pragma once

#include "image/sha256.h"
#include "image/store.h"

#define STORE_FORMAT "1"
#define INDEX_MAX (64 * 1024 * 1024)
#define DOCUMENT_MAX (4 * 1024 * 1024) /* a manifest or a config: what docker's registry takes at most */
#define ANNOTATION_SIZE "oakum.unpacked-size"
#define ANNOTATION_LAYER_SIZES "oakum.unpacked-layer-sizes" /* bytes, lowest layer first, commas between */
#define ANNOTATION_SUMMARY "oakum.summary"         /* "MANIFEST CONFIG [CREATED]", both in hex: see list.c */
#define ANNOTATION_SOURCE_NAME "oakum.source-name" /* what it was pulled as, in full */
#define ANNOTATION_SIGNATURES "oakum.signatures"   /* those that the policy asked for: image/trust.h */
#define ANNOTATION_SOURCE "oakum.source-digest"    /* of a pulled name: its manifest's or index's digest */

struct store {
    char *path;                           /* absolute */
    int root, images, blobs, layers, tmp; /* blobs: images/blobs/sha256 */
};

/* LOCK_SH or LOCK_EX; a descriptor whose closing unlocks, or a negative errno. Not recursive. */
int store_lock(struct store *s, int operation, struct error *err);

/* An empty index where there is none. Any lock. */
int store_index_read(struct store *s, struct arena *a, struct image_index *ret, struct error *err)
    _warn_unused_;
/* Exclusive lock. On disk when it returns. */
int store_index_write(struct store *s, const struct image_index *index, struct error *err) _warn_unused_;
/* Exclusive lock. Removes what a write that was killed left; each write begins with it. */
int store_index_sweep(struct store *s, struct error *err) _warn_unused_;
/* -EINVAL when the bytes are not those of the digest. *ret lives in the arena, NUL-terminated. Any lock. */
int store_document_read(struct store *s, const char *digest, struct arena *a, const char **ret,
                        size_t *ret_len, struct error *err) _warn_unused_;
int store_image_load(struct store *s, const struct image_descriptor *d, struct store_image **ret,
                     struct error *err) _warn_unused_;
/* Is it an image's? Other tools leave the media type out, or put lists of images for several platforms there. */
bool store_descriptor_is_image(const struct image_descriptor *d);
/* Bytes of its files as the entry says; false when it does not. */
bool store_descriptor_size(const struct image_descriptor *d, int64_t *ret);
/* Are oakum's annotations of an entry about the manifest that it names now? */
bool store_descriptor_is_ours(const struct image_descriptor *d);
/* Digest of what the registry had under the name that the entry's manifest was pulled by; NULL. */
const char *store_descriptor_source(const struct image_descriptor *d);
void store_descriptor_unset(struct image_descriptor *d, const char *key);
/* From the entry alone: false when oakum did not write it for this very manifest. Borrows the entry's strings. */
bool store_descriptor_summary(const struct image_descriptor *d, struct store_summary *ret);
/* The annotation that the former reads. id: hex of the config. created may be NULL. */
void store_descriptor_summarise(struct arena *a, struct image_descriptor *d, const char *id,
                                const char *created);
/* NULL when it has none, or one that is no manifest's. */
const char *store_descriptor_name(const struct image_descriptor *d);

/* The descriptors that name_or_id means, by store_find()'s rules: several when an id has several names. Any lock. */
struct matches {
    size_t *v; /* indices into index->manifests */
    size_t n;
    bool by_id;
};
int store_match(struct store *s, const struct image_index *index, const char *name_or_id, struct matches *ret,
                struct error *err) _warn_unused_;

/* --- work in progress --- */

struct work {
    struct store *store;
    char name[40];
    int fd;          /* tmp/NAME, locked */
    bool collected;  /* layers were moved here to be removed */
    bool unfinished; /* something could not be removed: the next one is to try it again */
};
/* Removes what killed processes left, then makes a directory for us. */
int work_new(struct store *s, struct work **ret, struct error *err) _warn_unused_;
/* Removes the directory with everything in it. NULL is fine. */
void work_free(struct work *w);
static inline void cleanup_work(struct work **w)
{
    work_free(*w);
}
#define _cleanup_work_ __attribute__((cleanup(cleanup_work)))

/*
 * From now on, what the index does not name may lie in the store: should we be killed, whoever finds the work directory collects.
 */
int work_mark(struct work *w, struct error *err) _warn_unused_;

/* --- publishing --- */

struct staged_layer {
    char dir[24], blob[24]; /* names in the work directory */
    char diff_id[65], digest[65];
    const char *media_type;
    int64_t size;        /* of the blob */
    uint64_t file_bytes; /* of what was unpacked */
};

struct staged_image {
    struct oci_strings names; /* normal forms; n == 0: one entry without a name */
    size_t *layers;           /* indices into staged.layers, lowest first */
    size_t n_layers;
    const char *config, *manifest;
    size_t config_len, manifest_len;
    const char *manifest_type;
    char id[65], manifest_hex[65];
    const char *os, *architecture, *variant;
    const char *source_digest;            /* of the document that the registry has under the name; NULL */
    const char *source_name, *signatures; /* of a pulled image: annotations of its entry */
};

struct staged {
    struct arena *arena;
    struct work *work;
    struct staged_layer *layers;
    size_t n_layers;
    struct staged_image *images;
    size_t n_images;
};
/* Writes configs and manifests, syncs, moves everything to its place and names it. Takes the exclusive lock. */
int store_publish(struct store *s, struct staged *st, struct error *err) _warn_unused_;

/* Gives name to descriptor at; whoever had it loses it. Entries that are then without a name and not the only one of their manifest go. */
void index_name(struct arena *a, struct image_index *index, size_t at, const char *name);
struct image_descriptor *index_add(struct arena *a, struct image_index *index);
void index_drop(struct image_index *index, size_t at);

/*
 * Deletes blobs, and moves to w the layers, that nothing in the index needs. Exclusive lock. Does nothing, with a warning,
 * when a manifest cannot be read: better too much than too little.
 */
int store_collect(struct store *s, const struct image_index *index, struct work *w, struct error *err)
    _warn_unused_;

/* --- equal files --- */

/*
 * Gives the files of layers that are about to be published, and that are in the store already with the same content, owner, mode and time,
 * one inode or shared extents. What cannot be done is left alone: nothing depends on it. Before the syncfs; no lock.
 */
void dedup_layers(struct store *s, const struct staged *st);
/* Forgets the files that no layer has any more. Any lock or none. */
int dedup_collect(struct store *s, struct error *err) _warn_unused_;
/* Bytes that files with several names do not take a second time. */
int64_t dedup_saved(struct store *s);

/* --- import --- */

struct import {
    struct store *store;
    const struct import_options *o;
    struct staged st;
    const char *name; /* normal form of what the caller wants it called, or NULL */
    uint64_t bytes_left, inodes_left;
};
/*
 * Unpacks one layer from fd into a new staged_layer, whose index is returned. own: fd is a file in our work directory, so
 * its blob can be a link to it.
 */
int import_layer(struct import *im, int fd, bool own, const char *what, struct error *err);
/* Its parts, for layers that come otherwise: a job with the budgets, a layer's empty directory, the result. */
struct worker_job;
struct worker_result;
struct worker_job import_job(const struct import *im);
int import_layer_dir(const struct import *im, const char *name, struct error *err);
/* A layer of what the job packs; its index. */
int import_packed(struct import *im, struct worker_job *job, const char *what, struct worker_result *res,
                  struct error *err);
void import_fill_layer(struct staged_layer *l, const struct worker_result *res);
void import_charge(struct import *im, const struct worker_result *res);
/* Budgets of o, or the defaults where it names none. */
void import_budgets(struct import *im);
/* An image archive's files, or an OCI layout, below rootfd. own: as above. */
int import_archive(struct import *im, int rootfd, bool own, struct error *err) _warn_unused_;
/* Manifest (image-spec form) for img's layers and config, whose hex digest is id. */
void import_make_manifest(struct import *im, struct staged_image *img);
struct staged_image *import_add_image(struct import *im);
/* An image of all layers that were staged, with this configuration, whose diff_ids are added here. */
void import_finish(struct import *im, struct image_config *c);
/* "os/arch[/variant]" into the arena; NULL gives this host's. */
int import_platform(struct arena *a, const char *platform, const char **os, const char **arch,
                    const char **variant, struct error *err) _warn_unused_;
/* A new image's name in full. */
int import_name(struct arena *a, const char *name, const char **ret, struct error *err) _warn_unused_;
