// SPDX-License-Identifier: Apache-2.0
/* image/check_internal.h: what the files of the check share. */
#pragma once

#include "image/check.h"
#include "image/store_internal.h"

enum check_kind { CHECK_DOCUMENT, CHECK_BLOB, CHECK_LAYER };
enum check_state { CHECK_UNKNOWN, CHECK_GOOD, CHECK_BAD, CHECK_MISSING };

struct check_item {
    enum check_kind kind;
    enum check_state state;
    bool planned;      /* something needs it */
    const char *hex;   /* name in the store */
    int64_t size;      /* what the manifest says; -1: nothing */
    const char **from; /* a layer's blobs, hex */
    size_t n_from;
    size_t *images; /* indices */
    size_t n_images;
    const char *problem, *done, *advice; /* problem stays when it was repaired */
};

struct check_image {
    const char *name;   /* shown: the name, or the manifest's digest */
    const char *digest; /* "sha256:…" of its entry */
    const char *source; /* the name it was pulled by; NULL */
    const char *id;     /* NULL: its manifest cannot be read */
    const char *record; /* what is wrong with the record itself; NULL */
};

struct check {
    struct store *store;
    const struct check_options *o;
    struct arena *a;
    struct work *work; /* NULL: quick */
    struct check_item *items;
    size_t n_items;
    struct check_image *images;
    size_t n_images;
    unsigned unpacked; /* trees made so far */
};

/*
 * What the index needs now: images anew, items added or marked as needed; documents are judged at once. Any lock. Items that nothing
 * needs any more have planned false.
 */
int check_plan(struct check *c, struct error *err) _warn_unused_;
struct check_item *check_item_find(const struct check *c, enum check_kind kind, const char *hex);

/* check_repair.c. Each takes the exclusive lock itself. */
/* Damaged documents and blobs go, and their images are fetched; afterwards the plan is new and blobs are to be looked at again. */
int check_refetch(struct check *c, struct error *err) _warn_unused_;
/* The tree "fresh" in the work directory takes the place of a layer. */
int check_replace_layer(struct check *c, struct check_item *item, const char *fresh, struct error *err)
    _warn_unused_;
