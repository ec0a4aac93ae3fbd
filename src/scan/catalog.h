// SPDX-License-Identifier: Apache-2.0
/*
 * scan/catalog.h: what is in an image: components, and what could not be told.
 *
 * A catalog is made in one pass over the merged view of an image's unpacked layers (scan/layers.h), or of one directory. It is of
 * hostile origin in every string. What no cataloger claims is in `unknown`; what should have been read and was not, in
 * `unreadable`: a catalog with either is complete only when somebody says so.
 */
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "base/json.h"

struct component {
    const char *type; /* a purl type: deb, apk, golang, pypi, npm, maven */
    const char *name, *version;
    const char *source, *source_version; /* deb, apk: what it was built from; else NULL */
    const char *arch;                    /* NULL: none */
    const char *path;                    /* the file that says so, relative to the root */
    size_t layer;                        /* index, lowest 0 */
};

struct catalog_note {
    const char *path, *reason;
    size_t layer;
};
struct catalog_notes {
    struct catalog_note *v;
    size_t n, cap;
    uint64_t total; /* also those beyond CATALOG_NOTES_MAX, which are only counted */
};

#define CATALOG_NOTES_MAX 10000
#define CATALOG_COMPONENTS_MAX 500000
#define CATALOG_TEXT_MAX 4096 /* longer texts are cut, and the cut is a note of `unreadable` */

struct catalog {
    struct arena *arena;
    const char *os_id, *os_version, *os_codename, *os_name; /* of os-release; NULL: it does not say */
    struct component *v;
    size_t n, cap;
    struct catalog_notes unknown, unreadable;
    uint64_t files; /* that were looked at */
};

struct catalog *catalog_new(void) __attribute__((returns_nonnull));
void catalog_free(struct catalog *c);
static inline void cleanup_catalog(struct catalog **c)
{
    catalog_free(*c);
}
#define _cleanup_catalog_ __attribute__((cleanup(cleanup_catalog)))

/* Copies the strings. Beyond the maximum a note of `unreadable` says so. */
void catalog_add(struct catalog *c, const struct component *component);
void catalog_note_add(struct catalog *c, struct catalog_notes *notes, const char *path, size_t layer,
                      const char *reason);
/* By type, name, version, path: the same for the same files, whatever order they were read in. Same component at one path: once. */
void catalog_sort(struct catalog *c);

json_t *catalog_json(const struct catalog *c) __attribute__((returns_nonnull));
/* What a worker wrote; every member is checked. */
int catalog_from_json(const char *text, size_t len, size_t n_layers, struct catalog **ret, struct error *err)
    _warn_unused_;

/* packaging.python.org, name normalisation, in place: lower case, runs of -_. are one dash. */
void catalog_normalise_pypi(char *name);

/* pkg:deb/debian/zlib1g@1:1.2.13.dfsg-1?arch=amd64&distro=debian-12&upstream=zlib: into the arena. */
char *catalog_purl(const struct catalog *c, const struct component *component, struct arena *a);

/*
 * Reads layers (descriptors of directories, lowest first). catalog_read() does it in this process; catalog_run() in a child that
 * has given up everything but reading them (image/sandbox.h), with its memory capped: a child that dies is -EIO or -ENOMEM.
 */
int catalog_read(const int *layers, size_t n, struct catalog **ret, struct error *err) _warn_unused_;
int catalog_run(const int *layers, size_t n, struct catalog **ret, struct error *err) _warn_unused_;
