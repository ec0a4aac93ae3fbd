// SPDX-License-Identifier: Apache-2.0
/*
 * image/store.h: the images on this host.
 *
 * Layout below the root (/var/lib/oakum, or what --root says), format 1:
 *   version            "1"; a store of another format is an error that says so
 *   lock               flock: shared while names are resolved, exclusive while the index changes or something is removed
 *   images/            an OCI image layout 1.1 (oci-layout, index.json, blobs/sha256/HEX) that skopeo and umoci read;
 *                      an image's name is the annotation org.opencontainers.image.ref.name, in docker's full normal form
 *                      ("docker.io/library/redis:latest"); a descriptor without it is an image that lost its name
 *   layers/HEX/        a layer unpacked, named by its DiffID: owners and modes as in the archive, whiteouts and opaque
 *                      directories in overlay's form (both trusted. and user.overlay.opaque)
 *   files/             a second name of each larger file of a layer: what a new layer has of them, it shares (image/dedup.c)
 *   tmp/               work in progress, each with a flock of its own: what has none is garbage of a killed process
 * All of it is 0700: a setuid file in a layer is out of other users' reach.
 *
 * Why files and one index, and no database: what must survive a kill is a set of large trees and blobs, which no database holds, so the order
 * "bytes, sync, rename, name" is needed in any case, and with it a record that is replaced whole by one rename is all there is to commit: a
 * reader sees the one before or the one after, without a log to replay, on a read-only file system too. The same file is what
 * skopeo and umoci read and write; a database beside it would be a second truth that a crash, or another tool, can part from the first.
 * The price is that every change writes the whole index: 0.7 KB an image, one writer at a time.
 *
 * Durability: an image is whole or not there. Blobs and layers are made in tmp/, one syncfs writes them out, they are
 * renamed to their names, and only then index.json, replaced whole and fsynced, names them. A process may be killed, and
 * the power cut, at any point.
 *
 * Errors are negative errno with a sentence: -ENOENT no such image or store, -EINVAL for what is malformed (archive, name,
 * change, a damaged store), -EFBIG for a budget that is used up, -EBUSY for an image that is in use.
 */
#pragma once

#include <time.h>

#include "oci/image.h"

struct store;

/*
 * Opens the store at root; create makes what is missing. Without create a store that is not there is -ENOENT. A store on a
 * read-only file system can be read. *ret is closed with store_close(), which accepts NULL.
 */
int store_open(const char *root, bool create, struct store **ret, struct error *err) _warn_unused_;
void store_close(struct store *s);
static inline void cleanup_store(struct store **s)
{
    store_close(*s);
}
#define _cleanup_store_ __attribute__((cleanup(cleanup_store)))

struct store_image {
    struct arena *arena;         /* holds everything below */
    char id[65];                 /* hex of the config's digest: what docker calls the image id */
    const char *name;            /* full normal form, NULL when it has none */
    const char *manifest_digest; /* "sha256:…" */
    struct image_manifest manifest;
    struct image_config config;
    const char *config_text; /* the config's bytes as they are stored, NUL-terminated */
    /* Of an image that was pulled: the name then, the digest that the registry had under it, the signatures that were asked for
       (image/trust.h). Else NULL. Digest and signatures are NULL too when another tool has given the entry another manifest since. */
    const char *source_name, *source_digest, *signatures;
    int64_t size;         /* bytes of its files, unpacked */
    int64_t *layer_sizes; /* likewise, one a layer, lowest first; of the blobs where it was not recorded */
};
void store_image_free(struct store_image *image);
static inline void cleanup_store_image(struct store_image **i)
{
    store_image_free(*i);
}
#define _cleanup_store_image_ __attribute__((cleanup(cleanup_store_image)))

/*
 * By docker's rules, in this order: "sha256:HEX" and 64 hex digits are an id (or a manifest's digest); then a name in any
 * form that docker takes, also NAME@sha256:…; then the beginning of an id, if it is that of one image only. -ENOENT,
 * -EINVAL when the name is malformed or the beginning fits several. Manifest and config are checked against their digests.
 */
int store_find(struct store *s, const char *name_or_id, struct store_image **ret, struct error *err)
    _warn_unused_;
/* One entry a name, in the order of the index; an image with two names comes twice, with the same id. Damaged ones are left out with a warning. The caller frees each, and the array. */
int store_list(struct store *s, struct store_image ***ret, size_t *ret_n, struct error *err) _warn_unused_;
void store_images_free(struct store_image **images, size_t n);

/* What a list shows of an image, without a look into its documents. */
struct store_summary {
    const char *name; /* as in struct store_image */
    const char *manifest_digest;
    const char *source_name, *source_digest; /* as in struct store_image */
    const char *created;                     /* as the config has it, NULL when it does not say */
    char id[65];
    int64_t size;
};
/*
 * As store_list(), from the index alone where oakum wrote the entry; an entry of another tool's costs its two documents. Documents
 * are looked for, not read: one that is damaged and kept its size is found by store_find(). Lives in the arena.
 */
int store_summaries(struct store *s, struct arena *a, struct store_summary **ret, size_t *ret_n,
                    struct error *err) _warn_unused_;
/* That of an image; borrows its strings. */
struct store_summary store_summary_of(const struct store_image *image);

/*
 * Absolute paths of the image's layer directories, LOWEST FIRST, each one checked to be there. A layer that occurs twice
 * is given once, at its highest place, which means the same to overlay. The array and the strings are one allocation.
 */
int store_layers(struct store *s, const struct store_image *image, const char ***ret_paths, size_t *ret_n,
                 struct error *err) _warn_unused_;

enum import_form {
    IMPORT_AUTO, /* a tar whose first member is named as in an image archive is one; else it is a root file system */
    IMPORT_ROOTFS,
    IMPORT_ARCHIVE /* a root file system is an error */
};

struct import_options {
    enum import_form form;
    /* As docker import --change: "CMD …" "ENTRYPOINT …" "ENV k=v …" "USER …" "WORKDIR …" "EXPOSE …" "LABEL k=v …" "VOLUME …" "STOPSIGNAL …". Root file systems only. */
    const char *const *changes;
    size_t n_changes;
    const char *message; /* of the history; NULL: "Imported from FILE" */
    const char *
        platform; /* "os/arch[/variant]": of a root file system, or the one to take from an archive with several; NULL: this host's */
    const struct timespec *created; /* NULL: SOURCE_DATE_EPOCH, or now */
    int64_t clamp_from; /* directories only: see image/pack.h; created is then the newest time that is left */
    bool refuse_devices; /* else device nodes are left out, with a warning */
    uint64_t max_bytes, max_inodes,
        max_ratio; /* 0: 100 GiB, 5 million, 1000-fold (looked at beyond 64 MiB) */
    /* Told of each name (NULL: none) that an image in the store now has. May be NULL. */
    void (*imported)(void *arg, const char *name, const char *id);
    void *arg;
};

/*
 * file: "-" (standard input) or a path of a tar (plain, gzip, zstd, xz, bzip2), of a directory with a root file system, or
 * of an OCI image layout. A tar is a root file system, or what docker save, podman save or skopeo made (docker-archive,
 * oci-archive). name, in any form, may be NULL: then the names in the archive count, and a root file system has none.
 * An image that had the name keeps its place without it. o may be NULL. Of an archive with several images, id is that of
 * the last one.
 *
 * Reading is done by the sandboxed worker. Nothing of a failed import remains.
 */
int store_import(struct store *s, const char *file, const char *name, const struct import_options *o,
                 char id[static 65], struct error *err) _warn_unused_;

enum save_form {
    SAVE_DOCKER, /* docker save's: manifest.json, in an OCI image layout */
    SAVE_OCI     /* the layout alone */
};
/*
 * The images as one tar archive to out, each blob as it is in the store and checked against its digest. A name without a tag means all
 * that have the name, whatever their tags, as docker has it. An image that is asked for by name has that name in the archive, by id it has none. When it fails, out has a part of an archive.
 */
int store_save(struct store *s, const char *const *names, size_t n, enum save_form form, int out,
               struct error *err) _warn_unused_;

struct remove_options {
    bool force; /* by id: also when it has several names */
    /* Asked before an image (not just a name) goes: 0, or a negative errno with the reason in err. May be NULL. */
    int (*in_use)(void *arg, const char *id, struct error *err);
    /* Told what happened, in docker's words: "Untagged" NAME, "Deleted" sha256:ID. May be NULL. */
    void (*report)(void *arg, const char *what, const char *which);
    void *arg;
};

/*
 * By name: the name goes, and with its last name the image. By id: the image with its one name or without; -EBUSY when it
 * has more and !force. Blobs and layers that no image needs any more go with it. o may be NULL.
 */
int store_remove(struct store *s, const char *name_or_id, const struct remove_options *o, struct error *err)
    _warn_unused_;

struct prune_options {
    bool all; /* every image that no container was made from, not just those without a name */
    /* Which of them may go; NULL: all. */
    bool (*wanted)(void *arg, const struct store_image *image);
    struct remove_options remove; /* in_use and report as there; arg is wanted's as well */
};
/* Removes images nobody needs. What is in use stays, and is no error. */
int store_prune(struct store *s, const struct prune_options *o, struct error *err) _warn_unused_;

/* Bytes that the images take: blobs and unpacked layers, each once. */
int store_usage(struct store *s, int64_t *ret, struct error *err) _warn_unused_;
/* Those of them that the given images need. */
int64_t store_usage_of(struct store *s, struct store_image *const *images, size_t n);

/*
 * Returns when nobody removes anything from the store at root at the moment. What was asked about after remove_options.in_use
 * could see the caller is either gone by then or stays.
 */
int store_settle(const char *root, struct error *err) _warn_unused_;

/* true once in the life of this store for each word (a letter, digits, dashes): for what is said only once. */
bool store_first_time(struct store *s, const char *word);

/* An image made of another one and what a container of it has changed. */
struct commit_options {
    const struct store_image *base;
    const struct image_config
        *config; /* of the new one; layers and history of the base are taken over, the rest is as it says */
    int upper;   /* the container's own layer (image/pack.h), -1: nothing has changed */
    int removed; /* the list of what is gone */
    uint32_t ids_first;               /* of the container's ids */
    const char *created_by, *message; /* of the history; NULL */
};
/* name may be NULL. Devices and sockets are left out, with a warning. */
int store_commit(struct store *s, const struct commit_options *o, const char *name, char id[static 65],
                 struct error *err) _warn_unused_;

/* --change of import and commit: one docker instruction applied to a config; strings go to the arena. */
int change_apply(struct arena *a, const char *change, struct image_config *config, struct error *err)
    _warn_unused_;

/* Another name for an image. */
int store_tag(struct store *s, const char *name_or_id, const char *new_name, struct error *err) _warn_unused_;

/* Where to look for oakum-unpack first; NULL for the usual places alone. */
void store_set_helper_dir(const char *dir);
