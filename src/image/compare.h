// SPDX-License-Identifier: Apache-2.0
/*
 * image/compare.h: what differs between two directory trees, to the last attribute that a layer has: names, types, modes, owners,
 * sizes, contents, modification times, targets of links, device numbers, extended attributes, and which names are one file.
 * Access and change times, and attributes that the host's own security modules set, are no part of a layer.
 */
#pragma once

#include "base/error.h"

struct tree_difference {
    const char *path; /* "." is the root; borrowed for the call */
    const char *what; /* "is missing", "should not be there", "mode", … */
};

enum tree_kind {
    TREE_LAYERS, /* directories of a store: overlay's marks are part of them */
    TREE_MERGED /* what overlay makes of them: marks of the form that it was not told to obey show through, and mean nothing */
};

/*
 * The tree below is against the tree below should (directory descriptors, which stay the caller's). differs is called once for
 * each attribute that is another; non-zero from it ends the walk, without an error. 0, or a negative errno when one of them
 * cannot be read.
 */
int tree_compare(int is, int should, enum tree_kind kind,
                 int (*differs)(void *arg, const struct tree_difference *d), void *arg, struct error *err)
    _warn_unused_;
