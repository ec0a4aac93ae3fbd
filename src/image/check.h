// SPDX-License-Identifier: Apache-2.0
/*
 * image/check.h: is the store what it says it is, and can it be made so again.
 *
 * Every record of the index, every document and every blob (by its digest), and every unpacked layer, which is unpacked once more
 * from its blob and compared (image/compare.h). Others may use the store meanwhile: what they remove while we look is no
 * finding. Needs a store that can be written to, unless quick.
 */
#pragma once

#include "image/store.h"

struct check_finding {
    const char *kind;    /* "record", "document", "blob", "layer", "stray" */
    const char *which;   /* digest, or the name of the record */
    const char *images;  /* names, commas between; "" for none */
    const char *problem; /* a sentence */
    const char *done;    /* what repair did; NULL: nothing */
    const char *advice;  /* how to get it back; NULL */
    bool wrong;          /* still */
};

struct check_options {
    bool repair;
    bool quick; /* blobs by their size and layers by their being there: nothing large is read */
    /*
     * Brings the image NAME@DIGEST from its registry into the store: 0 or a negative errno. NULL: nothing is fetched. For repair.
     */
    int (*refetch)(void *arg, const char *name, struct error *err);
    /* -EBUSY with a sentence when a container of the image runs: its layers stay as they are. May be NULL. */
    int (*running)(void *arg, const char *image_id, struct error *err);
    void (*found)(void *arg, const struct check_finding *f);
    void *arg;
};

struct check_result {
    size_t images, blobs, layers; /* looked at; blobs are documents too */
    size_t found, wrong;          /* findings; those that still are */
};

/*
 * Repair: a layer is made anew from its good blob and takes the place of the damaged one in one step; a damaged document or blob
 * goes and is fetched again, where the image was pulled; what nothing needs is removed. 0 when the check could be made,
 * whatever it found.
 */
int store_check(struct store *s, const struct check_options *o, struct check_result *ret, struct error *err)
    _warn_unused_;
