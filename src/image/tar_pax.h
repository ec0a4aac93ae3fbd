// SPDX-License-Identifier: Apache-2.0
/*
 * image/tar_pax.h: the records of a pax extended header ("30 mtime=1350244992.023960108\n"), and the map of a sparse file.
 * Part of image/tar.h, apart so that it can be fuzzed and tested alone.
 */
#pragma once

#include <time.h>

#include "image/tar.h"

struct pax_number {
    bool set;
    int64_t v;
};
struct pax_piece {
    uint64_t offset, len;
};

struct pax {
    char *path, *linkpath, *sparse_name; /* NULL: not given */
    struct pax_number size, uid, gid, real_size;
    bool mtime_set;
    struct timespec mtime;
    struct tar_xattr *xattrs; /* name and value are one allocation, that of name */
    size_t n_xattrs;
    struct pax_piece *map;
    size_t n_map, cap_map;
    bool sparse_0, sparse_1_0;
    struct pax_number pending_offset; /* of a 0.0 map: its length has not come yet */
    int64_t major, minor;
};

void pax_init(struct pax *p);
void pax_reset(struct pax *p); /* forgets the values */
void pax_free(struct pax *p);
/* Reads all records of one header; those of an earlier one are forgotten. -EINVAL for anything that is not of the form. */
int pax_parse(struct pax *p, const char *text, size_t len, struct error *err) _warn_unused_;

bool pax_is_sparse(const struct pax *p);
/* -EFBIG when the map becomes too long. */
int pax_map_add(struct pax *p, uint64_t offset, uint64_t len, struct error *err) _warn_unused_;
/* In order, not over one another, inside real_size, and together as long as the data. */
int pax_map_check(const struct pax *p, uint64_t data, struct error *err) _warn_unused_;

/* Seconds with an optional fraction and sign, "-1.25": floored to nanoseconds, so that the fraction is never negative. */
int pax_time(const char *s, struct timespec *ret) _warn_unused_;
